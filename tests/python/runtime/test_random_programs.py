"""Random programs, run as a dataflow with random latencies, against the direct evaluator: same
results or same error, and the same effects in the same order."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from typing import Any

from direct_evaluator import Thrown, evaluate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runtime_plans import Builder, make_app, run_plan

from agentc.errors import RuntimeFault
from agentc.plan import Plan
from agentc.runtime.clock import VirtualClock
from agentc.runtime.trace import Event
from agentc.runtime.trace_files import operations


class _Author:
    """Writes a random program of integers. `alone` is False where regions run side by side, so
    that the order of effects there is nobody's promise."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.b = Builder()
        self.b.tool("work", ["i64"], "i64", "pure")
        self.b.tool("note", ["i64"], "i64", "stageable", writes=("notes",))
        self.b.tool("send", ["i64"], "i64", "irreversible")

    def pick(self, known: list[int]) -> int:
        return self.draw(st.sampled_from(known))

    def small(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def block(self, known: list[int], depth: int, alone: bool) -> list[int]:
        """Adds up to 4 operations and returns all values in sight."""
        known = list(known) or [self.b.const(self.small(0, 3))]
        for _ in range(self.small(1, 4)):
            known.append(self.operation(known, depth, alone))
        return known

    def operation(self, known: list[int], depth: int, alone: bool) -> int:
        simple = ["constant", "binary", "work", "item"] + (["note", "send"] if alone else [])
        nested = ["cond", "switch", "loop", "map", "parallel", "vote", "race", "try"]
        name = self.draw(st.sampled_from(simple + (nested if depth else [])))
        return getattr(self, f"_{name}")(known, depth, alone)

    def region(self, known, depth, alone, args=0, may_throw=True):
        """A region that yields one integer, or sometimes throws."""
        throws = may_throw and self.small(0, 9) == 0

        def body(*arguments: int) -> list[int]:
            seen = self.block([*known, *arguments], depth - 1, alone)
            return [self.b.const("thrown") if throws else self.pick(seen)]

        kind = f"kind{self.small(0, 2)}"
        return self.b.region(body, args=args, end="throw" if throws else "yield", kind=kind)

    def _constant(self, known, depth, alone):
        return self.b.const(self.small(0, 5))

    def _binary(self, known, depth, alone):
        kind = self.draw(st.sampled_from(["add", "sub", "mod"]))
        return self.b.op("agent.binary", self.pick(known), self.pick(known), kind=kind)

    def _item(self, known, depth, alone):
        items = self.b.op("agent.make_list", *[self.pick(known) for _ in range(self.small(1, 3))])
        return self.b.op("agent.get_item", items, self.b.const(self.small(0, 3)))

    def _work(self, known, depth, alone):
        return self.b.call("work", self.pick(known))

    def _note(self, known, depth, alone):
        return self.b.call("note", self.pick(known))

    def _send(self, known, depth, alone):
        return self.b.call("send", self.pick(known))

    def _cond(self, known, depth, alone):
        test = self.b.op("agent.compare", self.pick(known), self.pick(known), predicate="lt")
        regions = [self.region(known, depth, alone) for _ in range(2)]
        return self.b.op("agent.cond", test, regions=regions)

    def _switch(self, known, depth, alone):
        regions = [self.region(known, depth, alone) for _ in range(3)]
        return self.b.op("agent.switch", self.pick(known), cases=[0, 1], regions=regions)

    def _loop(self, known, depth, alone):
        def body(i: int, a: int) -> list[int]:
            seen = self.block([*known, i, a], depth - 1, alone)
            if self.small(0, 1):
                test = self.b.op("agent.compare", self.pick(seen), self.pick(seen), predicate="lt")
                self.b.ops("agent.break_if", test, self.pick(seen), results=0)
                seen = self.block(seen, depth - 1, alone)
            return [self.pick(seen)]

        region = self.b.region(body, args=2)
        return self.b.op(
            "agent.loop", self.pick(known), max_iters=self.small(1, 3), regions=[region]
        )

    def _map(self, known, depth, alone):
        items = self.b.op("agent.make_list", *[self.pick(known) for _ in range(self.small(0, 3))])
        limit = self.draw(st.sampled_from([None, 1, 2]))
        region = self.region(known, depth, False, args=2)
        made = self.b.op("agent.map", items, max_parallel=limit, regions=[region])
        return self.b.op("agent.length", made)

    def _parallel(self, known, depth, alone):
        regions = [self.region(known, depth, False) for _ in range(self.small(1, 3))]
        made = self.b.ops("agent.parallel", results=len(regions), regions=regions)
        return self.pick(list(made))

    def _vote(self, known, depth, alone):
        attrs: dict[str, Any] = {"n": self.small(1, 4)}
        attrs["reduce"] = self.draw(st.sampled_from(["majority", "median"]))
        if attrs["reduce"] == "majority" and self.small(0, 1):
            attrs["quorum"] = self.small(1, attrs["n"])
        return self.b.op("agent.vote", regions=[self.region(known, depth, False, args=1)], **attrs)

    def _race(self, known, depth, alone):
        """Only one region can win, so that the winner is no matter of time."""
        winner = self.small(0, 2)
        regions = [
            self.region(known, depth, False) if i == winner else self.b.throwing("x", f"out{i}")
            for i in range(3)
        ]
        return self.b.op("agent.race", regions=regions)

    def _try(self, known, depth, alone):
        body = self.region(known, depth, alone)

        def catch(error: int) -> list[int]:
            message = self.b.op("agent.get_field", error, field="message")
            length = self.b.op("agent.length", message)
            return [self.pick([*self.block(known, depth - 1, alone), length])]

        return self.b.op("agent.try", regions=[body, self.b.region(catch, args=1)])


@st.composite
def programs(draw: Any) -> tuple[Plan, int]:
    author = _Author(draw)
    x = author.b.input("x", "i64")
    seen = author.block([x], 3, True)
    outs = [author.pick(seen) for _ in range(2)]
    return author.b.plan(*outs, types=["i64", "i64"]), draw(st.integers(0, 5))


def _sync_tools(log: list[Any]) -> dict[str, Any]:
    def noting(name: str) -> Any:
        def tool(x: int) -> int:
            log.append((name, x))
            return x % 3

        return tool

    def work(x: int) -> int:
        if x == 4:
            raise Thrown("tool", "work refuses 4")
        return (3 * x + 1) % 11

    return {"work": work, "note": noting("note"), "send": noting("send")}


def _slow_tools(log: list[Any], clock: VirtualClock, salt: int) -> dict[str, Any]:
    """The same tools, each call with its own latency: effects happen at the end of it."""

    def slow(name: str, function: Any) -> Any:
        calls = 0

        async def tool(x: int) -> int:
            nonlocal calls
            calls += 1
            digest = hashlib.sha256(f"{salt}:{name}:{x}:{calls}".encode()).digest()
            await clock.sleep(digest[0] / 50)
            return function(x)

        return tool

    return {name: slow(name, function) for name, function in _sync_tools(log).items()}


@given(program=programs(), salt=st.integers(0, 3))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_dataflow_equals_direct_evaluation(program: tuple[Plan, int], salt: int) -> None:
    plan, x = program
    expected_log: list[Any] = []
    expected: Any
    try:
        expected = evaluate(plan, [x], _sync_tools(expected_log))
    except Thrown as error:
        expected = error.kind
    clock = VirtualClock()
    log: list[Any] = []
    try:
        result = run_plan(plan, {"x": x}, _slow_tools(log, clock, salt), clock=clock)
        found: Any = list(result.outputs.values())
    except RuntimeFault as error:
        found = error.kind
    assert found == expected
    assert log == expected_log


def _traced(program: tuple[Plan, int], salt: int) -> list[Event]:
    plan, x = program
    clock = VirtualClock()
    events: list[Event] = []

    async def main() -> None:
        tools = _slow_tools([], clock, salt)
        async with make_app(plan, clock, tools) as app:
            with contextlib.suppress(RuntimeFault):
                async for event in app.stream(x=x, run_id="r"):
                    events.append(event)

    clock.run(main())
    return events


def _assert_no_operation_starts_before_what_it_reads(plan: Plan, events: list[Event]) -> None:
    """Between work operations of one scope, by the values that pass directly between them."""
    finished: dict[tuple[Any, ...], float] = {}
    makers = {v: op.id for op in operations(plan.body) for v in op.results}
    reads = {op.id: {makers.get(v) for v in op.operands} for op in operations(plan.body)}
    calls = {op.id for op in operations(plan.body) if op.kind == "stage.call"}
    for event in events:
        if event.kind == "op_finished":
            finished[event.op, event.path] = event.time_s
        if event.kind == "op_started":
            for source in reads[event.op] & calls:
                done = [t for (op, _), t in finished.items() if op == source]
                assert done and min(done) <= event.time_s


@given(program=programs(), salt=st.integers(0, 3))
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_equal_runs_have_equal_traces_in_the_order_of_the_data(
    program: tuple[Plan, int], salt: int
) -> None:
    events = _traced(program, salt)
    assert events == _traced(program, salt)
    _assert_no_operation_starts_before_what_it_reads(program[0], events)
    assert [e.time_s for e in events] == sorted(e.time_s for e in events)
    if events[-1].kind == "run_finished":
        started = Counter((e.op, e.path) for e in events if e.kind == "op_started")
        ends = ("op_finished", "op_failed", "op_cancelled")
        ended = Counter((e.op, e.path) for e in events if e.kind in ends)
        assert all(ended[key] <= count for key, count in started.items())
