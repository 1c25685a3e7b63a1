"""Every sample gives the same answer interpreted and compiled, and twice the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case
from compiled_world import CompiledWorld

from agentc import api
from agentc.frontend.loader import load_program, load_tools
from agentc.interpreter import interpret

SEED = 11


def _run(package: Path, case: Case) -> dict[str, Any]:
    app = api.load(package, tools=load_tools(str(case.file)))
    try:
        return app.run_sync(case.inputs, seed=SEED).outputs
    finally:
        app.close()


def _interpret(package: Path, case: Case) -> tuple[Any, ...]:
    traced = load_program(str(case.file))
    world = CompiledWorld(package, load_tools(str(case.file)), case.events)
    try:
        with traced.module.context:
            return interpret(traced.module, case.inputs, world, graph=traced.name, seed=SEED)
    finally:
        world.close()


def _same(left: Any, right: Any) -> bool:
    """Equal, but for scores of passages and tensors, which may differ in the last bits."""
    if isinstance(left, np.ndarray):
        return np.allclose(left, right, rtol=1e-5, atol=1e-6)
    if isinstance(left, float):
        return left == pytest.approx(right, rel=1e-5)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(_same, left, right))
    return left == right


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)
def test_compiled_answers_as_interpreted(case: Case, package_of: Callable[[Case], Path]) -> None:
    package = package_of(case)
    compiled = _run(package, case)
    assert _same(list(compiled.values()), list(_interpret(package, case)))


def test_two_runs_with_one_seed_give_the_same_bytes(package_of: Callable[[Case], Path]) -> None:
    case = next(case for case in CASES if case.path == "patterns/e11_deep_coder.py")
    package = package_of(case)
    assert repr(_run(package, case)) == repr(_run(package, case))
