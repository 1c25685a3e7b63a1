"""What is special to the integer program: its scaling, and the instances that once broke it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.cost_models.distributions import Band, constant_band
from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.limits import REL_TOLERANCE
from agentc.cost_models.problem import (
    Candidate,
    DeviceLimit,
    Edge,
    LatencyLimit,
    Limits,
    LinkSpec,
    Objective,
    Problem,
    Stage,
)
from agentc.cost_models.solvers.cpsat import solve_cpsat
from agentc.cost_models.solvers.scaling import BITS, scale_for
from agentc.cost_models.tree import Leaf, Loop, Par, Race, Seq


@given(st.floats(1e-9, 1e15), st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_rounding_is_upwards_and_at_most_one_quantum_a_term(
    largest: float, shares: list[float]
) -> None:
    """The stated error: n terms exceed their sum by less than n quanta of 2^-29 of the largest."""
    scale = scale_for(largest)
    values = [share * largest for share in shares]
    total = scale.value(sum(scale.up(value) for value in values))
    exact = math.fsum(values)
    assert exact * (1 - 1e-12) <= total <= exact * (1 + 1e-12) + len(values) * scale.quantum
    assert scale.quantum <= largest * 2.0 ** (1 - BITS)
    assert scale.up(largest) <= 2**BITS


@given(st.floats(1e-6, 1e9))
def test_limits_are_rounded_down_within_their_tolerance(limit: float) -> None:
    """An integer at the limit is a float within the limit's tolerance."""
    scale = scale_for(limit)
    assert scale.value(scale.down(limit)) <= limit * (1 + REL_TOLERANCE) * (1 + 1e-12)
    assert scale.down(limit) >= scale.up(limit) - 1


def test_nothing_to_scale() -> None:
    """Zero is zero in any scale."""
    assert scale_for(0.0).up(0.0) == 0


def test_a_placement_exactly_at_its_limit_is_found() -> None:
    """0.1 + 0.2 against 0.3: the sum of floats lies above, the tolerance covers it."""
    stages = tuple(
        Stage(i, f"s{i}", (Candidate("a", constant_band(seconds)),))
        for i, seconds in enumerate((0.1, 0.2))
    )
    limit = LatencyLimit("sla p95_s", "p95", 0.3)
    tree = Seq((Leaf(0), Leaf(1)))
    problem = Problem(stages, tree, (DeviceLimit("a"),), limits=Limits((limit,)))
    assert solve_cpsat(problem).status == "optimal"


@pytest.mark.parametrize("ratio", [1e-6, 1e-9, 1e-12])
def test_a_candidate_that_is_much_worse_does_not_cost_precision(ratio: float) -> None:
    """The best two differ by 1 % of a number far below the worst."""
    times = (1.0, 1.01 * ratio, ratio)
    candidates = tuple(
        Candidate(device, constant_band(t), cost_usd=t)
        for device, t in zip("abc", times, strict=True)
    )
    stages = (Stage(0, "s", candidates), Stage(1, "r", candidates))
    devices = tuple(DeviceLimit(name) for name in "abc")
    for kind in ("cost", "latency"):
        tree = Seq((Leaf(0), Leaf(1)))
        links = (LinkSpec("l", ("a", "b"), 1.0, 0.0),)
        problem = Problem(stages, tree, devices, (), links, objective=Objective(kind))
        answer = solve_cpsat(problem)
        assert answer.choices == {0: 2, 1: 2}
        assert answer.bound == pytest.approx(2 * ratio, rel=1e-6)


def test_presolve_with_wide_coefficients() -> None:
    """CP-SAT 9.15 called 0.1 optimal here when coefficients had 38 bits; 0.001 is."""

    def candidate(device: str, precision: str, seconds: float) -> Candidate:
        return Candidate(device, Band(0.0, 0.0, seconds, seconds), precision)

    stages = (
        Stage(0, "tool", (candidate("orchestrator", "", 0.0),)),
        Stage(
            1,
            "one",
            tuple(candidate(d, p, 0.001) for d in ("cpu", "gpu") for p in ("f32", "i8")),
        ),
        Stage(
            2,
            "two",
            (
                candidate("cpu", "f32", 0.0),
                candidate("cpu", "i8", 0.0),
                candidate("gpu", "f32", 0.1),
                candidate("asic", "f32", 0.0),
            ),
        ),
    )
    problem = Problem(
        stages,
        Seq((Leaf(0), Par((Leaf(1), Leaf(2))))),
        tuple(DeviceLimit(name) for name in ("cpu", "gpu", "asic")),
        (Edge(0, 1, 0.0, 0.0), Edge(1, 2, 0.0, 0.0)),
        (LinkSpec("a", ("cpu", "gpu"), 1e8, 0.0), LinkSpec("b", ("cpu", "asic"), 1e8, 1e-5)),
        objective=Objective("latency"),
    )
    for presolve in (True, False):
        answer = solve_cpsat(problem, presolve=presolve)
        assert answer.choices is not None
        evaluator = Evaluator(problem)
        assert evaluator.objective(evaluator.chosen(answer.choices)) == 0.001


def test_long_loops_do_not_overflow() -> None:
    """A thousand rounds of a thousand rounds, and a limit a million times smaller."""
    inner = Loop(Leaf(0), constant_band(1000.0))
    stage = Stage(0, "s", tuple(Candidate(d, constant_band(t)) for d, t in (("a", 1), ("b", 1e-7))))
    limit = LatencyLimit("sla p95_s", "p95", 1.0)
    devices = (DeviceLimit("a"), DeviceLimit("b"))
    tree = Loop(inner, constant_band(1000.0))
    problem = Problem((stage,), tree, devices, limits=Limits((limit,)))
    assert solve_cpsat(problem).choices == {0: 1}


def test_work_of_a_racer_that_loses_still_fills_its_device() -> None:
    """The loser takes 0.25 s of two slots beside a par: 0.125 s, above a limit of 0.05 s, although
    the race itself is won at once. Terms cut at the limit must not hide that."""
    stages = (
        Stage(0, "tool", (Candidate("orchestrator", constant_band(0.0)),)),
        Stage(1, "loser", (Candidate("gpu", constant_band(0.25)),)),
    )
    tree = Par((Race((Leaf(0), Leaf(1))), Seq(())))
    limit = LatencyLimit("sla p99_s", "p99", 0.05)
    devices = (DeviceLimit("gpu", slots=2),)
    problem = Problem(stages, tree, devices, limits=Limits((limit,)))
    assert Evaluator(problem).metrics({0: 0, 1: 0}).latency_s["p99"] == 0.125
    assert solve_cpsat(problem).status == "infeasible"


def test_nested_loops_around_parallel_work_do_not_overflow() -> None:
    """Domains follow the counts, so that a million rounds of a par are still a valid model."""
    stages = tuple(Stage(i, f"s{i}", (Candidate("a", constant_band(1e-7)),)) for i in range(2))
    tree = Loop(Loop(Par((Leaf(0), Leaf(1))), constant_band(1000.0)), constant_band(1000.0))
    limit = LatencyLimit("sla p95_s", "p95", 0.3)
    devices = (DeviceLimit("a"), DeviceLimit("b", slots=64))
    problem = Problem(stages, tree, devices, limits=Limits((limit,)))
    assert solve_cpsat(problem).status == "optimal"
