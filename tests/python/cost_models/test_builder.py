"""From stages and a fleet to a problem: candidates, reasons, prices, limits and notes."""

from __future__ import annotations

from typing import Any

import pytest

from agentc.cost_models import (
    Branch,
    Dag,
    EdgeSpec,
    Leaf,
    Loop,
    Problem,
    Seq,
    StageSpec,
    build_problem,
    load_cluster,
    loop_band,
    placements,
    solve,
    work_band,
)
from agentc.cost_models.problem import ORCHESTRATOR, Candidate
from agentc.cost_models.roofline import estimate
from agentc.errors import ClusterError, CompileError, InfeasibleError
from agentc.plan import Budget, Distribution, Sla, Work

FLEET = """\
agentc: cluster/v1
name: lab
extends: [catalog:2026-11]
nodes:
  gpu-box: {count: 1, devices: {l4: 1}, network: ethernet-25g}
  cpu-box: {count: 2, devices: {epyc-9654: 1}, network: ethernet-25g}
  gaudi-box: {count: 1, devices: {gaudi3: 1}, network: ethernet-25g}
services:
  search: {kind: mcp, price: $0.002/call, latency: {p50: 400ms, p95: 2s}}
  slow: {kind: http, latency: {p50: 400ms}}
  silent: {kind: http, price: $0.1/call}
prices:
  gpu-box: {on_demand: $0.80/h}
  cpu-box: {on_demand: $4/h}
  gaudi-box: {on_demand: $3/h}
"""
PREFILL = work_band({"flops": 5e10, "bytes_read": 6e8, "calls": 1}, {"flops": 9e10, "calls": 1})
DECODE = work_band({"flops": 3e10, "bytes_read": 5e10, "calls": 90, "state_bytes": 1e7})


def _llm(op: int, kind: str, **more: Any) -> StageSpec:
    work = PREFILL if kind == "stage.prefill" else DECODE
    given = {
        "op": op,
        "kind": kind,
        "label": "answer",
        "source": "graph.py:12",
        "work": {"f32": work},
        "model": "smol",
        "weights_bytes": {"f32": 538e6},
        "state_group": "kv",
        "colocate": "kv",
    }
    return StageSpec(**(given | more))


def _build(stages: list[StageSpec], fleet: str = FLEET, **more: Any) -> Problem:
    tree = more.pop("tree", Seq(tuple(Leaf(stage.op) for stage in stages)))
    edges = more.pop("edges", [])
    return build_problem(stages, tree, edges, load_cluster("cluster.yaml", fleet), **more)


def _candidate(problem: Problem, op: int, device: str) -> Candidate:
    return next(c for c in problem.stage(op).candidates if c.device == device)


def test_a_candidate_is_the_roofline_times_the_price() -> None:
    """Mean and p95 of the work become the band; cost is busy time at the mean."""
    problem = _build([_llm(1, "stage.prefill"), _llm(2, "stage.decode", cost_usd=0.5)])
    cluster = load_cluster("cluster.yaml", FLEET)
    expected = estimate(PREFILL.mean, cluster.devices["l4"], "f32")
    found = _candidate(problem, 1, "l4")
    assert found.time_s.mean == pytest.approx(expected.latency_s)
    worst = estimate(PREFILL.p95, cluster.devices["l4"], "f32").latency_s
    assert found.time_s.p95 == pytest.approx(max(worst, expected.latency_s))
    assert found.cost_usd == pytest.approx(expected.latency_s * 0.80 / 3600)
    assert found.estimate is not None
    assert found.estimate.cost_usd == found.cost_usd
    assert found.weights_bytes == 538e6
    decode = _candidate(problem, 2, "l4")
    assert decode.cost_usd == pytest.approx(decode.time_s.mean * 0.80 / 3600 + 0.5)
    assert decode.state_bytes == 1e7


def test_a_class_that_cannot_run_a_stage_says_why() -> None:
    """No compiler target, not allowed, no rate, too small: each has its reason."""
    stages = [
        _llm(1, "stage.decode"),
        _llm(2, "stage.decode", classes=("epyc-9654",)),
        _llm(3, "stage.decode", weights_bytes={"f32": 30e9}),
        _llm(4, "stage.module", work={"f64": DECODE}, weights_bytes={}),
    ]
    problem = _build(stages)
    assert [problem.stage(op).rejected for op in (1, 2, 3)] == [
        {"gaudi3": "has no iree target, so agentc cannot compile for it"},
        {
            "gaudi3": "the graph allows only epyc-9654",
            "l4": "the graph allows only epyc-9654",
        },
        {
            "gaudi3": "has no iree target, so agentc cannot compile for it",
            "l4": "needs 27.9 GiB of memory, 21.6 GiB are usable",
        },
    ]
    assert problem.stage(4).rejected["l4"] == "has no compute rate for f64"
    with pytest.raises(InfeasibleError, match="no device class can run 'answer'"):
        solve(problem)


