"""Every solver on every instance: CP-SAT equals exhaustive search, greedy is no better, and all
answers verify."""

from __future__ import annotations

import math

from cost_strategies import problems
from hypothesis import HealthCheck, given, seed, settings

from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.problem import Problem
from agentc.cost_models.solution import Answer
from agentc.cost_models.solvers.cpsat import solve_cpsat
from agentc.cost_models.solvers.exhaustive import solve_exhaustive
from agentc.cost_models.solvers.greedy import solve_greedy
from agentc.cost_models.verification import violations


def _objective(problem: Problem, answer: Answer) -> float:
    evaluator = Evaluator(problem)
    assert answer.choices is not None
    return evaluator.objective(evaluator.chosen(answer.choices))


def _assert_answers_agree(problem: Problem) -> None:
    assert problem.check() == []
    exact = solve_exhaustive(problem)
    found = solve_cpsat(problem, seed=0, time_limit_s=20)
    quick = solve_greedy(problem)
    assert found.status == exact.status
    for answer in (exact, found, quick):
        if answer.choices is not None:
            assert violations(problem, answer.choices) == []
    if exact.choices is None:
        assert quick.choices is None
        return
    best = _objective(problem, exact)
    assert math.isclose(_objective(problem, found), best, rel_tol=1e-6, abs_tol=1e-9)
    assert found.bound <= best * (1 + 1e-9) + 1e-12
    assert found.bound >= best * (1 - 1e-5) - 1e-9
    if quick.choices is not None:
        assert _objective(problem, quick) >= best * (1 - 1e-9)


@seed(20261121)
@settings(max_examples=250, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(problems())
def test_cpsat_equals_exhaustive_on_random_problems(problem: Problem) -> None:
    """At least 200 instances, with every kind of node, limit and objective."""
    _assert_answers_agree(problem)
