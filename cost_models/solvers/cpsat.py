"""The placement problem as an integer program, solved by OR-Tools CP-SAT.

Variables
    x[s, c] in {0, 1}       stage s takes candidate c                  place_answer_on_l4_f16
    z[e, a, b] in {0, 1}    edge e goes from class a to class b        move_plan_answer_l4_cpu
    t[n] >= 0               time of a parallel node n at one level     time_p95_3
    u[d] in {0, 1}          device class d is in use                   use_l4
Constraints
    sum_c x[s, c] = 1                                                  one candidate per stage
    x[s, c] = x[r, c]                                                  colocated stages
    sum_b z[e, a, b] = sum of x of the producer on a                   pairwise transfers: both
    sum_a z[e, a, b] = sum of x of the consumer on b                   ends fix the pair
    time(tree, level) <= limit                                         cpsat_time.py
    weights once per (group, precision) + states <= memory             every class
    expected cost <= budget,  sum_d u[d] price[d] <= max_hourly_cost
Objective
    expected cost, time(tree, level), memory of a class, or price of the classes in use

z exists only for pairs that a link joins, and only for edges that can cost anything. With both
marginals fixed the relaxation is tight (a transportation polytope), unlike x + x - 1 <= z.
"""

from __future__ import annotations

import time

from ortools.sat.python import cp_model

from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.problem import Problem
from agentc.cost_models.solution import Answer
from agentc.cost_models.solvers.cpsat_model import PlacementModel
from agentc.cost_models.solvers.scaling import scale_for

REFINE_BELOW = 16
"""The model is scaled again when its answer is smaller than what it was scaled to by this."""

_STATUS = {
    cp_model.OPTIMAL: "optimal",
    cp_model.FEASIBLE: "feasible",
    cp_model.INFEASIBLE: "infeasible",
    cp_model.UNKNOWN: "unknown",
}


def solve_cpsat(
    problem: Problem, *, seed: int = 0, time_limit_s: float = 10.0, presolve: bool = True
) -> Answer:
    """Returns the answer of CP-SAT, with one worker so that equal seeds give equal answers.

    Integers are scaled to the worst placement. Where the best one turns out to be far better, the
    problem is solved again with the scale of that answer, so that its rounding does not matter.
    """
    if any(not stage.candidates for stage in problem.stages):
        return Answer("infeasible")
    deadline = time.monotonic() + time_limit_s
    evaluator = Evaluator(problem)
    largest, best = None, Answer("unknown")
    while True:
        built = PlacementModel(cp_model.CpModel(), problem, evaluator)
        answer, scaled_to = _solve(built, largest, seed, deadline - time.monotonic(), presolve)
        if answer.choices is None:
            return best if best.choices is not None else answer
        best, value = answer, evaluator.objective(evaluator.chosen(answer.choices))
        if value <= 0 or value * REFINE_BELOW >= scaled_to or time.monotonic() > deadline:
            return best
        largest = value


def _solve(
    built: PlacementModel, largest: float | None, seed: int, time_limit_s: float, presolve: bool
) -> tuple[Answer, float]:
    """Returns the answer of one model and the value that its objective was scaled to."""
    built.add_assignment()
    built.add_moves()
    built.add_limits()
    scaled_to, terms = built.add_objective(largest)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = max(time_limit_s, 0.01)
    solver.parameters.cp_model_presolve = presolve
    status = solver.solve(built.model)
    assert status in _STATUS, f"the model is invalid: {built.model.validate()}"
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer(_STATUS[status]), scaled_to
    # every term was rounded up by less than one quantum, so the true bound is lower by that
    steps = max(solver.best_objective_bound - terms, 0.0)
    bound = scale_for(scaled_to).value(steps)
    return Answer(_STATUS[status], built.choices(solver), bound), scaled_to
