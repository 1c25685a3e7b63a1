"""Tools: sync and async, types of results, time limits, retries, order of effects, slots."""

import asyncio
import itertools
import threading

import pytest
from runtime_plans import Builder, make_app, outputs, run_plan

from agentc.errors import PackageError, RuntimeFault
from agentc.runtime.clock import VirtualClock


def _one_call(tool_class="pure", result="text", operand="a", params=("text",), **tool):
    b = Builder()
    b.tool("t", params, result, tool_class, **tool)
    plan = b.plan(b.call("t", b.const(operand), source="graph.py:7"), types=[result])
    return plan


def test_sync_tools_run_in_a_thread_and_async_ones_in_the_loop():
    seen = []

    def sync(x):
        seen.append(threading.current_thread() is threading.main_thread())
        return x

    async def in_loop(x):
        seen.append(threading.current_thread() is threading.main_thread())
        return x

    assert outputs(run_plan(_one_call(), {}, {"t": sync})) == ["a"]
    assert outputs(run_plan(_one_call(), {}, {"t": in_loop})) == ["a"]
    assert seen == [False, True]


def test_a_tool_that_raises_is_a_fault_with_line_and_kind():
    def broken(x):
        raise KeyError("city")

    with pytest.raises(RuntimeFault) as caught:
        run_plan(_one_call(), {}, {"t": broken})
    assert caught.value.kind == "tool"
    assert str(caught.value).startswith("graph.py:7: tool 't' raised KeyError: 'city'")


def test_a_result_of_another_type_is_a_fault():
    with pytest.raises(RuntimeFault, match="the result of 't' is int 3, expected text") as caught:
        run_plan(_one_call(), {}, {"t": lambda x: 3})
    assert caught.value.kind == "tool"


def test_a_tool_without_a_function_says_so():
    with pytest.raises(PackageError, match="tool 't' has no function"):
        run_plan(_one_call(), {}, {})


def test_timeout_of_one_attempt():
    clock = VirtualClock()

    async def slow(x):
        await clock.sleep(100)

    with pytest.raises(RuntimeFault, match="gave no result within 2 s") as caught:
        run_plan(_one_call(timeout_s=2.0), {}, {"t": slow}, clock=clock)
    assert caught.value.kind == "timeout" and clock.now_s() == 2.0


def _failing(times, clock, log):
    async def tool(x):
        log.append(clock.now_s())
        if len(log) <= times:
            raise ConnectionError("no line")
        return x

    return tool


def test_retries_back_off_with_jitter_drawn_from_the_seed():
    def attempt_times(seed):
        clock, log = VirtualClock(), []
        plan = _one_call(retries=3)
        run_plan(plan, {}, {"t": _failing(3, clock, log)}, clock=clock, seed=seed)
        return log

    times = attempt_times(1)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert len(times) == 4
    for gap, full in zip(gaps, (0.1, 0.2, 0.4), strict=True):
        assert full / 2 <= gap < full
    assert attempt_times(1) == times != attempt_times(2)


def test_no_retries_unless_declared_and_the_last_error_is_the_error():
    clock, log = VirtualClock(), []
    with pytest.raises(RuntimeFault, match="ConnectionError"):
        run_plan(_one_call(), {}, {"t": _failing(1, clock, log)}, clock=clock)
    assert len(log) == 1
    clock, log = VirtualClock(), []
    with pytest.raises(RuntimeFault, match="ConnectionError"):
        run_plan(_one_call(retries=2), {}, {"t": _failing(9, clock, log)}, clock=clock)
    assert len(log) == 3


def _two_calls(first, second):
    """Two calls that share no value; returns when each ran, the first taking 5 s."""
    b = Builder()
    for name, (tool_class, attrs) in {"one": first, "two": second}.items():
        b.tool(name, ["f64"], "f64", tool_class, **attrs)
    plan = b.plan(b.call("one", b.const(5.0)), b.call("two", b.const(1.0)), types=["f64", "f64"])
    clock, starts = VirtualClock(), {}

    def make(name):
        async def tool(seconds):
            starts[name] = clock.now_s()
            await clock.sleep(seconds)
            return seconds

        return tool

    run_plan(plan, {}, {"one": make("one"), "two": make("two")}, clock=clock)
    return starts["two"]


