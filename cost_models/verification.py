"""Checks an answer against its problem. The solver is not trusted, whichever it is."""

from __future__ import annotations

import math

from agentc.cost_models.evaluate import Choices, Evaluator, NoLinkError
from agentc.cost_models.limits import limits_of
from agentc.cost_models.problem import Problem
from agentc.cost_models.solution import Solution


def violations(problem: Problem, choices: Choices, evaluator: Evaluator | None = None) -> list[str]:
    """Returns every constraint of `problem` that `choices` breaks; empty when it is feasible."""
    errors = _structure_errors(problem, choices)
    if errors:
        return errors
    try:
        metrics = (evaluator or Evaluator(problem)).metrics(choices)
    except NoLinkError as error:
        stages = {stage.id: stage.label for stage in problem.stages}
        edge = error.edge
        return [f"edge '{stages[edge.producer]}' -> '{stages[edge.consumer]}': {error}"]
    return [
        f"{limit.words()} is broken: {limit.show(limit.of(metrics))}"
        for limit in limits_of(problem)
        if not limit.holds(metrics)
    ]


def _structure_errors(problem: Problem, choices: Choices) -> list[str]:
    """Every stage has one of its own candidates, and colocated stages agree."""
    errors = []
    together: dict[str, tuple[str, str]] = {}
    for stage in problem.stages:
        index = choices.get(stage.id)
        if index is None or not 0 <= index < len(stage.candidates):
            errors.append(f"stage '{stage.label}' has no valid candidate")
            continue
        if stage.colocate is None:
            continue
        taken = (stage.candidates[index].device, stage.candidates[index].precision)
        if together.setdefault(stage.colocate, taken) != taken:
            errors.append(
                f"stage '{stage.label}' is on {taken}, but '{stage.colocate}' is on "
                f"{together[stage.colocate]}; stages that share it must stand together"
            )
    unknown = set(choices) - {stage.id for stage in problem.stages}
    return errors + [f"stage {i} does not exist" for i in sorted(unknown)]


def verify(problem: Problem, solution: Solution) -> list[str]:
    """Returns what is wrong with `solution`: broken constraints, figures that are not what the
    placement gives, a bound above the objective. Empty when the solution stands."""
    errors = violations(problem, solution.choices)
    if errors:
        return errors
    evaluator = Evaluator(problem)
    if evaluator.metrics(solution.choices) != solution.metrics:
        errors.append("the reported metrics are not those of the placement")
    value = evaluator.objective(evaluator.chosen(solution.choices))
    if not math.isclose(value, solution.objective_value, rel_tol=1e-9, abs_tol=1e-15):
        errors.append(f"the objective is {value}, reported as {solution.objective_value}")
    if solution.bound > value * (1 + 1e-9) + 1e-15:
        errors.append(f"the bound {solution.bound} lies above the objective {value}")
    return errors
