"""Control flow by hand-built plans, in virtual time."""

import pytest
from runtime_plans import Builder, outputs, run_plan

from agentc.errors import RuntimeFault
from agentc.runtime.clock import VirtualClock


def _sleepers(clock, *names):
    """Async tools `wait_x(seconds) -> seconds`, which note when they start and end."""
    log = []

    def make(name):
        async def tool(seconds):
            log.append(("start", name, clock.now_s()))
            try:
                await clock.sleep(seconds)
            except BaseException:
                log.append(("cancelled", name, clock.now_s()))
                raise
            log.append(("end", name, clock.now_s()))
            return seconds

        return tool

    return {name: make(name) for name in names}, log


@pytest.mark.parametrize("flag", [True, False])
def test_cond_runs_one_branch(flag):
    b = Builder()
    x = b.input("x", "i1")
    branches = [b.region(lambda: [b.const("yes")]), b.region(lambda: [b.const("no")])]
    plan = b.plan(b.op("agent.cond", x, regions=branches))
    assert outputs(run_plan(plan, {"x": flag})) == ["yes" if flag else "no"]


@pytest.mark.parametrize("selector, expected", [("a", "A"), ("b", "B"), ("z", "other")])
def test_switch_takes_a_case_or_the_default(selector, expected):
    b = Builder()
    x = b.input("x", "text")
    regions = [b.region(lambda t=t: [b.const(t)]) for t in ("other", "A", "B")]
    plan = b.plan(b.op("agent.switch", x, cases=["a", "b"], regions=regions))
    assert outputs(run_plan(plan, {"x": selector})) == [expected]


def _count_to(limit, max_iters):
    """A loop that adds 1 until the sum reaches `limit`."""
    b = Builder()
    x = b.input("x", "i64")

    def body(i, a):
        done = b.op("agent.compare", a, b.const(limit), predicate="ge")
        b.ops("agent.break_if", done, a, results=0)
        return [b.op("agent.binary", a, b.const(1), kind="add")]

    loop = b.op("agent.loop", x, max_iters=max_iters, regions=[b.region(body, args=2)])
    return b.plan(loop, types=["i64"])


def test_loop_breaks_and_is_bounded():
    assert outputs(run_plan(_count_to(4, 100), {"x": 1})) == [4]
    assert outputs(run_plan(_count_to(100, 7), {"x": 1})) == [8]
    assert outputs(run_plan(_count_to(0, 7), {"x": 1})) == [1]


def test_a_long_loop_does_not_recurse():
    assert outputs(run_plan(_count_to(3000, 5000), {"x": 0})) == [3000]


def test_map_keeps_order_and_respects_max_parallel():
    b = Builder()
    xs = b.input("xs", "list<f64>")
    b.tool("wait", ["f64"], "f64")
    region = b.region(lambda i, x: [b.call("wait", x), i], args=2)
    made = b.ops("agent.map", xs, max_parallel=2, results=2, regions=[region])
    clock = VirtualClock()
    tools, log = _sleepers(clock, "wait")
    plan = b.plan(*made, types=["list<f64>", "list<i64>"])
    result = run_plan(plan, {"xs": [3.0, 1.0, 1.0, 1.0]}, tools, clock=clock)
    assert outputs(result) == [[3.0, 1.0, 1.0, 1.0], [0, 1, 2, 3]]
    assert clock.now_s() == 3.0  # two lanes: 3 | 1 1 1
    running = peak = 0
    for what, _, _ in log:
        running += 1 if what == "start" else -1
        peak = max(peak, running)
    assert peak == 2


def test_map_of_nothing_is_nothing():
    b = Builder()
    xs = b.input("xs", "list<text>")
    made = b.op("agent.map", xs, regions=[b.region(lambda i, x: [x], args=2)])
    assert outputs(run_plan(b.plan(made, types=["list<text>"]), {"xs": []})) == [[]]


def test_operations_start_when_their_operands_are_there_not_in_steps():
    """a(1) -> b(1) runs beside c(3); then d needs both: 3 + 1, while b -> e ends at 3."""
    b = Builder()
    b.tool("wait", ["f64", "f64"], "f64")
    one, three, zero = b.const(1.0), b.const(3.0), b.const(0.0)
    clock = VirtualClock()
    ended = {}

    async def wait(seconds, after):
        await clock.sleep(seconds)
        ended[clock.now_s()] = seconds
        return seconds

    a = b.call("wait", one, zero)
    b1 = b.call("wait", one, a)
    c = b.call("wait", three, zero)
    e = b.call("wait", one, b1)
    d = b.call("wait", one, b.op("agent.binary", c, b1, kind="add"))
    run_plan(b.plan(d, e, types=["f64", "f64"]), {}, {"wait": wait}, clock=clock)
    assert sorted(ended) == [1.0, 2.0, 3.0, 4.0] and clock.now_s() == 4.0


