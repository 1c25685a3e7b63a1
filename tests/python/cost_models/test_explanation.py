"""What `explain` says of a placed program, as data, as text and as JSON."""

from __future__ import annotations

import json

import msgspec
import pytest
from cost_strategies import problems
from hypothesis import HealthCheck, assume, given, seed, settings

from agentc.cost_models.distributions import Band, constant_band
from agentc.cost_models.explanation import Explanation, Row, explain, with_measurements
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
)
from agentc.cost_models.promise import plan_devices, run_estimate, to_promise
from agentc.cost_models.rejected import rejections
from agentc.cost_models.render import render_json, render_text
from agentc.cost_models.solution import Solution
from agentc.cost_models.tree import Branch, Leaf, Loop, Map, Race, Seq
from agentc.errors import AgentcError
from agentc.plan import Estimate


def _candidate(device: str, seconds: float, usd: float, precision: str = "f32") -> Candidate:
    made = Estimate(seconds, 0.5 * seconds, 2 * seconds, "memory", "datasheet", usd)
    return Candidate(
        device,
        constant_band(seconds),
        precision,
        usd,
        weights_bytes=1e9,
        estimate=made,
        estimate_p95=made,
    )


def _problem() -> Problem:
    """A search, then a loop with an answer that only the gpu gives in time, and a tool or not."""
    quick, slow = _candidate("gpu", 1.0, 0.01), _candidate("cpu", 4.0, 0.001)
    tool = Candidate("orchestrator", constant_band(0.5), cost_usd=0.002)
    stages = (
        Stage(0, "search", (_candidate("cpu", 0.5, 1e-4), quick), "stage.search", "g.py:3"),
        Stage(1, "answer", (quick, slow), "stage.decode", "g.py:7", rejected={"asic": "no iree"}),
        Stage(2, "calc", (tool,), "stage.call", "g.py:9"),
    )
    maybe = Branch((Leaf(2), Seq(())), (0.3, 0.7), label="cond", source="g.py:8")
    loop = Loop(Seq((Leaf(1), maybe)), Band(1.4, 1, 2, 3), label="refine", source="g.py:6")
    return Problem(
        stages=stages,
        tree=Seq((Leaf(0), loop)),
        devices=(DeviceLimit("cpu", 8e9, 1, 0.5), DeviceLimit("gpu", 8e9, 1, 4.0)),
        edges=(Edge(0, 1, 1e6, 2e6, "docs"),),
        links=(LinkSpec("pcie", ("cpu", "gpu"), 1e9, 1e-3),),
        limits=Limits((LatencyLimit("sla p95_s", "p95", 5.0, "g.py:1"),), run_usd=0.05),
        name="demo",
        notes=("refine (g.py:6): assumed",),
    )


@pytest.fixture
def solved() -> tuple[Problem, Solution]:
    """The problem above with its optimum: search on the cpu, answer on the gpu."""
    problem = _problem()
    return problem, solve(problem)


def _stage_row(explanation: Explanation, label: str) -> Row:
    return next(row for row in explanation.rows if row.op is not None and row.label == label)


def test_rows_follow_the_program(solved: tuple[Problem, Solution]) -> None:
    """Control nodes have lines, their bodies are indented, cases name their probability."""
    rows = explain(*solved).rows
    assert [(row.depth, row.label) for row in rows] == [
        (0, "search"),
        (0, "refine x1.4, at most 3 at p99"),
        (1, "answer"),
        (1, "cond one of"),
        (2, "case 1, 30%"),
        (3, "calc"),
        (2, "case 2, 70% (nothing)"),
    ]


def test_a_row_says_where_how_long_and_why_not_elsewhere(solved: tuple[Problem, Solution]) -> None:
    """By hand: two rounds at p95 of 1 s each, of 0.5 + 0.003 + 2 * 1.5 s."""
    row = _stage_row(explain(*solved), "answer")
    assert (row.device, row.precision, row.bound_by) == ("gpu", "f32", "memory")
    assert (row.low_s, row.latency_s, row.high_s) == (0.5, 1.0, 2.0)
    assert row.executions == pytest.approx(1.4)
    assert row.cost_usd == pytest.approx(1000 * 1.4 * 0.01)
    assert row.critical_share == pytest.approx(2 / 3.503, rel=1e-3)
    assert row.rejected["asic"] == "no iree"
    assert row.rejected["cpu"] == "sla p95_s = 5 s (g.py:1) would be 9.5 s"


def test_the_footer_has_limits_moves_levers_and_notes(solved: tuple[Problem, Solution]) -> None:
    """What holds, what moves, what to change, and what it rests on."""
    said = explain(*solved)
    checks = {check.name: check for check in said.checks}
    assert checks["sla p95_s"].value == pytest.approx(3.503)
    assert checks["budget usd"].limit == 0.05
    assert checks["memory of gpu"].value == 1e9
    assert [(move.producer, move.consumer, move.link) for move in said.moves] == [
        ("search", "answer", "pcie")
    ]
    assert said.moves[0].seconds == pytest.approx(0.003)
    assert said.levers[0].startswith("answer is 57% of the critical path, bound by memory")
    assert said.notes == ("refine (g.py:6): assumed",)


