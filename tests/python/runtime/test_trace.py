"""Traces: files, lanes, arrows, retries, and estimates beside measurements."""

import itertools
import json

import msgspec
import pytest
from runtime_plans import Builder, run_plan

from agentc.plan import Estimate, Plan
from agentc.runtime.analysis import analyze, percentile
from agentc.runtime.clock import VirtualClock
from agentc.runtime.trace import Event
from agentc.runtime.trace_files import from_jsonl, slices, to_jsonl, work_sources


def _waiter(clock):
    async def wait(seconds):
        await clock.sleep(seconds)
        return seconds

    return {"wait": wait}


def _traced():
    """first(2) -> map over [1, 3] -> last(1), with one failed attempt of nothing."""
    b = Builder()
    b.tool("wait", ["f64"], "f64")
    first = b.call("wait", b.const(2.0), source="g.py:1")
    items = b.op("agent.make_list", b.const(1.0), b.const(3.0))

    def body(i, x):
        return [b.call("wait", b.op("agent.binary", b.op(
            "agent.binary", x, first, kind="add"), first, kind="sub"))]  # fmt: skip

    rows = b.op("agent.map", items, regions=[b.region(body, args=2)])
    last = b.call("wait", b.op("agent.get_item", rows, b.const(0)))
    plan = b.plan(last, types=["f64"])
    clock = VirtualClock(start_s=100.0)
    return plan, run_plan(plan, {}, _waiter(clock), clock=clock)


def _calls(plan: Plan, found):
    return [s for s in found if s.op.kind == "stage.call"]


def test_slices_have_the_times_of_the_run():
    plan, result = _traced()
    made = [(s.start_s, s.end_s, s.path) for s in _calls(plan, slices(plan, result.trace.events))]
    assert made == [
        (100.0, 102.0, ()), (102.0, 103.0, (0,)), (102.0, 105.0, (1,)), (105.0, 106.0, ()),
    ]  # fmt: skip


def test_jsonl_round_trip():
    _, result = _traced()
    text = result.trace.jsonl()
    assert from_jsonl(text) == from_jsonl(to_jsonl(from_jsonl(text)))
    assert [e.kind for e in from_jsonl(text)] == [e.kind for e in result.trace.events]


def test_jsonl_keeps_texts_with_line_breaks_of_their_own():
    events = [Event("token", 1.0, "r", 3, (0,), 0, {"text": "a\u2028b\x0bc\r\nd\x85"})]
    assert from_jsonl(to_jsonl(events)) == events


def test_chrome_trace_has_processes_lanes_slices_and_arrows():
    _, result = _traced()
    records = json.loads(result.trace.chrome())["traceEvents"]
    boxes = [r for r in records if r["ph"] == "X" and r["cat"] == "stage.call"]
    assert [r["ts"] for r in boxes] == [0.0, 2e6, 2e6, 5e6]
    assert boxes[1]["tid"] != boxes[2]["tid"]
    assert boxes[0]["args"]["source"] == "g.py:1"
    names = [r["args"]["name"] for r in records if r["name"] == "process_name"]
    assert names == ["orchestrator"]
    starts = {r["id"]: r for r in records if r["ph"] == "s"}
    ends = {r["id"]: r for r in records if r["ph"] == "f"}
    assert starts.keys() == ends.keys()
    into_last = [starts[i]["ts"] for i, r in ends.items() if r["ts"] == 5e6]
    assert 5e6 in into_last  # the slower item of the map is what the last call waited for
    assert all(starts[i]["ts"] <= ends[i]["ts"] for i in ends)


def test_slices_of_one_lane_do_not_overlap():
    _, result = _traced()
    lanes = {}
    for r in json.loads(result.trace.chrome())["traceEvents"]:
        if r["ph"] == "X":
            lanes.setdefault((r["pid"], r["tid"]), []).append((r["ts"], r["ts"] + r["dur"]))
    for spans in lanes.values():
        spans.sort()
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


def test_sources_pass_through_control_flow():
    plan, _ = _traced()
    calls = [op.id for op in plan.body.ops if op.kind == "stage.call"]
    sources = work_sources(plan)
    assert sources[calls[0]] == set()
    inner = next(op for op in plan.body.ops if op.kind == "agent.map").regions[0].ops
    inner_call = next(op.id for op in inner if op.kind == "stage.call")
    assert sources[inner_call] == {calls[0]}
    assert inner_call in sources[calls[1]]


def test_analysis_puts_measurement_beside_estimate():
    plan, result = _traced()

    def estimated(op):
        estimate = Estimate(1.0, 0.5, 2.0, "declared", "declared")
        return msgspec.structs.replace(op, estimate=estimate if op.kind == "stage.call" else None)

    body = msgspec.structs.replace(plan.body, ops=tuple(map(estimated, plan.body.ops)))
    plan = msgspec.structs.replace(plan, body=body)
    rows = [row for row in analyze(plan, result.trace.events) if row.kind == "stage.call"]
    assert [(row.calls, row.p50_s, row.factor) for row in rows] == [
        (1, 2.0, 2.0), (2, 2.0, None), (1, 1.0, 1.0),
    ]  # fmt: skip
    assert sum(row.share for row in analyze(plan, result.trace.events)) == pytest.approx(1.0)


def test_a_retried_call_is_several_slices_and_counts_its_failures():
    b = Builder()
    b.tool("t", ["f64"], "f64", retries=2)
    plan = b.plan(b.call("t", b.const(1.0)), types=["f64"])
    clock, calls = VirtualClock(), []

    async def flaky(x):
        calls.append(x)
        await clock.sleep(1.0)
        if len(calls) < 3:
            raise OSError("no")
        return x

    result = run_plan(plan, {}, {"t": flaky}, clock=clock)
    found = _calls(plan, slices(plan, result.trace.events))
    assert [s.outcome for s in found] == ["retry", "retry", "finished"]
    assert [round(s.end_s - s.start_s, 6) for s in found] == [1.0, 1.0, 1.0]
    row = next(r for r in analyze(plan, result.trace.events) if r.kind == "stage.call")
    assert (row.calls, row.failures, row.p50_s) == (3, 2, pytest.approx(1.0))


def test_percentile_is_linear_between_neighbours():
    assert percentile([1.0], 0.95) == 1.0
    assert percentile([0.0, 10.0], 0.25) == 2.5
    assert percentile([0.0, 1.0, 2.0, 3.0], 1.0) == 3.0
