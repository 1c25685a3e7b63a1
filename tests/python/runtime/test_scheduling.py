"""Slots and policies: who starts, which call goes next, which KV stays."""

import asyncio

import pytest
from runtime_plans import Builder, make_app

from agentc.errors import BudgetExceeded
from agentc.plan import Budget, Device, Distribution, Op
from agentc.runtime.budget import Ledger, tightest
from agentc.runtime.clock import VirtualClock
from agentc.runtime.scheduler import AdmitAll, KeepForShortWaits, Policies
from agentc.runtime.scheduler.kv_waiting import expected
from agentc.runtime.slots import Slots


def _one_call_plan():
    b = Builder()
    seconds = b.input("seconds", "f64")
    b.tool("t", ["f64"], "f64")
    return b.plan(b.call("t", seconds), types=["f64"])


def _serve(seconds, policies, **limits):
    """Runs one call for each of `seconds` at once; returns the order in which they started."""
    clock, started = VirtualClock(), []

    async def t(x):
        started.append((clock.now_s(), x))
        await clock.sleep(x)
        return x

    async def main():
        plan = _one_call_plan()
        async with make_app(plan, clock, {"t": t}, policies=policies, limits=limits) as app:
            await asyncio.gather(*(app.run(seconds=s) for s in seconds))

    clock.run(main())
    return started


def test_admission_limits_how_many_runs_are_in_progress():
    started = _serve([2.0, 2.0, 2.0], Policies(admission=AdmitAll(max_runs=2)))
    assert [at for at, _ in started] == [0.0, 0.0, 2.0]


def test_calls_go_in_order_of_arrival_by_default():
    started = _serve([3.0, 1.0, 2.0], Policies(), tools=1)
    assert [x for _, x in started] == [3.0, 1.0, 2.0]


class _ShortestFirst:
    """A policy as a user would write one."""

    def order(self, queue, now_s):
        return sorted(queue, key=lambda activity: activity.operands[0])


def test_a_policy_of_ones_own_decides_the_order():
    started = _serve([3.0, 1.0, 2.0], Policies(queue_order=_ShortestFirst()), tools=1)
    assert [x for _, x in started] == [1.0, 2.0, 3.0]


class _Nobody:
    def admit(self, waiting, running, now_s):
        return []


def test_a_run_that_is_never_admitted_still_obeys_its_time_limit():
    clock = VirtualClock()

    async def main():
        policies = Policies(admission=_Nobody())
        async with make_app(_one_call_plan(), clock, {"t": abs}, policies=policies) as app:
            with pytest.raises(Exception, match="no result within 5 s"):
                await app.run(seconds=1.0, timeout_s=5.0)

    clock.run(main())
    assert clock.now_s() == 5.0


def test_slots_by_resource():
    plan = Builder().plan(devices=(Device("gpu", "gpu", "cuda", 2, 0),))
    slots = Slots(plan, {"tools": 1})
    module = Op(1, "stage.module", device="gpu")
    tool, decode = Op(2, "stage.call"), Op(3, "stage.decode", device="gpu")
    for op in (module, module, tool):
        assert slots.can_take(op)
        slots.take(op)
    assert not slots.can_take(module) and not slots.can_take(tool)
    assert slots.can_take(decode)  # engines batch: they queue for themselves
    slots.give_back(module)
    assert slots.can_take(module)


@pytest.mark.parametrize(
    "distribution, value",
    [
        (Distribution("constant", (3.0,)), 3.0),
        (Distribution("lognormal", (2.0, 9.0)), 2.0),
        (Distribution("uniform", (1.0, 3.0)), 2.0),
        (Distribution("categorical", (1.0, 5.0), (3.0, 1.0)), 2.0),
        (Distribution("empirical", (0.0, 1.0, 5.0)), 2.0),
    ],
)
def test_expected_wait(distribution, value):
    assert expected(distribution) == value


def test_kv_is_parked_only_when_full_and_the_wait_is_long():
    policy = KeepForShortWaits(full=0.9, long_s=1.0)
    long, short = Distribution("constant", (5.0,)), Distribution("constant", (0.2,))
    assert policy.park(100, long, 0, 0.95) and policy.park(100, None, None, 0.95)
    assert not policy.park(100, long, 9, 0.5) and not policy.park(100, short, 9, 0.95)
    assert policy.park(100, None, 2, 0.95) and not policy.park(100, None, 0, 0.95)


def test_reservations_are_settled_to_what_was_used():
    ledger = Ledger(Budget(tokens=100, usd=1.0))
    with ledger.reserve("a", tokens=80, usd=0.5) as held:
        said = "b may need 30 tokens, 20 of the budget of 100"
        with pytest.raises(BudgetExceeded, match=said), ledger.reserve("b", tokens=30):
            pass
        held.used_tokens = 10
    assert (ledger.tokens, ledger.usd) == (10, 0.5)
    with pytest.raises(BudgetExceeded, match="USD"), ledger.reserve("c", usd=0.6):
        pass
    with pytest.raises(ValueError), ledger.reserve("d", tokens=50):
        raise ValueError  # a call that failed has used what it reserved
    assert ledger.tokens == 60


def test_the_tightest_budget_counts():
    made = tightest(Budget(usd=1.0, tokens=5), None, Budget(usd=0.5, wall_s=2.0))
    assert made == Budget(usd=0.5, tokens=5, wall_s=2.0)
    assert tightest() == Budget()
