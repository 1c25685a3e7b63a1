"""Every sample gives the same answer interpreted and compiled, and twice the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cases import CASES, Case
from comparing import run_compiled, run_interpreted, same


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)
def test_compiled_answers_as_interpreted(case: Case, package_of: Callable[[Case], Path]) -> None:
    package = package_of(case)
    answer = run_compiled(package, case.file, case.inputs, case.events)
    expected = run_interpreted(package, case.file, case.inputs, case.events)
    assert same(list(answer.values()), list(expected))


def test_two_runs_with_one_seed_give_the_same_bytes(package_of: Callable[[Case], Path]) -> None:
    case = next(case for case in CASES if case.path == "patterns/e11_deep_coder.py")
    one, other = (run_compiled(package_of(case), case.file, case.inputs, {}) for _ in range(2))
    assert repr(one) == repr(other)
