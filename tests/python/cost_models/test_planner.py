"""The solver is not trusted: answers are verified, false claims are found, time limits hold."""

from __future__ import annotations

import math
import time

import msgspec
import pytest
from cost_strategies import problems
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st

import agentc.cost_models.solvers.cpsat as cpsat
from agentc.cost_models.distributions import constant_band
from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.planner import solve
from agentc.cost_models.problem import (
    Candidate,
    DeviceLimit,
    Edge,
    LatencyLimit,
    Limits,
    LinkSpec,
    Problem,
    Stage,
    decode,
    encode,
)
from agentc.cost_models.solution import Answer
from agentc.cost_models.solvers.exhaustive import solve_exhaustive
from agentc.cost_models.tree import Leaf, Seq
from agentc.cost_models.verification import verify, violations
from agentc.errors import AgentcError, CompileError


def _chain(stages: int, devices: int, limit_s: float | None = None) -> Problem:
    """A chain on classes that trade price for time, each pair of them linked."""
    names = [f"d{i}" for i in range(devices)]

    def candidate(stage: int, device: int) -> Candidate:
        seconds = (1 + stage % 3) * (1 + (7 * device + 3 * stage) % 11) / 10
        usd = 1e-3 * (1 + (5 * device + stage) % 13) / seconds
        return Candidate(f"d{device}", constant_band(seconds), "f32", usd)

    links = tuple(
        LinkSpec("l", (a, b), 1e9, 1e-3) for i, a in enumerate(names) for b in names[i + 1 :]
    )
    limits = Limits((LatencyLimit("sla p95_s", "p95", limit_s),)) if limit_s else Limits()
    return Problem(
        stages=tuple(
            Stage(s, f"s{s}", tuple(candidate(s, d) for d in range(devices))) for s in range(stages)
        ),
        tree=Seq(tuple(Leaf(s) for s in range(stages))),
        devices=tuple(DeviceLimit(name) for name in names),
        edges=tuple(Edge(s, s + 1, 1e6, 2e6) for s in range(stages - 1)),
        links=links,
        limits=limits,
    )


def test_a_solution_says_how_good_it_is() -> None:
    """Status, bound, gap, seed and time."""
    problem = _chain(4, 3, 6.0)
    solution = solve(problem, seed=5)
    assert solution.objective_value == pytest.approx(solve_exhaustive(problem).bound, rel=1e-6)
    assert (solution.status, solution.gap, solution.seed) == ("optimal", 0.0, 5)
    assert 0 < solution.solve_s < 20
    assert solution.bound <= solution.objective_value
    assert verify(problem, solution) == []


def test_a_graph_with_nothing_to_place_has_an_answer() -> None:
    """Only questions to a person, say."""
    problem = Problem((), Seq(()), ())
    solution = solve(problem)
    assert (solution.status, solution.choices) == ("optimal", {})
    assert solution.metrics.latency_s["p95"] == 0.0


def test_a_problem_of_real_size_is_proved_quickly() -> None:
    """Ten stages on eight classes with all transfers."""
    start = time.perf_counter()
    assert solve(_chain(10, 8, 12.0)).status == "optimal"
    assert time.perf_counter() - start < 20


@seed(2)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(problems(most_stages=4), st.data())
def test_verify_finds_every_false_figure(problem: Problem, data: st.DataObject) -> None:
    """A right solution passes; with any figure or choice changed it does not."""
    try:
        solution = solve(problem, solver="greedy")
    except AgentcError:
        assume(False)
    assert verify(problem, solution) == []
    wrong_metrics = msgspec.structs.replace(solution.metrics, cost_usd=-1.0)
    for changed in (
        {"objective_value": solution.objective_value + 1.0},
        {"bound": solution.objective_value * 2 + 1.0},
        {"metrics": wrong_metrics},
        {"choices": {}},
        {"choices": {**solution.choices, 99: 0}},
        {"choices": {**solution.choices, problem.stages[0].id: 77}},
    ):
        assert verify(problem, msgspec.structs.replace(solution, **changed)) != []
    stage = data.draw(st.sampled_from(problem.stages))
    index = data.draw(st.integers(0, len(stage.candidates) - 1))
    moved = {**solution.choices, stage.id: index}
    assume(index != solution.choices[stage.id])
    if not violations(problem, moved) and Evaluator(problem).metrics(moved) != solution.metrics:
        other = msgspec.structs.replace(solution, choices=moved)
        assert "the reported metrics are not those of the placement" in verify(problem, other)


