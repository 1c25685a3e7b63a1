"""The meaning of a placement, against a second, slow reading of the same table: loops and maps
are unrolled to tasks and the longest path is networkx's."""

from __future__ import annotations

import itertools
import math

import msgspec
import networkx as nx
import pytest
from cost_strategies import problems
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agentc.cost_models.critical import critical_path
from agentc.cost_models.distributions import constant_band
from agentc.cost_models.evaluate import Evaluator, NoLinkError, Timing
from agentc.cost_models.problem import Candidate, DeviceLimit, Edge, LinkSpec, Problem, Stage
from agentc.cost_models.tree import (
    Branch,
    Dag,
    Leaf,
    Loop,
    Map,
    Node,
    Par,
    Race,
    Seq,
    children_of,
    leaves,
    until,
)

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=50)


class _Unrolled:
    """Tasks of a run with their lengths, as a graph from start to end."""

    def __init__(self, level: str, leaf: dict[int, float]) -> None:
        self.graph = nx.DiGraph()
        self.level, self.leaf = level, leaf
        self.names = itertools.count()

    def add(self, node: Node, start: int) -> int:
        """Adds `node` after the vertex `start` and returns the vertex at its end."""
        if isinstance(node, Leaf):
            return self._edge(start, self.leaf[node.stage])
        if isinstance(node, Loop):
            for _ in range(int(node.count.at(self.level))):
                start = self.add(node.body, start)
            return start
        if isinstance(node, Map):
            return self._map(node, start)
        if isinstance(node, Seq):
            for child in node.children:
                start = self.add(child, start)
            return start
        deps = node.deps if isinstance(node, Dag) else ()
        return self._parallel(list(children_of(node)), deps, start)

    def _map(self, node: Map, start: int) -> int:
        width = int(node.width.at(self.level))
        together = node.max_parallel or max(width, 1)
        while width > 0:
            start = self._parallel([node.body] * min(together, width), (), start)
            width -= together
        return start

    def _parallel(self, children: list[Node], deps, start: int) -> int:
        ends: list[int] = []
        for index, child in enumerate(children):
            begin = self._join([start, *(ends[a] for a, b in deps if b == index)])
            ends.append(self.add(child, begin))
        return self._join([start, *ends])

    def _join(self, befores: list[int]) -> int:
        vertex = next(self.names)
        for before in befores:
            self.graph.add_edge(before, vertex, seconds=0.0)
        return vertex

    def _edge(self, start: int, seconds: float) -> int:
        vertex = next(self.names)
        self.graph.add_edge(start, vertex, seconds=seconds)
        return vertex


def _longest_path_s(tree: Node, level: str, leaf: dict[int, float]) -> float:
    unrolled = _Unrolled(level, leaf)
    start = next(unrolled.names)
    unrolled.graph.add_node(start)
    unrolled.add(tree, start)
    return nx.dag_longest_path_length(unrolled.graph, weight="seconds")


def _has(tree: Node, *kinds: type) -> bool:
    return isinstance(tree, kinds) or any(_has(child, *kinds) for child in children_of(tree))


def _first_choices(problem: Problem) -> dict[int, int]:
    return {stage.id: 0 for stage in problem.stages}


def _linked(problem: Problem) -> Problem:
    """The same problem with a link between all classes and endless slots."""
    pairs = itertools.combinations([device.name for device in problem.devices], 2)
    links = tuple(LinkSpec("any", pair, 1e9, 1e-3) for pair in pairs)
    devices = tuple(msgspec.structs.replace(d, slots=10**6) for d in problem.devices)
    return msgspec.structs.replace(problem, links=links, devices=devices)


@QUIET
@given(problems(), st.sampled_from(["p50", "p95", "p99"]))
def test_latency_is_the_longest_path_of_the_unrolled_run(problem: Problem, level: str) -> None:
    """For all trees without a choice between children, on devices without contention."""
    problem = _linked(problem)
    assume(not _has(problem.tree, Branch, Race))
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(_first_choices(problem))
    leaf = {i: t.seconds for i, t in evaluator.leaf_timings(chosen, level).items()}
    expected = _longest_path_s(problem.tree, level, leaf)
    assert evaluator.latency(chosen, level) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@QUIET
