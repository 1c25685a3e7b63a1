"""The planner's front door: solve, check, and answer or say why there is no answer."""

from __future__ import annotations

import time

from agentc.cost_models.diagnose import diagnose
from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.problem import Problem
from agentc.cost_models.solution import Answer, Solution
from agentc.cost_models.solvers.base import solver_named
from agentc.cost_models.verification import verify, violations
from agentc.errors import CompileError

PROVED_GAP = 1e-7
"""Gaps below this are rounding of the solver's integers and are reported as 0."""


def solve(
    problem: Problem, *, solver: str = "cpsat", seed: int = 0, time_limit_s: float = 10.0
) -> Solution:
    """Returns a verified placement of `problem`.

    Args:
      solver: "cpsat" (optimal, with a bound), "greedy" (quick, no bound) or "exhaustive".
      seed: equal seeds give equal answers, unless the time limit cuts the search.
      time_limit_s: wall-clock limit of the search; the best found until then is returned, with
        its gap.

    Raises:
      InfeasibleError: no placement satisfies all constraints; the message says which of them
        conflict and what would resolve it.
      CompileError: the problem contradicts itself, or nothing was found in time.
    """
    errors = problem.check()
    if errors:
        raise CompileError("the placement problem contradicts itself: " + "; ".join(errors))
    find = solver_named(solver)
    start = time.perf_counter()
    answer = find(problem, seed=seed, time_limit_s=time_limit_s)
    solve_s = time.perf_counter() - start
    if answer.status == "infeasible":
        raise diagnose(problem, lambda p: find(p, seed=seed, time_limit_s=time_limit_s))
    if answer.choices is None:
        raise CompileError(
            f"the {solver} solver found no placement within {time_limit_s:g} s and did not prove "
            "that there is none; raise the time limit or use cpsat"
        )
    broken = violations(problem, answer.choices)
    assert not broken, f"the {solver} solver broke its own constraints: {broken}"
    solution = _solution(problem, answer, solver, seed, solve_s)
    wrong = verify(problem, solution)
    assert not wrong, f"the {solver} solver's answer does not stand: {wrong}"
    return solution


def _solution(problem: Problem, answer: Answer, solver: str, seed: int, solve_s: float) -> Solution:
    assert answer.choices is not None
    evaluator = Evaluator(problem)
    value = evaluator.objective(evaluator.chosen(answer.choices))
    bound = min(max(answer.bound, 0.0), value)
    gap = 0.0 if value <= 0 else (value - bound) / value
    return Solution(
        choices=dict(sorted(answer.choices.items())),
        metrics=evaluator.metrics(answer.choices),
        objective=problem.objective.kind,
        objective_value=value,
        bound=bound,
        gap=0.0 if gap < PROVED_GAP else gap,
        status=answer.status,
        solver=solver,
        solve_s=solve_s,
        seed=seed,
    )