@seed(6)
@settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(problems(most_stages=4))
def test_a_problem_is_data(problem: Problem) -> None:
    """Written as text and read back it is equal, and solves to the same answer."""
    again = decode(encode(problem))
    assert again == problem
    assert solve_exhaustive(again) == solve_exhaustive(problem)


def test_a_false_claim_of_the_solver_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """CP-SAT that calls a feasible problem infeasible, or a poor placement optimal, is asked again
    without presolve."""
    problem = _chain(3, 3, 6.0)
    honest = cpsat.solve_cpsat
    for lie in (Answer("infeasible"), Answer("optimal", {0: 0, 1: 0, 2: 0}, math.inf)):

        def lying(p: Problem, *, presolve: bool = True, _lie: Answer = lie, **how: float) -> Answer:
            return _lie if presolve else honest(p, presolve=False, **how)

        monkeypatch.setattr(cpsat, "solve_cpsat", lying)
        solution = solve(problem)
        assert solution.objective_value == pytest.approx(solve_exhaustive(problem).bound, rel=1e-6)


def test_when_time_runs_out_the_best_known_placement_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Greedy's, without a proof."""
    monkeypatch.setattr(cpsat, "solve_cpsat", lambda *_, **__: Answer("unknown"))
    solution = solve(_chain(3, 3, 6.0))
    assert solution.status == "feasible"
    assert solution.bound == 0.0
    assert solution.gap == 1.0


def test_nothing_found_in_time_is_not_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says that nothing was proved."""
    monkeypatch.setattr(cpsat, "solve_cpsat", lambda *_, **__: Answer("unknown"))
    with pytest.raises(CompileError, match="did not prove that there is none"):
        solve(_chain(3, 3, 0.01))


def test_a_contradictory_problem_is_not_solved() -> None:
    """`check` comes first, whoever made the problem."""
    problem = _chain(2, 2)
    broken = msgspec.structs.replace(problem, tree=Leaf(0))
    with pytest.raises(CompileError, match="stage 1 is not in the tree"):
        solve(broken)
    twice = msgspec.structs.replace(
        problem.stages[0], candidates=problem.stages[0].candidates[:1] * 2
    )
    doubled = msgspec.structs.replace(problem, stages=(twice, problem.stages[1]))
    assert doubled.check() == ["stage 's0' has the same candidate twice"]
    wide = msgspec.structs.replace(
        problem, devices=(DeviceLimit("d0", slots=65), DeviceLimit("d1"))
    )
    assert wide.check() == ["device class 'd0' has 65 slots, expected 1 to 64"]


def test_exhaustive_refuses_what_it_could_never_finish() -> None:
    """Seven to the eight is too many."""
    with pytest.raises(ValueError, match="too many to try; use cpsat"):
        solve_exhaustive(_chain(8, 7))


def test_the_order_of_choices_does_not_change_the_figures() -> None:
    """0.1 + 0.2 + 0.3 depends on the order; colocated stages are chosen out of the program's."""
    costs = {0: 0.1, 1: 0.3, 2: 0.2, 3: 0.7}
    stages = tuple(
        Stage(
            i,
            f"s{i}",
            (Candidate("a", constant_band(0.1), cost_usd=usd),),
            colocate="kv" if i in (0, 3) else None,
        )
        for i, usd in costs.items()
    )
    problem = Problem(stages, Seq(tuple(Leaf(i) for i in costs)), (DeviceLimit("a"),))
    for solver in ("greedy", "exhaustive", "cpsat"):
        assert verify(problem, solve(problem, solver=solver)) == []
    evaluator = Evaluator(problem)
    orders = ({0: 0, 3: 0, 1: 0, 2: 0}, {3: 0, 2: 0, 1: 0, 0: 0})
    assert evaluator.metrics(orders[0]) == evaluator.metrics(orders[1])