@given(problems(), st.sampled_from(["mean", "p50", "p95", "p99"]))
def test_critical_path_adds_up_to_the_latency(problem: Problem, level: str) -> None:
    """Shares are not negative and sum to the whole, contention included."""
    assume(level != "mean")
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(_first_choices(problem))
    try:
        shares = critical_path(evaluator, chosen, level)
    except NoLinkError:
        assume(False)
    assert all(seconds >= 0 for seconds in shares.values())
    expected = evaluator.latency(chosen, level)
    assert math.isclose(sum(shares.values()), expected, rel_tol=1e-9, abs_tol=1e-12)


@QUIET
@given(problems(), st.integers(0, 4), st.floats(1.0, 5.0))
def test_a_slower_stage_never_makes_the_run_quicker(
    problem: Problem, number: int, factor: float
) -> None:
    """Latency is monotone in every stage, and percentiles ascend."""
    problem = _linked(problem)
    assume(number < len(problem.stages))
    slower = tuple(
        msgspec.structs.replace(
            stage,
            candidates=tuple(
                msgspec.structs.replace(c, time_s=c.time_s.scaled(factor)) for c in stage.candidates
            ),
        )
        if stage.id == number
        else stage
        for stage in problem.stages
    )
    before = Evaluator(problem).metrics(_first_choices(problem)).latency_s
    changed = msgspec.structs.replace(problem, stages=slower)
    after = Evaluator(changed).metrics(_first_choices(problem)).latency_s
    for level in ("p50", "p95", "p99"):
        assert after[level] >= before[level] * (1 - 1e-12)
    assert before["p50"] <= before["p95"] * (1 + 1e-12) <= before["p99"] * (1 + 2e-12)


@QUIET
@given(problems())
def test_parallel_work_never_takes_less_time_than_a_device_needs(problem: Problem) -> None:
    """No promise beats the work on one class divided by its slots, below any parallel node."""
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(_first_choices(problem))
    try:
        timings = evaluator.leaf_timings(chosen, "p95")
    except NoLinkError:
        assume(False)

    def walk(node: Node) -> None:
        timing: Timing = evaluator.timing(node, "p95", timings)
        if isinstance(node, Par | Dag | Map):
            for device, seconds in timing.loads.items():
                assert timing.seconds >= seconds / evaluator.slots[device] * (1 - 1e-12)
        for child in children_of(node):
            walk(child)

    walk(problem.tree)


def _two(tree: Node, edges: tuple[Edge, ...], devices: tuple[str, str] = ("a", "b")) -> Evaluator:
    stages = tuple(
        Stage(i, f"s{i}", (Candidate(device, constant_band(1.0), cost_usd=0.01),))
        for i, device in enumerate(devices)
    )
    links = (LinkSpec("ab", ("a", "b"), 100.0, 0.5, price_usd_per_byte=0.001),)
    limits = (DeviceLimit("a", None, 1, 1.0), DeviceLimit("b", None, 1, 2.0))
    return Evaluator(Problem(stages, tree, limits, edges, links))


def test_a_transfer_costs_latency_and_bytes_between_classes_only() -> None:
    """0.5 s + 10 B at 100 B/s; on one class nothing moves."""
    evaluator = _two(Seq((Leaf(0), Leaf(1))), (Edge(0, 1, 10.0, 10.0),))
    apart = evaluator.metrics({0: 0, 1: 0})
    assert apart.latency_s["p95"] == pytest.approx(2 + 0.5 + 0.1)
    assert apart.cost_usd == pytest.approx(0.02 + 0.01)
    assert apart.hourly_usd == 3.0
    together = _two(Seq((Leaf(0), Leaf(1))), (Edge(0, 1, 10.0, 10.0),), ("a", "a"))
    assert together.metrics({0: 0, 1: 0}).latency_s["p95"] == 2.0
    assert together.metrics({0: 0, 1: 0}).hourly_usd == 1.0


