"""`agentc compile graph.py --target cluster.yaml -o app.agentpkg`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

GraphArgument = Annotated[
    str,
    typer.Argument(help="graph.py, graph.py:name or graph.json (Python is executed)"),
]
TargetOption = Annotated[Path, typer.Option("--target", "-t", help="cluster.yaml")]
ObjectiveOption = Annotated[str, typer.Option(help="what to minimise: cost or latency")]
SeedOption = Annotated[int, typer.Option(help="seed of the solver")]
PrecisionOption = Annotated[
    str,
    typer.Option(help="of all models: f32, f16, i8, i4; by default what loses nothing of a file"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]


def compile_command(
    graph: GraphArgument,
    target: TargetOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="the package to write")],
    objective: ObjectiveOption = "cost",
    seed: SeedOption = 0,
    precision: PrecisionOption = "",
    bundle: Annotated[bool, typer.Option(help="copy the weights into the package")] = False,
    as_json: JsonOption = False,
) -> None:
    """Lower a graph, place it on a cluster, generate code, write a package."""
    from agentc import api

    console = Console(stderr=True)
    with console.status("compiling") as status:
        report = api.compile(
            graph,
            target,
            output,
            objective=objective,
            seed=seed,
            precision=precision,
            bundle=bundle,
            progress=lambda text: _progress(console, status, text),
        )
    if as_json:
        print(json.dumps(report.as_dict(), indent=1))
    else:
        print(report.as_text())


def _progress(console: Console, status: object, text: str) -> None:
    """A live line on a terminal; one line a step elsewhere."""
    if console.is_terminal:
        status.update(text)  # type: ignore[attr-defined]
    else:
        console.print(text, highlight=False)
