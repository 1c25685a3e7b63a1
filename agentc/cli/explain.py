"""`agentc explain`: what runs where, why, and (with `--analyze`) how right the estimates were."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agentc.cli.compile import JsonOption, ObjectiveOption, PrecisionOption, SeedOption


def explain_command(
    what: Annotated[str, typer.Argument(help="a package, or graph.py with --target")],
    target: Annotated[Path | None, typer.Option("--target", "-t", help="cluster.yaml")] = None,
    analyze: Annotated[
        Path | None, typer.Option(help="a trace (.jsonl) of a run: measurement beside estimate")
    ] = None,
    objective: ObjectiveOption = "cost",
    seed: SeedOption = 0,
    precision: PrecisionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Print the plan as a tree: device, estimate, share of the critical path, bound, cost."""
    from agentc import api
    from agentc.cost_models.render import render_json, render_text

    explained = api.explain(
        what, target, objective=objective, seed=seed, precision=precision, trace=analyze
    )
    if as_json:
        print(render_json(explained))
    else:
        terminal = Console()
        width = max(terminal.width, 100) if terminal.is_terminal else 150
        print(render_text(explained, color=terminal.is_terminal, width=width))
