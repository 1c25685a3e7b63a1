"""Asking a compiled sample, and reading its plan."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from compiled_world import CompiledWorld

from agentc import api
from agentc.frontend.loader import load_program, load_tools
from agentc.interpreter import Decoded, GenerateCall, interpret
from agentc.plan import Op
from agentc.runtime.result import RunResult


def ask(
    package: Path, graph: Path, inputs: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> list[RunResult]:
    """Runs the package once for each of `inputs`, one after the other."""
    app = api.load(package, tools=load_tools(str(graph)))
    try:
        return [app.run_sync(one, seed=seed) for one in inputs]
    finally:
        app.close()


def ask_at_once(package: Path, inputs: Sequence[Mapping[str, Any]], width: int) -> list[RunResult]:
    """Runs the package for all `inputs`, `width` of them at the same time."""

    async def groups() -> list[RunResult]:
        async with api.load(package) as app:
            results: list[RunResult] = []
            for start in range(0, len(inputs), width):
                group = inputs[start : start + width]
                results += await asyncio.gather(*(app.run(one) for one in group))
            return results

    return asyncio.run(groups())


def operations(ops: Sequence[Op]) -> Iterator[Op]:
    """Yields every operation, those inside of regions too."""
    for op in ops:
        yield op
        for region in op.regions:
            yield from operations(region.ops)


class _Recording(CompiledWorld):
    """Keeps what every call answered, in the order of the calls."""

    def __init__(self, package: Path) -> None:
        super().__init__(package, {})
        self.said: list[str] = []

    def generate(self, call: GenerateCall) -> Decoded:
        decoded = super().generate(call)
        self.said.append(decoded.text.strip())
        return decoded


def interpreted_calls(
    package: Path, graph: Path, inputs: Mapping[str, Any], seed: int
) -> list[str]:
    """Returns what each model call says when the reference interpreter makes them one by one."""
    traced = load_program(str(graph))
    world = _Recording(package)
    try:
        with traced.module.context:
            interpret(traced.module, inputs, world, graph=traced.name, seed=seed)
    finally:
        world.close()
    return world.said
