"""The planner's front door: solve, check, and answer or say why there is no answer."""

from __future__ import annotations

import time

from agentc.cost_models.diagnose import diagnose
from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.problem import Problem
from agentc.cost_models.solution import Answer, Solution
from agentc.cost_models.solvers.base import solver_named
from agentc.cost_models.solvers.greedy import solve_greedy
from agentc.cost_models.verification import verify, violations
from agentc.errors import CompileError

PROVED_GAP = 1e-5
"""Gaps below this are rounding of the solver's integers and are reported as 0."""


CLAIM_TOLERANCE = 1e-5
"""A bound may exceed a known objective by this before it is called false."""

GREEDY_LIMIT_S = 1.0
"""Time for the greedy placement that CP-SAT's claims are held against."""


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
    find = _checked_cpsat if solver == "cpsat" else solver_named(solver)
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


def _checked_cpsat(problem: Problem, *, seed: int, time_limit_s: float) -> Answer:
    """CP-SAT, whose claims are held against the greedy placement: a claimed optimum or a claimed
    infeasibility that greedy refutes is solved again without presolve (see solvers/scaling.py),
    and where the time was too short for CP-SAT the greedy placement is better than none."""
    from agentc.cost_models.solvers.cpsat import solve_cpsat

    answer = solve_cpsat(problem, seed=seed, time_limit_s=time_limit_s)
    quick = solve_greedy(problem, seed=seed, time_limit_s=GREEDY_LIMIT_S)
    if quick.choices is None:
        return answer
    evaluator = Evaluator(problem)
    quick_value = evaluator.objective(evaluator.chosen(quick.choices))
    if answer.status == "infeasible" or answer.bound > quick_value * (1 + CLAIM_TOLERANCE):
        answer = solve_cpsat(problem, seed=seed, time_limit_s=time_limit_s, presolve=False)
    if answer.choices is None:
        return quick
    value = evaluator.objective(evaluator.chosen(answer.choices))
    if quick_value < value * (1 - CLAIM_TOLERANCE):
        return Answer("feasible", quick.choices, min(answer.bound, quick_value))
    return answer


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
