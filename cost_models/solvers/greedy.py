"""A quick placement without a proof: cheapest first, then the best single move until none helps.

A baseline to compare with, and what remains when OR-Tools is not there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from agentc.cost_models.evaluate import Evaluator, NoLinkError
from agentc.cost_models.limits import limits_of
from agentc.cost_models.problem import Candidate, Problem
from agentc.cost_models.solution import Answer
from agentc.cost_models.solvers.base import units_of


def solve_greedy(problem: Problem, *, seed: int = 0, time_limit_s: float = 10.0) -> Answer:
    """Returns a local optimum of (relative excess over limits, objective), or "unknown" when it
    breaks a limit. Deterministic; `seed` is unused."""
    units = units_of(problem)
    if any(not unit.options for unit in units):
        return Answer("infeasible")
    evaluator = Evaluator(problem)
    choices: dict[int, int] = {}
    for unit in units:
        cheapest = sorted(unit.options, key=lambda option: _alone(evaluator, option))[0]
        choices.update(cheapest)
    score = _score(evaluator, choices)
    deadline = time.monotonic() + time_limit_s
    while units and time.monotonic() < deadline:  # a graph may have nothing to place
        moves = [{**choices, **option} for unit in units for option in unit.options]
        best_score, best = min(
            ((_score(evaluator, move), move) for move in moves), key=lambda scored: scored[0]
        )
        if best_score >= score:
            break
        score, choices = best_score, best
    return Answer("feasible" if score[0] == 0 else "unknown", choices if score[0] == 0 else None)


def _alone(evaluator: Evaluator, option: Mapping[int, int]) -> float:
    """Returns what an option costs by itself, in the unit of the objective."""
    chosen = [evaluator.stages[stage].candidates[index] for stage, index in option.items()]
    by_cost = evaluator.problem.objective.kind == "cost"
    return sum(_cost(candidate) if by_cost else candidate.time_s.p95 for candidate in chosen)


def _cost(candidate: Candidate) -> float:
    return math.inf if candidate.cost_usd is None else candidate.cost_usd


def _score(evaluator: Evaluator, choices: Mapping[int, int]) -> tuple[float, float]:
    """Returns (sum of relative excesses over the limits, objective); lower is better."""
    try:
        metrics = evaluator.metrics(choices)
    except NoLinkError:
        return math.inf, math.inf
    excess = 0.0
    for limit in limits_of(evaluator.problem):
        if not limit.holds(metrics):
            excess += limit.of(metrics) / limit.value - 1 if limit.value > 0 else math.inf
    return excess, evaluator.objective(evaluator.chosen(choices))