def test_every_precision_that_fits_is_a_candidate() -> None:
    """Names as on data sheets are understood; unknown ones are the caller's mistake."""
    work = {"fp32": DECODE, "int8": DECODE}
    sizes = {"fp32": 30e9, "int8": 8e9}
    problem = _build([_llm(1, "stage.decode", work=work, weights_bytes=sizes)])
    found = {(c.device, c.precision, c.weights_bytes) for c in problem.stage(1).candidates}
    assert found == {("l4", "i8", 8e9), ("epyc-9654", "f32", 30e9), ("epyc-9654", "i8", 8e9)}
    with pytest.raises(CompileError, match="unknown precision 'f31'"):
        _build([_llm(1, "stage.decode", work={"f31": DECODE})])


def test_classes_take_the_precisions_that_they_have_code_for() -> None:
    work, sizes = {"f32": DECODE, "i8": DECODE}, {"f32": 3e9, "i8": 8e8}
    allowed = {"l4": ("f32",), "epyc-9654": ("i8",)}
    stage = _llm(1, "stage.decode", work=work, weights_bytes=sizes, precisions=allowed)
    found = {(c.device, c.precision) for c in _build([stage]).stage(1).candidates}
    assert found == {("l4", "f32"), ("epyc-9654", "i8")}
    stage = _llm(1, "stage.decode", work=work, weights_bytes=sizes, precisions={"l4": ()})
    assert _build([stage]).stage(1).rejected["l4"] == "no code can be generated for it in f32, i8"


def test_tools_and_services_run_in_the_orchestrator() -> None:
    """A declared latency is its own estimate; a service gives latency and price."""
    tool = Distribution("lognormal", (0.1, 0.4))
    problem = _build(
        [
            StageSpec(op=1, kind="stage.call", label="calc", fixed=tool, cost_usd=0.01),
            StageSpec(op=2, kind="stage.call", label="find", service="search"),
        ]
    )
    calc, find = (problem.stage(op).candidates[0] for op in (1, 2))
    assert calc.device == find.device == ORCHESTRATOR
    assert calc.time_s.p95 == pytest.approx(0.4)
    assert calc.cost_usd == 0.01
    assert calc.estimate is not None
    assert (calc.estimate.limit, calc.estimate.source) == ("declared", "declared")
    assert find.time_s.p50 == pytest.approx(0.4)
    assert find.cost_usd == 0.002


def test_unpriced_is_an_error_only_where_a_price_is_needed() -> None:
    """Under a cost objective or a budget in USD, for classes and for services."""
    unpriced = FLEET.replace("  cpu-box: {on_demand: $4/h}\n", "")
    stages = [_llm(1, "stage.decode")]
    with pytest.raises(ClusterError, match="'epyc-9654' has no price"):
        _build(stages, unpriced)
    with pytest.raises(ClusterError, match="'epyc-9654' has no price"):
        _build(stages, unpriced, objective="latency", budget=Budget(usd=1.0))
    problem = _build(stages, unpriced, objective="latency")
    assert _candidate(problem, 1, "epyc-9654").cost_usd is None
    assert placements(problem, solve(problem))[1].device in ("epyc-9654", "l4")
    call = [StageSpec(op=1, kind="stage.call", label="x", service="slow")]
    with pytest.raises(ClusterError, match="service 'slow' has no price per call"):
        _build(call)
    assert _build(call, objective="latency").stage(1).candidates[0].cost_usd is None
    silent = [StageSpec(op=1, kind="stage.call", label="x", service="silent")]
    with pytest.raises(ClusterError, match="service 'silent' has no latency"):
        _build(silent)


def test_names_that_nothing_defines_are_refused_with_the_nearest() -> None:
    """A hint in the graph, a service of a tool."""
    with pytest.raises(ClusterError) as caught:
        _build([_llm(1, "stage.decode", classes=("l5",))])
    assert str(caught.value).startswith("graph.py:12: 'answer' asks for the unknown device class")
    with pytest.raises(ClusterError, match="did you mean 'search'"):
        _build([StageSpec(op=1, kind="stage.call", service="serach")])


@pytest.mark.parametrize(
    ("stages", "more", "words"),
    [
        ([StageSpec(op=1, kind="stage.call")], {}, "needs either work or a fixed latency"),
        (
            [_llm(1, "stage.decode", fixed=Distribution("constant", (1.0,)))],
            {},
            "needs either work or a fixed latency",
        ),
        (
            [StageSpec(op=1, kind="stage.call", fixed=Distribution("lognormal", (2.0, 1.0)))],
            {},
            "0 < p50 <= p95",
        ),
        ([_llm(1, "stage.decode")], {"objective": "speed"}, "unknown objective 'speed'"),
        ([_llm(1, "stage.decode")], {"tree": Leaf(2)}, "names stage 2, which does not exist"),
        ([_llm(1, "stage.decode")], {"edges": [EdgeSpec(1, 9, 1.0)]}, "names an unknown stage"),
        ([_llm(1, "stage.decode")] * 2, {}, "stage id 1 is used twice"),
    ],
)
def test_contradictions_are_compile_errors(stages: list, more: dict, words: str) -> None:
    """Mistakes of the caller, in one sentence."""
    with pytest.raises(CompileError) as caught:
        _build(stages, **more)
    assert words in str(caught.value)


