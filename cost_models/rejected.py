"""Why each alternative was not taken: every other device class, one stage (or group) at a time."""

from __future__ import annotations

from agentc.cost_models.evaluate import Evaluator, NoLinkError
from agentc.cost_models.limits import limits_of
from agentc.cost_models.problem import Problem
from agentc.cost_models.solution import Metrics, Solution
from agentc.cost_models.solvers.base import units_of
from agentc.cost_models.units import format_bytes, format_seconds, format_usd

RUNS = 1000
"""Costs are shown for so many runs."""


def rejections(problem: Problem, solution: Solution) -> dict[int, dict[str, str]]:
    """Returns for every stage the alternatives that were not taken, each with the reason.

    The key is a device class, or "class precision" where the class is a candidate in several. An
    alternative is judged with all other stages left where they are; those that must stand
    together move together.
    """
    evaluator = Evaluator(problem)
    found = {stage.id: dict(stage.rejected) for stage in problem.stages}
    for unit in units_of(problem):
        for option in unit.options:
            if all(solution.choices[stage] == index for stage, index in option.items()):
                continue
            moved = {**solution.choices, **option}
            reason = _reason(evaluator, moved, solution)
            for stage, index in option.items():
                found[stage][_name(evaluator, stage, index)] = reason
    return found


def _name(evaluator: Evaluator, stage: int, index: int) -> str:
    """Names a candidate as briefly as it can be told apart."""
    candidates = evaluator.stages[stage].candidates
    device, precision = candidates[index].device, candidates[index].precision
    several = sum(candidate.device == device for candidate in candidates) > 1
    return f"{device} {precision}" if several else device


def _reason(evaluator: Evaluator, choices: dict[int, int], solution: Solution) -> str:
    try:
        metrics = evaluator.metrics(choices)
    except NoLinkError as error:
        return str(error)
    for limit in limits_of(evaluator.problem):
        if not limit.holds(metrics):
            return f"{limit.words()} would be {limit.show(limit.of(metrics))}"
    value = evaluator.objective(evaluator.chosen(choices))
    return _difference(evaluator.problem, value - solution.objective_value, metrics, solution)


def _difference(problem: Problem, worse: float, metrics: Metrics, solution: Solution) -> str:
    """Says how much worse a feasible alternative is, in the unit of the objective."""
    kind = problem.objective.kind
    small = 1e-12 * max(abs(solution.objective_value), 1e-12)
    if worse < -small:
        return "better, but the search ended before it was tried"
    if worse > small:
        if kind == "cost":
            return f"costs {format_usd(RUNS * worse)} more per {RUNS} runs"
        if kind == "latency":
            return f"is {format_seconds(worse)} slower"
        return f"needs {format_bytes(worse)} more" if kind == "memory" else "has a higher price"
    slower = metrics.latency_s["p95"] - solution.metrics.latency_s["p95"]
    if kind == "cost" and abs(slower) > 1e-9:
        word = "slower" if slower > 0 else "faster"
        return f"costs the same and is {format_seconds(abs(slower))} {word}"
    return "is no better"
