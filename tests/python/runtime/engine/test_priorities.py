"""Who comes first, who gives way, and that giving way changes no text."""

import random
from dataclasses import dataclass, field

import pytest
from engine_driver import Driver
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_forward import TinyForward

from agentc.errors import RuntimeFault
from agentc.runtime.engine import PageByPage, Sampling
from agentc.runtime.engine.batching import TokenBudget
from agentc.runtime.engine.order import Fcfs, PriorityThenFcfs
from agentc.runtime.engine.request import Request
from agentc.runtime.kv import HostTier

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def undisturbed(prompt, sampling, seed=0):
    """The result of a call that has an engine for itself."""
    d = Driver(TinyForward())
    return d.call(d.snapshot(prompt), sampling, seed)


def same(found, expected):
    assert (found.text, found.tokens, found.finish) == (
        expected.text,
        expected.tokens,
        expected.finish,
    )
    assert found.logprobs == expected.logprobs
    assert found.usage.generated_tokens == expected.usage.generated_tokens


def test_the_urgent_starts_first_and_equals_in_order(driver):
    d = driver(max_sequences=1)
    started = []
    for number, priority in enumerate([0, 0, 5, 1, 5]):

        def token(text, token, number=number):
            started.append(number)

        d.submit(d.snapshot([number + 1] * 3), Sampling(1), on_token=token, priority=priority)
    d.run()
    assert started == [2, 4, 3, 0, 1]


@pytest.mark.parametrize("tier", [None, HostTier(1 << 20)], ids=["dropped", "swapped"])
def test_a_running_decode_gives_way_and_goes_on(driver, tier):
    d = driver(pages=7, tier=tier)
    how = Sampling(40, 1.0, stop=("zz",), logprobs=2)
    slow = d.submit(d.snapshot(range(40)), how, seed=3)  # all 6 pages
    for _ in range(10):
        d.engine.step()
    urgent = d.submit(d.snapshot([7] * 50), Sampling(30), priority=1)
    d.engine.step()
    assert d.engine.load().waiting == 1, "the slow one waits now"
    while id(urgent) not in d.results:
        d.engine.step()
        assert id(slow) not in d.results
    d.run()
    same(d.result(urgent), undisturbed([7] * 50, Sampling(30)))
    same(d.result(slow), undisturbed(range(40), how, 3))
    assert d.result(slow).usage.cached_tokens == 0
    assert d.result(slow).usage.computed_tokens == 40
    swapped = d.engine.cache.swap
    assert (swapped.swapped_out > 0, swapped.swapped_in > 0) == (tier is not None,) * 2
    d.results.clear()
    d.assert_all_free()


def test_a_seat_is_given_up_as_well(driver):
    d = driver(max_sequences=1)
    slow = d.submit(d.snapshot(range(10)), Sampling(20, schema=SCHEMA), seed=1)
    d.engine.step()
    d.engine.step()
    urgent = d.submit(d.snapshot(range(30)), Sampling(3), priority=1)
    same_urgency = d.submit(d.snapshot(range(50)), Sampling(3), priority=1)
    while id(urgent) not in d.results:
        assert id(slow) not in d.results and id(same_urgency) not in d.results
        d.engine.step()
    d.run()
    same(d.result(slow), undisturbed(range(10), Sampling(20, schema=SCHEMA), 1))


def test_nobody_gives_way_for_nothing(driver):
    d = driver(pages=9)
    idle = d.call(d.snapshot(range(50)))  # holds 4 of 8 pages
    slow = d.submit(d.snapshot([1] * 20), Sampling(12), priority=0)  # 2 pages
    d.engine.step()
    d.submit(d.snapshot([2] * 70), Sampling(20), priority=3)  # 6 pages: not even without the slow
    d.engine.step()
    assert d.engine.load().running == 1
    d.run()
    same(d.result(slow), undisturbed([1] * 20, Sampling(12)))
    assert len(idle) == 50


def test_first_come_first_served_preempts_nobody(driver):
    d = driver(max_sequences=1, order=Fcfs())
    first = d.submit(d.snapshot(range(10)), Sampling(5))
    d.engine.step()
    second = d.submit(d.snapshot(range(20)), Sampling(5), priority=9)
    while id(first) not in d.results:
        d.engine.step()
        assert id(second) not in d.results
    d.run()