READ_X, WRITE_X, READ_Y = {"reads": ("x",)}, {"writes": ("x",)}, {"reads": ("y",)}


@pytest.mark.parametrize(
    "first, second, second_starts_s",
    [
        (("pure", {}), ("pure", {}), 0.0),
        (("idempotent", READ_X), ("idempotent", READ_X), 0.0),
        (("idempotent", READ_X), ("idempotent", WRITE_X), 5.0),
        (("idempotent", WRITE_X), ("idempotent", READ_X), 5.0),
        (("idempotent", WRITE_X), ("idempotent", READ_Y), 0.0),
        (("stageable", {}), ("idempotent", READ_Y), 5.0),  # undeclared: may touch anything
        (("pure", {}), ("irreversible", {}), 5.0),  # the first might throw
        (("irreversible", {}), ("pure", {}), 0.0),
    ],
)
def test_effects_keep_program_order_and_nothing_else_waits(first, second, second_starts_s):
    assert _two_calls(first, second) == second_starts_s


def test_a_call_waits_for_the_calls_it_must_not_overtake():
    b = Builder()
    b.tool("one", ["f64"], "f64")
    b.tool("two", ["f64"], "f64")
    handle = b.op("stage.call", b.const(5.0), tool="one")
    other = b.op("stage.call", b.const(1.0), handle, tool="two", operand_segments=[1, 1])
    plan = b.plan(b.op("stage.await", other), types=["f64"])
    clock, starts = VirtualClock(), []

    async def tool(seconds):
        starts.append(clock.now_s())
        await clock.sleep(seconds)
        return seconds

    run_plan(plan, {}, {"one": tool, "two": tool}, clock=clock)
    assert starts == [0.0, 5.0]


def test_slots_limit_how_many_tools_run():
    b = Builder()
    xs = b.input("xs", "list<f64>")
    b.tool("t", ["f64"], "f64")
    region = b.region(lambda i, x: [b.call("t", x)], args=2)
    plan = b.plan(b.op("agent.map", xs, regions=[region]), types=["list<f64>"])
    clock = VirtualClock()

    async def tool(seconds):
        await clock.sleep(seconds)
        return seconds

    async def main():
        async with make_app(plan, clock, {"t": tool}, limits={"tools": 3}) as app:
            await app.run(xs=[1.0] * 9)

    clock.run(main())
    assert clock.now_s() == 3.0


def test_many_blocking_tools_run_at_once():
    b = Builder()
    xs = b.input("xs", "list<i64>")
    b.tool("t", ["i64"], "i64")
    region = b.region(lambda i, x: [b.call("t", x)], args=2)
    plan = b.plan(b.op("agent.map", xs, regions=[region]), types=["list<i64>"])
    together = threading.Barrier(40)

    def tool(x):
        together.wait(timeout=20)  # passes only when 40 are here
        return x

    assert outputs(run_plan(plan, {"xs": list(range(40))}, {"t": tool})) == [list(range(40))]


def test_a_call_cancelled_before_it_starts_gives_its_slot_back():
    b = Builder()
    b.tool("t", ["f64"], "f64")
    plan = b.plan(b.call("t", b.const(1.0)), types=["f64"])
    clock = VirtualClock()

    async def tool(seconds):
        await clock.sleep(seconds)
        return seconds

    async def main():
        async with make_app(plan, clock, {"t": tool}, limits={"tools": 1}) as app:
            for run in range(3):
                task = asyncio.create_task(app.run(run_id=str(run)))
                for _ in range(run + 1):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            return (await app.run()).outputs

    assert clock.run(main()) == {"out0": 1.0}
