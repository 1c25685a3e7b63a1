"""The app: inputs, results, streams, interrupts, cancellation, time limits, budgets."""

import asyncio

import pytest
from runtime_plans import Builder, make_app, outputs, run_plan

from agentc.errors import BudgetExceeded, RuntimeFault
from agentc.plan import Budget
from agentc.runtime.clock import VirtualClock, WallClock


def _echo_plan(type_="text"):
    b = Builder()
    x = b.input("x", type_)
    return b.plan(x, types=[type_])


@pytest.mark.parametrize(
    "inputs, said",
    [
        ({}, r"inputs of 'by-hand' are none, expected exactly \['x'\]; add x"),
        ({"x": "a", "y": 1}, "remove y"),
        ({"x": 3}, "input 'x' is int 3, expected text"),
    ],
)
def test_wrong_inputs_are_typed_errors(inputs, said):
    with pytest.raises(RuntimeFault, match=said) as caught:
        run_plan(_echo_plan(), inputs)
    assert caught.value.kind == "input"


def test_inputs_are_brought_into_the_form_of_their_type():
    assert outputs(run_plan(_echo_plan("f64"), {"x": 3})) == [3.0]
    record = 'record<"P", a: i64, b: list<f64>>'
    made = outputs(run_plan(_echo_plan(record), {"x": {"b": [1], "a": 2}}))[0]
    assert list(made.items()) == [("a", 2), ("b", [1.0])]


def test_run_sync_many_times_and_close():
    app = make_app(_echo_plan(), WallClock())
    assert [app.run_sync(x=str(i)).outputs["out0"] for i in range(3)] == ["0", "1", "2"]
    app.close()


def test_a_closed_app_says_so():
    app = make_app(_echo_plan(), WallClock())
    assert "Trace" not in repr(app.run_sync(x="a"))
    app.close()
    with pytest.raises(RuntimeFault, match="the app is closed; load the package again"):
        app.run_sync(x="a")
    app.close()


def test_runs_from_two_event_loops_one_after_the_other():
    app = make_app(_echo_plan(), WallClock())
    assert [asyncio.run(app.run(x=t)).outputs["out0"] for t in "ab"] == ["a", "b"]
    asyncio.run(app.aclose())


def _waiting_plan(seconds, **rest):
    b = Builder()
    b.tool("wait", ["f64"], "f64")
    return b.plan(b.call("wait", b.const(seconds)), types=["f64"], **rest)


def test_many_runs_at_once_share_time():
    clock = VirtualClock()

    async def main():
        async with make_app(_waiting_plan(2.0), clock, {"wait": _wait(clock)}) as app:
            await asyncio.gather(*(app.run() for _ in range(50)))
        return clock.now_s()

    assert clock.run(main()) == 2.0


def _wait(clock, log=None):
    async def wait(seconds):
        try:
            await clock.sleep(seconds)
        except asyncio.CancelledError:
            if log is not None:
                log.append(clock.now_s())
            raise
        return seconds

    return wait


def test_timeout_of_the_whole_run():
    clock = VirtualClock()
    with pytest.raises(RuntimeFault, match="no result within 3 s") as caught:
        run_plan(_waiting_plan(9.0), {}, {"wait": _wait(clock)}, clock=clock, timeout_s=3.0)
    assert caught.value.kind == "timeout" and clock.now_s() == 3.0


def test_wall_budget_ends_the_run_with_what_is_known():
    b = Builder()
    b.tool("wait", ["f64"], "f64")
    early, late = b.call("wait", b.const(1.0)), b.call("wait", b.const(9.0))
    plan = b.plan(early, late, types=["f64", "f64"], budget=Budget(wall_s=4.0))
    clock = VirtualClock()
    with pytest.raises(BudgetExceeded, match="4 s of wall time") as caught:
        run_plan(plan, {}, {"wait": _wait(clock)}, clock=clock)
    assert caught.value.partial == {"out0": 1.0}


def test_cost_budget_is_checked_before_the_call():
    b = Builder()
    b.tool("buy", ["f64"], "f64", cost_usd=0.4)
    called = []
    first = b.call("buy", b.const(1.0))
    second = b.call("buy", first)
    third = b.call("buy", second)
    plan = b.plan(third, types=["f64"])
    with pytest.raises(BudgetExceeded, match=r"0\.2 of the budget of 1 USD are left"):
        run_plan(plan, {}, {"buy": lambda x: called.append(x) or x}, budget=Budget(usd=1.0))
    assert called == [1.0, 1.0]
    result = run_plan(plan, {}, {"buy": lambda x: x}, budget=Budget(usd=1.2))
    assert result.usage.cost_usd == pytest.approx(1.2) and result.usage.tool_calls == 3


