"""`agentc explain`: what runs where, why, and (with `--analyze`) how right the estimates were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from agentc.cli.compile import JsonOption, ObjectiveOption, SeedOption


def explain_command(
    what: Annotated[str, typer.Argument(help="a package, or graph.py with --target")],
    target: Annotated[Path | None, typer.Option("--target", "-t", help="cluster.yaml")] = None,
    analyze: Annotated[
        Path | None, typer.Option(help="a trace (.jsonl) of a run: measurement beside estimate")
    ] = None,
    objective: ObjectiveOption = "cost",
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Print the plan as a tree: device, estimate, share of the critical path, bound, cost."""
    from agentc import api

    explained = api.explain(what, target, objective=objective, seed=seed, trace=analyze)
    print(json.dumps(explained.as_dict(), indent=1) if as_json else explained.as_text())
