"""`agentc ir graph.py --after agentc-split-calls`: the program between passes."""

from __future__ import annotations

from typing import Annotated

import typer

from agentc.cli.compile import GraphArgument


def ir_command(
    graph: GraphArgument,
    after: Annotated[
        list[str] | None,
        typer.Option(help="passes or pipelines to run first, in order; none: as traced"),
    ] = None,
    locations: Annotated[bool, typer.Option(help="print source lines")] = False,
) -> None:
    """Print a graph as MLIR, as it was traced or after passes."""
    from agentc.compiler.passes import run_pipeline
    from agentc.compiler.symbols import describe_symbols
    from agentc.frontend.loader import load_program

    traced = load_program(graph)
    with traced.module.context:
        if after:
            describe_symbols(traced)
            run_pipeline(traced.module, *after)
        print(traced.module.operation.get_asm(enable_debug_info=locations))