def test_budget_errors_cannot_be_caught_by_the_program():
    b = Builder()
    b.tool("buy", ["f64"], "f64", cost_usd=1.0)
    body = b.region(lambda: [b.call("buy", b.const(1.0))])
    catch = b.region(lambda e: [b.const(0.0)], args=1)
    plan = b.plan(b.op("agent.try", regions=[body, catch]), types=["f64"])
    with pytest.raises(BudgetExceeded):
        run_plan(plan, {}, {"buy": lambda x: x}, budget=Budget(usd=0.5))


def test_cancel_ends_the_run_and_its_tools():
    clock, log = VirtualClock(), []

    async def main():
        async with make_app(_waiting_plan(9.0), clock, {"wait": _wait(clock, log)}) as app:
            running = asyncio.create_task(app.run(run_id="r1"))
            await clock.sleep(1.0)
            await app.cancel("r1")
            with pytest.raises(RuntimeFault, match="cancelled") as caught:
                await running
            with pytest.raises(RuntimeFault, match="no run r1"):
                await app.cancel("r1")
            return caught.value.kind

    assert clock.run(main()) == "cancelled"
    assert log == [1.0]


def test_cancelling_the_caller_cancels_the_run():
    clock, log = VirtualClock(), []

    async def main():
        async with make_app(_waiting_plan(9.0), clock, {"wait": _wait(clock, log)}) as app:
            running = asyncio.create_task(app.run())
            await clock.sleep(2.0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    clock.run(main())
    assert log == [2.0]


def test_stream_gives_events_in_order_and_ends_with_the_result():
    clock = VirtualClock()

    async def main():
        async with make_app(_waiting_plan(2.0), clock, {"wait": _wait(clock)}) as app:
            return [event async for event in app.stream()]

    events = clock.run(main())
    kinds = [event.kind for event in events]
    assert kinds[:3] == ["run_submitted", "run_started", "op_started"]
    assert kinds[-1] == "run_finished" and events[-1].data["outputs"] == {"out0": 2.0}
    times = [event.time_s for event in events]
    assert times == sorted(times) and times[-1] == 2.0


def test_leaving_a_stream_cancels_its_run():
    clock, log = VirtualClock(), []

    async def main():
        async with make_app(_waiting_plan(9.0), clock, {"wait": _wait(clock, log)}) as app:
            stream = app.stream()
            async for event in stream:
                if event.kind == "op_started":
                    break
            await clock.sleep(1.0)
            await stream.aclose()
            await clock.sleep(1.0)

    clock.run(main())
    assert log == [1.0]


def _asking_plan(timeout_s=None):
    b = Builder()
    prompt = b.const("send it?")
    attrs = {} if timeout_s is None else {"timeout_s": timeout_s}
    answer = b.op(
        "agent.await_event", prompt, event="approve", operand_types=["text"],
        result_types=["i1"], **attrs,
    )  # fmt: skip
    regions = [b.region(lambda: [b.const("sent")]), b.region(lambda: [b.const("kept")])]
    return b.plan(b.op("agent.cond", answer, regions=regions))


def test_interrupt_waits_for_a_typed_answer():
    clock = VirtualClock()

    async def main():
        async with make_app(_asking_plan(), clock) as app:
            said = []
            async for event in app.stream(run_id="r"):
                said.append(event.kind)
                if event.kind == "interrupt":
                    assert event.data == {"name": "approve", "prompt": "send it?", "type": "i1"}
                    with pytest.raises(RuntimeFault, match="the answer to 'approve' is str 'yes'"):
                        app.answer("r", "approve", "yes")
                    with pytest.raises(RuntimeFault, match="waits for no event 'other'"):
                        app.answer("r", "other", True)
                    app.answer("r", "approve", True)
            return event.data["outputs"]["out0"]

    assert clock.run(main()) == "sent"


def test_interrupt_without_an_answer_times_out():
    clock = VirtualClock()
    with pytest.raises(RuntimeFault, match="no answer to 'approve' within 60 s") as caught:
        run_plan(_asking_plan(60.0), clock=clock)
    assert caught.value.kind == "timeout" and clock.now_s() == 60.0


def test_closing_the_app_cancels_its_runs():
    clock, log = VirtualClock(), []

    async def main():
        app = make_app(_waiting_plan(9.0), clock, {"wait": _wait(clock, log)})
        running = asyncio.create_task(app.run())
        await clock.sleep(1.0)
        await app.aclose()
        with pytest.raises(RuntimeFault, match="app was closed"):
            await running

    clock.run(main())
    assert log == [1.0]