def test_a_parallel_region_gives_its_results_before_the_others_end():
    b = Builder()
    b.tool("wait", ["f64"], "f64")
    clock = VirtualClock()
    tools, _ = _sleepers(clock, "wait")
    regions = [
        b.region(lambda: [b.call("wait", b.const(1.0))]),
        b.region(lambda: [b.call("wait", b.const(5.0))]),
    ]
    first, second = b.ops("agent.parallel", results=2, regions=regions)
    after_first = b.call("wait", b.op("agent.binary", first, b.const(2.0), kind="add"))
    plan = b.plan(after_first, second, types=["f64", "f64"])
    assert outputs(run_plan(plan, {}, tools, clock=clock)) == [3.0, 5.0]
    assert clock.now_s() == 5.0  # 1 + 3 beside 5


def test_race_takes_the_first_and_cancels_the_rest():
    b = Builder()
    b.tool("slow", ["f64"], "f64")
    b.tool("fast", ["f64"], "f64")
    clock = VirtualClock()
    tools, log = _sleepers(clock, "slow", "fast")
    regions = [
        b.region(lambda: [b.call("slow", b.const(9.0))]),
        b.region(lambda: [b.call("fast", b.const(2.0))]),
    ]
    won = b.op("agent.race", regions=regions)
    assert outputs(run_plan(b.plan(won, types=["f64"]), {}, tools, clock=clock)) == [2.0]
    assert ("cancelled", "slow", 2.0) in log and clock.now_s() == 2.0


def test_race_passes_over_a_region_that_throws_and_fails_when_all_do():
    b = Builder()
    b.tool("wait", ["f64"], "f64")
    clock = VirtualClock()
    tools, _ = _sleepers(clock, "wait")
    regions = [b.throwing("no", "first"), b.region(lambda: [b.call("wait", b.const(1.0))])]
    won = b.op("agent.race", regions=regions)
    assert outputs(run_plan(b.plan(won, types=["f64"]), {}, tools, clock=clock)) == [1.0]
    b = Builder()
    won = b.op("agent.race", regions=[b.throwing("a", "one"), b.throwing("b", "two")])
    with pytest.raises(RuntimeFault) as caught:
        run_plan(b.plan(won))
    assert caught.value.kind == "two"


def test_try_catches_and_sees_kind_and_message():
    b = Builder()

    def catch(error):
        kind = b.op("agent.get_field", error, field="kind")
        message = b.op("agent.get_field", error, field="message")
        return [b.op("agent.concat", kind, b.const(":"), message)]

    body = b.throwing("went wrong", "mine")
    out = b.op("agent.try", regions=[body, b.region(catch, args=1)])
    assert outputs(run_plan(b.plan(out))) == ["mine:went wrong"]


def test_an_uncaught_throw_ends_the_run_with_its_kind():
    b = Builder()
    x = b.input("x", "i1")
    regions = [b.throwing("stop here", "mine"), b.region(lambda: [b.const("ok")])]
    plan = b.plan(b.op("agent.cond", x, regions=regions))
    with pytest.raises(RuntimeFault, match="stop here") as caught:
        run_plan(plan, {"x": True})
    assert caught.value.kind == "mine"


def test_a_throw_cancels_what_follows_and_waits_for_what_precedes():
    """Both calls run at once; the one first in program order fails last and is the error."""
    b = Builder()
    b.tool("early", ["f64"], "f64")
    b.tool("late", ["f64"], "f64")
    b.tool("never", ["f64"], "f64")
    clock = VirtualClock()
    tools, log = _sleepers(clock, "never")

    def failing(name, after_s):
        async def tool(_):
            await clock.sleep(after_s)
            raise ValueError(name)

        return tool

    tools |= {"early": failing("early", 3.0), "late": failing("late", 1.0)}
    for name in ("early", "late", "never"):
        b.call(name, b.const(10.0))
    with pytest.raises(RuntimeFault, match="ValueError: early"):
        run_plan(b.plan(), {}, tools, clock=clock)
    assert clock.now_s() == 3.0
    assert ("cancelled", "never", 1.0) in log


def test_a_branch_may_use_outer_values_that_come_later():
    """The branch opens at once and its first call runs before the outer value is there."""
    b = Builder()
    b.tool("wait", ["f64"], "f64")
    clock = VirtualClock()
    tools, _ = _sleepers(clock, "wait")
    outer = b.call("wait", b.const(4.0))

    def then():
        inner = b.call("wait", b.const(3.0))
        return [b.op("agent.binary", inner, outer, kind="add")]

    regions = [b.region(then), b.region(lambda: [outer])]
    out = b.op("agent.cond", b.const(True), regions=regions)
    assert outputs(run_plan(b.plan(out, types=["f64"]), {}, tools, clock=clock)) == [7.0]
    assert clock.now_s() == 4.0
