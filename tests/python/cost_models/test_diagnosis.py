"""An infeasible problem is answered with the conflict in the user's words and a way out."""

from __future__ import annotations

import msgspec
import pytest
from cost_strategies import problems
from hypothesis import HealthCheck, assume, given, seed, settings

from agentc.cost_models.diagnose import _core, _needed, _without, diagnose
from agentc.cost_models.distributions import constant_band
from agentc.cost_models.limits import limits_of, round_up
from agentc.cost_models.planner import solve
from agentc.cost_models.problem import (
    Candidate,
    DeviceLimit,
    LatencyLimit,
    Limits,
    Problem,
    Stage,
)
from agentc.cost_models.solution import Answer
from agentc.cost_models.solvers.exhaustive import solve_exhaustive
from agentc.cost_models.tree import Leaf, Seq
from agentc.errors import InfeasibleError


def _candidate(device: str, seconds: float, usd: float = 0.0, size: float = 0.0) -> Candidate:
    return Candidate(device, constant_band(seconds), "f32", usd, weights_bytes=size)


def _pair(limits: Limits, memory_bytes: float | None = None) -> Problem:
    """Two stages: quick and dear on the gpu, slow and cheap on the cpu."""
    stages = tuple(
        Stage(i, name, (_candidate("gpu", 1.0, 0.02, 6e9), _candidate("cpu", 3.0, 0.001, 6e9)))
        for i, name in enumerate(("plan", "answer"))
    )
    devices = (DeviceLimit("gpu", memory_bytes, 1, 4.0), DeviceLimit("cpu", None, 1, 0.5))
    return Problem(stages, Seq((Leaf(0), Leaf(1))), devices, limits=limits)


def _message(problem: Problem) -> str:
    with pytest.raises(InfeasibleError) as caught:
        solve(problem)
    assert caught.value.exit_code == 3
    return str(caught.value)


def _sla(limit_s: float) -> LatencyLimit:
    return LatencyLimit("sla p95_s", "p95", limit_s, "graph.py:12")


def test_a_latency_that_no_device_reaches_names_the_best_possible() -> None:
    """One limit alone: the advice is the least value that works."""
    assert _message(_pair(Limits((_sla(1.5),)))) == (
        "graph.py:12: no placement satisfies sla p95_s = 1.5 s; raise p95_s to 2 s"
    )


def test_a_conflict_of_two_names_both_and_a_way_out_by_each() -> None:
    """Quick costs 0.04, cheap takes 6 s: the SLA and the budget cannot both hold."""
    limits = Limits((_sla(2.5),), run_usd=0.03, run_usd_source="graph.py:13")
    message = _message(_pair(limits))
    assert "sla p95_s = 2.5 s and budget usd = $0.03 (graph.py:13) together" in message
    assert "raise p95_s to 4 s" in message
    assert "raise the budget to usd = 0.04" in message


def test_memory_joins_the_conflict() -> None:
    """Both stages fit the gpu only with 12 GB."""
    message = _message(_pair(Limits((_sla(3.0),)), memory_bytes=8e9))
    assert "memory of gpu = 7.45 GiB usable" in message
    assert "give gpu 11.2 GiB of usable memory" in message
    assert "raise p95_s to 4 s" in message


def test_a_limit_per_hour_joins_the_conflict() -> None:
    """The gpu is dearer than the fleet may cost."""
    limits = Limits((_sla(3.0),), hourly_usd=1.0, hourly_usd_source="cluster.yaml:31")
    message = _message(_pair(limits))
    assert "max_hourly_cost = $1/h (cluster.yaml:31)" in message
    assert "raise max_hourly_cost to $4/h" in message


def test_a_stage_that_nothing_can_run_says_why_for_each_class() -> None:
    """The reasons come from the builder."""
    stage = Stage(0, "answer", (), source="graph.py:7", rejected={"l4": "has no iree target"})
    problem = Problem((stage,), Leaf(0), (DeviceLimit("l4"),))
    assert _message(problem) == (
        "graph.py:7: no device class can run 'answer': l4 has no iree target; "
        "add a device class to cluster.yaml that can, or allow one in the graph"
    )


def test_classes_without_a_link_are_named_as_such() -> None:
    """No limit is to blame when no link joins the only classes."""
    from agentc.cost_models.problem import Edge

    base = _pair(Limits())
    stages = tuple(
        msgspec.structs.replace(s, candidates=(s.candidates[i],)) for i, s in enumerate(base.stages)
    )
    problem = msgspec.structs.replace(base, stages=stages, edges=(Edge(0, 1, 1.0, 1.0),))
    assert "no link joins" in _message(problem)


@seed(4)
@settings(max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(problems(most_stages=4))
def test_conflicts_are_minimal_and_their_relaxations_work(problem: Problem) -> None:
    """Without any one limit of the core the rest of the core can hold, and a relaxation that is
    offered makes the whole problem feasible."""

    def find(p: Problem) -> Answer:
        return solve_exhaustive(p)

    assume(find(problem).choices is None)
    assert isinstance(diagnose(problem, find), InfeasibleError)
    limits = limits_of(problem)
    assume(find(_without(problem, limits)).choices is not None)
    core = _core(problem, limits, find)
    others = [limit for limit in limits if limit not in core]
    assert core
    assert find(_without(problem, others)).choices is None
    for limit in core:
        assert find(_without(problem, [*others, limit])).choices is not None
        needed = _needed(problem, limit, find)
        if needed is not None:
            assert needed > limit.value
            assert find(_raised(problem, limit, round_up(needed))).choices is not None


def _raised(problem: Problem, limit, value: float) -> Problem:
    limits = problem.limits
    if limit.kind == "latency":
        latency = tuple(
            msgspec.structs.replace(lim, limit_s=value) if lim.name == limit.name else lim
            for lim in limits.latency
        )
        return msgspec.structs.replace(
            problem, limits=msgspec.structs.replace(limits, latency=latency)
        )
    if limit.kind == "memory":
        devices = tuple(
            msgspec.structs.replace(d, memory_bytes=value) if d.name == limit.name else d
            for d in problem.devices
        )
        return msgspec.structs.replace(problem, devices=devices)
    return msgspec.structs.replace(
        problem, limits=msgspec.structs.replace(limits, **{limit.kind: value})
    )