def test_limits_come_from_sla_budget_and_fleet() -> None:
    """Each with the place where it was written."""
    fleet = FLEET + "limits: {max_hourly_cost: $5/h}\n"
    stages = [_llm(1, "stage.prefill"), _llm(2, "stage.decode", streams=True, steps=90.0)]
    sla = Sla(p50_s=1.0, p95_s=6.0, ttft_p95_s=0.5, availability=0.99)
    budget = Budget(usd=0.02, wall_s=60.0)
    problem = _build(stages, fleet, sla=sla, budget=budget, sla_source="graph.py:30")
    found = {limit.name: limit for limit in problem.limits.latency}
    assert {name: limit.limit_s for name, limit in found.items()} == {
        "sla p50_s": 1.0,
        "sla p95_s": 6.0,
        "sla ttft_p95_s": 0.5,
        "budget wall_s": 60.0,
    }
    assert found["sla p95_s"].source == "graph.py:30"
    assert found["sla ttft_p95_s"].until == 2
    assert problem.stage(2).first_output_fraction == pytest.approx(1 / 90)
    assert problem.limits.run_usd == 0.02
    assert problem.limits.hourly_usd == pytest.approx(5.0)
    assert problem.limits.hourly_usd_source == "cluster.yaml:16"
    assert "availability is not planned for in this version" in problem.notes


def test_the_objective_latency_minimises_the_highest_declared_percentile() -> None:
    """p95 when the SLA names none."""
    stages = [_llm(1, "stage.decode")]
    assert _build(stages, objective="latency").objective.level == "p95"
    sla = Sla(p50_s=1.0, p99_s=9.0)
    assert _build(stages, objective="latency", sla=sla).objective.level == "p99"


def test_what_nobody_declared_is_noted() -> None:
    """Branches, loops and tools without a price."""
    tool = StageSpec(op=1, kind="stage.call", label="calc", source="g.py:3",
                     fixed=Distribution("constant", (0.1,)))  # fmt: skip
    branch = Branch((Leaf(1), Seq(())), (0.5, 0.5), label="cond", source="g.py:5", assumed=True)
    tree = Loop(branch, loop_band(4, None), label="loop", source="g.py:4", assumed=True)
    assert _build([tool], tree=tree).notes == (
        "loop (g.py:4): nobody declared how often; assumed 4 on average, 4 at p95",
        "cond (g.py:5): nobody declared how often; probabilities 0.5, 0.5",
        "calc (g.py:3): no price per call is declared",
    )


def test_a_whole_program_is_placed() -> None:
    """The SLA decides: alone the cheap class, under a tight limit what is quick enough."""
    stages = [
        StageSpec(op=1, kind="stage.encode", label="embed", work={"f32": PREFILL}),
        _llm(2, "stage.prefill"),
        _llm(3, "stage.decode", streams=True, steps=90.0),
    ]
    tree = Dag((Leaf(1), Leaf(2), Leaf(3)), ((0, 1), (1, 2)))
    edges = [EdgeSpec(1, 2, 1e4, what="docs"), EdgeSpec(2, 3, 1e7, 2e7, "kv")]
    problem = _build(stages, tree=tree, edges=edges, name="rag")
    loose = solve(problem)
    placed = placements(problem, loose)
    assert placed[2] == placed[3]
    fast = solve(_build(stages, tree=tree, edges=edges, objective="latency"))
    assert fast.metrics.latency_s["p95"] <= loose.metrics.latency_s["p95"]
    between = (fast.metrics.latency_s["p95"] + loose.metrics.latency_s["p95"]) / 2
    tight = solve(_build(stages, tree=tree, edges=edges, sla=Sla(p95_s=between)))
    assert tight.metrics.latency_s["p95"] <= between
    assert tight.objective_value >= loose.objective_value
    impossible = Sla(p95_s=fast.metrics.latency_s["p95"] / 2)
    hopeless = _build(stages, tree=tree, edges=edges, sla=impossible)
    with pytest.raises(InfeasibleError, match="raise p95_s to"):
        solve(hopeless)


def test_work_records_are_checked() -> None:
    """`plan.Work` is what the estimate sees."""
    assert PREFILL.mean == Work(flops=5e10, bytes_read=6e8, calls=1.0)
