"""Running a package and the reference interpreter on the same inputs, and comparing the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled_world import CompiledWorld

from agentc import api
from agentc.frontend.loader import load_program, load_tools
from agentc.interpreter import interpret
from agentc.runtime.app import App

SEED = 11


async def answered(
    app: App, inputs: Mapping[str, Any], events: Mapping[str, Any], seed: int = SEED
) -> dict[str, Any]:
    """Runs once, answers each interrupt from `events` by its name, returns the outputs."""
    async for event in app.stream(inputs, seed=seed):
        if event.kind == "interrupt":
            app.answer(event.run_id, event.data["name"], events[event.data["name"]])
    outputs: dict[str, Any] = event.data["outputs"]
    return outputs


def run_compiled(
    package: Path, file: Path, inputs: Mapping[str, Any], events: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the outputs of one run of the package, with the tools of the graph's file."""

    async def once() -> dict[str, Any]:
        async with api.load(package, tools=load_tools(str(file))) as app:
            return await answered(app, inputs, events)

    return asyncio.run(once())


def run_interpreted(
    package: Path, file: Path, inputs: Mapping[str, Any], events: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Returns the results of the reference interpreter on the models of the package."""
    traced = load_program(str(file))
    tools: dict[str, Callable[..., Any]] = load_tools(str(file))
    world = CompiledWorld(package, tools, events)
    try:
        with traced.module.context:
            return interpret(traced.module, inputs, world, graph=traced.name, seed=SEED)
    finally:
        world.close()


def same(left: Any, right: Any) -> bool:
    """Equal, but for scores of passages and tensors, which may differ in the last bits."""
    if isinstance(left, np.ndarray):
        return np.allclose(left, right, rtol=1e-5, atol=1e-6)
    if isinstance(left, float):
        return left == pytest.approx(right, rel=1e-5)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right