def test_cancelled_while_suspended(driver):
    d = driver(pages=7, tier=HostTier(1 << 20))
    slow = d.submit(d.snapshot(range(40)), Sampling(40))
    d.engine.step()
    urgent = d.submit(d.snapshot([7] * 50), Sampling(30), priority=1)
    d.engine.step()
    slow.cancelled = True
    d.engine.step()
    assert d.result(slow).kind == "cancelled"
    d.run()
    same(d.result(urgent), undisturbed([7] * 50, Sampling(30)))
    d.results.clear()
    d.assert_all_free()


def test_a_device_that_fails_concerns_only_what_runs(driver):
    d = driver(pages=7)
    slow = d.submit(d.snapshot(range(40)), Sampling(40))
    d.engine.step()
    urgent = d.submit(d.snapshot([7] * 50), Sampling(30), priority=1)
    d.engine.step()
    d.forward.fail_next = True
    with pytest.raises(RuntimeFault):
        d.engine.step()
    assert d.result(urgent).kind == "device"
    d.run()
    same(d.result(slow), undisturbed(range(40), Sampling(40)))


def test_page_by_page_starts_more_and_ends_all(driver):
    tokens = {}
    for reservation in (None, PageByPage(8)):
        options = {} if reservation is None else {"reservation": reservation}
        d = driver(pages=9, **options)
        requests = [d.submit(d.snapshot([i] * 10), Sampling(40, 1.0), seed=i) for i in range(5)]
        d.engine.step()
        running = d.engine.load().running
        assert running == (2 if reservation is None else 4)
        d.run()
        tokens[running] = [d.result(request).tokens for request in requests]
        d.results.clear()
        d.assert_all_free()
    assert tokens[2] == tokens[4]


@dataclass(eq=False)
class _Wait:
    priority: int
    arrival: int
    overtaken: int = field(default=0)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), ageing=st.integers(1, 4), levels=st.integers(1, 4))
def test_ageing_bounds_how_often_a_request_is_overtaken(seed, ageing, levels):
    """Arrivals at random, one start at a time: the bound of PriorityThenFcfs holds."""
    order, chance = PriorityThenFcfs(ageing), random.Random(seed)
    waiting: list[Request] = []
    worst = {}
    for _ in range(150):
        for _ in range(chance.choice((0, 1, 1, 2))):
            waiting.append(_Wait(chance.randrange(levels), len(worst)))
            worst[waiting[-1]] = 0
        if waiting and chance.random() < 0.9:
            chosen = order.next(waiting)
            waiting.remove(chosen)
            for other in waiting:
                worst[other] += other.arrival < chosen.arrival
            order.started(chosen, waiting)
            # A running one may have to give way and wait again, at its old place.
            if chance.random() < 0.2 and waiting and chosen.arrival % 3 == 0:
                above = order.next(waiting)
                if order.urgency(above) > order.urgency(chosen):
                    waiting.remove(above)
                    waiting.append(chosen)
                    waiting.sort(key=lambda w: w.arrival)
                    for other in waiting:
                        worst[other] += other.arrival < above.arrival
                    order.started(above, waiting)
    assert all(count <= ageing * (levels - 1 - w.priority) for w, count in worst.items())


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    headroom=st.sampled_from([None, 4, 16]),
    tier_pages=st.sampled_from([0, 5, 100]),
    seats=st.integers(2, 5),
)
def test_texts_do_not_depend_on_company_priorities_or_preemption(seed, headroom, tier_pages, seats):
    chance = random.Random(seed)
    forward = TinyForward(pages=12)
    options = {} if headroom is None else {"reservation": PageByPage(headroom)}
    d = Driver(
        forward,
        max_sequences=seats,
        batch=TokenBudget(chance.choice((8, 40))),
        tier=HostTier(tier_pages * forward.page_bytes) if tier_pages else None,
        order=PriorityThenFcfs(chance.choice((1, 16))),
        **options,
    )
    calls = []
    for _ in range(8):
        prompt = [chance.choice((1, 2))] * chance.randint(1, 40) + [chance.randrange(256)]
        how = Sampling(chance.randint(1, 60), chance.choice((0.0, 1.0)), stop=("ab",))
        number = chance.randrange(100)
        request = d.submit(d.snapshot(prompt), how, number, priority=chance.randrange(3))
        calls.append((request, prompt, how, number))
        for _ in range(chance.randrange(8)):
            d.engine.step()
    cancelled = calls.pop(chance.randrange(len(calls)))[0]
    cancelled.cancelled = True
    d.run()
    for request, prompt, how, number in calls:
        same(d.result(request), undisturbed(prompt, how, number))
    d.results.clear()
    d.assert_all_free()