def test_a_value_made_outside_a_loop_moves_once() -> None:
    """The edge is charged to the end that runs less often."""
    tree = Seq((Leaf(0), Loop(Leaf(1), constant_band(4.0))))
    evaluator = _two(tree, (Edge(0, 1, 10.0, 10.0),))
    assert evaluator.metrics({0: 0, 1: 0}).latency_s["p95"] == pytest.approx(1 + 4 + 0.6)
    both_inside = _two(Loop(Seq((Leaf(0), Leaf(1))), constant_band(4.0)), (Edge(0, 1, 10.0, 10.0),))
    assert both_inside.metrics({0: 0, 1: 0}).latency_s["p95"] == pytest.approx(4 * 2.6)


def test_a_branch_is_weighted_in_cost_and_worst_in_percentiles() -> None:
    """A case of probability zero does not count at all."""
    evaluator = _two(Branch((Leaf(0), Leaf(1)), (0.25, 0.75)), ())
    metrics = evaluator.metrics({0: 0, 1: 0})
    assert metrics.cost_usd == pytest.approx(0.01)
    assert metrics.latency_s["p95"] == 1.0
    never = _two(Branch((Leaf(0), Seq((Leaf(1), Seq(())))), (1.0, 0.0)), ())
    assert never.metrics({0: 0, 1: 0}).cost_usd == pytest.approx(0.01)


def test_memory_counts_shared_weights_once_and_parallel_state_often() -> None:
    """A map of width 3 holds three states; weights are per group, class and precision."""
    candidate = Candidate("a", constant_band(1.0), "f32", 0.0, 100.0, 7.0)
    stages = (
        Stage(0, "x", (candidate,), weights="llm"),
        Stage(1, "y", (candidate,), weights="llm", state_group="g"),
        Stage(2, "z", (candidate,), weights="llm", state_group="g"),
    )
    tree = Seq((Map(Leaf(0), constant_band(3.0)), Leaf(1), Leaf(2)))
    evaluator = Evaluator(Problem(stages, tree, (DeviceLimit("a"),)))
    memory = evaluator.metrics({0: 0, 1: 0, 2: 0}).memory_bytes
    assert memory == {"a": 100.0 + 3 * 7.0 + 7.0}


def test_time_to_first_output_stops_early() -> None:
    """Two loop rounds before, then the prefix, then a tenth of the streaming stage."""
    tree = Seq((Leaf(0), Loop(Leaf(1), constant_band(3.0)), Leaf(2)))
    stages = tuple(
        Stage(i, f"s{i}", (Candidate("a", constant_band(1.0)),), first_output_fraction=0.1)
        for i in range(3)
    )
    evaluator = Evaluator(Problem(stages, tree, (DeviceLimit("a"),)))
    chosen = evaluator.chosen({0: 0, 1: 0, 2: 0})
    assert evaluator.latency(chosen, "p95", 2) == pytest.approx(1 + 3 + 0.1)
    assert evaluator.latency(chosen, "p95", 0) == pytest.approx(0.1)


@QUIET
@given(problems())
def test_the_first_output_is_never_after_the_end(problem: Problem) -> None:
    """`until` cuts the tree, and never adds to it."""
    problem = _linked(problem)
    assume(not _has(problem.tree, Race, Branch, Loop, Map))
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(_first_choices(problem))
    whole = evaluator.latency(chosen, "p99")
    for stage in problem.stages:
        cut = until(problem.tree, stage.id)
        assert cut is not None
        assert {stage.id} <= {*leaves(cut)} <= {*leaves(problem.tree)}
        assert evaluator.latency(chosen, "p99", stage.id) <= whole * (1 + 1e-9)
