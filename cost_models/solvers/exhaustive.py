"""Tries every placement: the oracle that other solvers are tested against."""

from __future__ import annotations

import itertools
import math
import time

from agentc.cost_models.evaluate import Evaluator, NoLinkError
from agentc.cost_models.problem import Problem
from agentc.cost_models.solution import Answer
from agentc.cost_models.solvers.base import units_of
from agentc.cost_models.verification import violations

MAX_PLACEMENTS = 1_000_000
"""Above this many placements the exhaustive solver refuses to start."""


def solve_exhaustive(problem: Problem, *, seed: int = 0, time_limit_s: float = 60.0) -> Answer:
    """Returns the best placement and proves it by looking at all of them. `seed` is unused.

    Raises ValueError when there are more than `MAX_PLACEMENTS`.
    """
    units = units_of(problem)
    count = math.prod(len(unit.options) for unit in units)
    if count > MAX_PLACEMENTS:
        raise ValueError(f"{count} placements are too many to try; use cpsat")
    evaluator = Evaluator(problem)
    best, best_value = None, math.inf
    deadline = time.monotonic() + time_limit_s
    for options in itertools.product(*(unit.options for unit in units)):
        choices = {stage: index for option in options for stage, index in option.items()}
        try:
            value = evaluator.objective(evaluator.chosen(choices))
        except NoLinkError:
            continue
        if value < best_value and not violations(problem, choices, evaluator):
            best, best_value = choices, value
        if time.monotonic() > deadline:
            return Answer("unknown" if best is None else "feasible", best)
    if best is None:
        return Answer("infeasible")
    return Answer("optimal", best, best_value)