def test_text_is_plain_ascii_without_color(solved: tuple[Problem, Solution]) -> None:
    """No escape sequences for a file or a pipe; every fact is there."""
    text = render_text(explain(*solved))
    assert text.isascii()
    assert "\x1b" not in text
    for words in (
        "  answer [decode] x1.4",
        "1 s (500 ms..2 s)",
        "g.py:7",
        "sla p95_s: 3.5 s of 5 s (70%)",
        "not taken: answer [decode] on asic: no iree",
        "moves docs search -> answer",
        "assumed: refine (g.py:6)",
        "proved optimal, gap 0.00%, cpsat",
    ):
        assert words in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_color_only_adds_color(solved: tuple[Problem, Solution]) -> None:
    """The same words with escape sequences around them."""
    assert "\x1b[" in render_text(explain(*solved), color=True)


def test_a_narrow_terminal_keeps_the_lines_short(solved: tuple[Problem, Solution]) -> None:
    """The table is cut, the sentences below it are not."""
    text = render_text(explain(*solved), width=80)
    table = text.split("\n\n")[0].splitlines()
    assert max(len(line) for line in table) <= 80
    assert "not taken: answer [decode] on asic: no iree" in text


def test_json_is_the_explanation(solved: tuple[Problem, Solution]) -> None:
    """A stable schema name, and it reads back."""
    said = explain(*solved)
    text = render_json(said)
    assert json.loads(text)["schema"] == "agentc.explain/v1"
    assert msgspec.json.decode(text, type=Explanation) == said


def test_measurements_stand_beside_the_estimates(solved: tuple[Problem, Solution]) -> None:
    """The factor is measured over expected mean; other rows stay as they are."""
    said = with_measurements(explain(*solved), {1: 6.0, 77: 1.0})
    assert _stage_row(said, "answer").misestimate == pytest.approx(6.0)
    assert _stage_row(said, "search").measured_s is None
    text = render_text(said)
    assert "measured" in text
    assert "6x" in text
    assert "measured" not in render_text(explain(*solved)).splitlines()[0]


def test_the_promise_for_the_plan(solved: tuple[Problem, Solution]) -> None:
    """Shares sum to one, and the run's estimate has its interval and its cost."""
    promise = to_promise(*solved)
    assert sum(choice.critical_share for choice in promise.choices) == pytest.approx(1.0)
    assert {choice.op: choice.device for choice in promise.choices}[1] == "gpu"
    assert promise.run == run_estimate(*solved)
    assert promise.run.low_s < promise.run.latency_s < promise.run.high_s
    assert promise.run.cost_usd == pytest.approx(promise.objective_value)
    assert promise.gap == 0.0


def test_maps_and_races_have_lines() -> None:
    """How wide, how many at once, who wins."""
    stages = tuple(Stage(i, f"s{i}", (_candidate("cpu", 1.0, 0.0),)) for i in range(3))
    tree = Seq(
        (
            Map(Leaf(0), constant_band(8.0), 4, label="chunks"),
            Race((Leaf(1), Leaf(2)), label="race"),
        )
    )
    problem = Problem(stages, tree, (DeviceLimit("cpu"),))
    labels = [row.label for row in explain(problem, solve(problem)).rows]
    assert labels == ["chunks x8 in parallel, 4 at once", "s0", "race first of", "s1", "s2"]


@seed(3)
@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(problems(most_stages=4))
def test_any_solution_is_explained(problem: Problem) -> None:
    """Text, JSON and promise for all; no alternative is better than the optimum."""
    try:
        solution = solve(problem, solver="exhaustive")
    except AgentcError:
        assume(False)
    said = explain(problem, solution)
    assert render_text(said)
    assert msgspec.json.decode(render_json(said), type=Explanation) == said
    assert len(to_promise(problem, solution).choices) == len(problem.stages)
    for reasons in rejections(problem, solution).values():
        assert not any(reason.startswith("better") for reason in reasons.values())


def test_devices_for_the_plan_leave_room_for_state() -> None:
    """What is left of the usable memory after the weights."""
    from agentc.cost_models.cluster import load_cluster

    cluster = load_cluster(
        "c.yaml",
        "agentc: cluster/v1\nname: x\nextends: [catalog:generic/2026-11]\n"
        "device_classes: {cpu: {like: x86-64-v3, cores: 2, memory: 8GiB}}\n"
        "nodes: {box: {count: 1, devices: {cpu: 1}}}\nprices: {box: {on_demand: $1/h}}\n",
    )
    stages = tuple(Stage(i, f"s{i}", (_candidate("cpu", 1.0, 0.0),), weights="m") for i in range(2))
    problem = Problem(stages, Seq((Leaf(0), Leaf(1))), (DeviceLimit("cpu", 7e9, 1, 1.0),))
    (device,) = plan_devices(problem, solve(problem), cluster)
    assert (device.name, device.driver, device.workers, device.count) == ("cpu", "local-task", 2, 1)
    assert device.memory_bytes == int(0.9 * 8 * 2**30 - 1e9)
    assert device.price_usd_per_hour == 1.0
