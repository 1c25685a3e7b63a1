"""Admission, back-pressure, cancellation, failures: nothing is lost, nobody else is disturbed."""

import pytest
from engine_driver import Call, generate_alone

from agentc.errors import RuntimeFault
from agentc.runtime.engine import Sampling
from agentc.runtime.engine.batching import TokenBudget


def test_decodes_are_not_stalled_by_a_long_prompt(driver):
    d = driver(batch=TokenBudget(8))
    first = d.submit(d.snapshot(range(4)), Sampling(12))
    d.engine.step()
    d.submit(d.snapshot(range(100)), Sampling(1))
    while id(first) not in d.results:
        d.engine.step()
        assert d.steps[-1].decode_rows >= 1 or id(first) in d.results
    d.run()


def test_a_full_pool_makes_requests_wait(driver):
    d = driver(pages=7)  # 6 pages: two requests of 3
    requests = [d.submit(d.snapshot([i] * 20), Sampling(28)) for i in range(5)]
    d.engine.step()
    assert (d.engine.load().running, d.engine.load().waiting) == (2, 3)
    d.run()
    for i, request in enumerate(requests):
        expected = generate_alone(d.forward, Call((i,) * 20, Sampling(28)))
        assert list(d.result(request).tokens) == expected


def test_idle_snapshots_give_way_and_come_back(driver):
    d = driver(pages=7)
    idle = [d.call(d.snapshot([i] * 30)) for i in range(3)]  # all 6 pages
    out = d.call(d.snapshot([9] * 40), Sampling(40))
    assert list(out.tokens) == generate_alone(d.forward, Call((9,) * 40, Sampling(40)))
    assert idle[0].computed == 0
    again = d.call(idle[0], Sampling(5))
    assert list(again.tokens) == generate_alone(d.forward, Call((0,) * 30, Sampling(5)))


def test_can_admit_keeps_its_promise(driver):
    d = driver(pages=5)
    small, big = d.snapshot(range(10)), d.snapshot(range(50))
    blocker = d.submit(d.snapshot(range(20, 50)), Sampling(3))
    d.engine.step()
    assert d.engine.can_admit(_unsent(small, 4))
    assert not d.engine.can_admit(_unsent(big, 4))
    d.run()
    del blocker
    d.results.clear()
    assert d.engine.can_admit(_unsent(big, 4))


def _unsent(snapshot, max_tokens):
    from agentc.runtime.engine import Request

    return Request(snapshot, Sampling(max_tokens), 0, lambda result: None)


@pytest.mark.parametrize(
    ("length", "max_tokens", "message"),
    [
        (600, 5, "the prompt has 600 tokens, the context is 512"),
        (512, 5, "the prompt has 512 tokens, the context is 512"),
        (100, 200, "the call needs 300 tokens of KV, the pool has 112"),
    ],
)
def test_what_can_never_fit_is_refused_at_once(driver, length, max_tokens, message):
    d = driver(pages=8)
    with pytest.raises(RuntimeFault, match=message) as caught:
        d.submit(d.snapshot([1] * length), Sampling(max_tokens))
    assert caught.value.kind == "capacity"


def test_an_empty_prompt_is_refused(driver):
    d = driver()
    with pytest.raises(RuntimeFault, match="the prompt is empty") as caught:
        d.submit(d.snapshot(()), Sampling(1))
    assert caught.value.kind == "input"
    assert d.call(d.snapshot(())).tokens == ()


def test_the_context_ends_a_decode(driver):
    d = driver(context_tokens=20)
    out = d.call(d.snapshot(range(15)), Sampling(50))
    expected = generate_alone(d.forward, Call(tuple(range(15)), Sampling(5)))
    assert (list(out.tokens), out.finish) == (expected, "length")


def test_cancelling_frees_pages_within_one_step(driver):
    d = driver()
    keep = d.submit(d.snapshot(range(30)), Sampling(20, 1.0), seed=1)
    stop = d.submit(d.snapshot(range(40, 90)), Sampling(60))
    queued = d.submit(d.snapshot(range(7)), Sampling(5))
    d.engine.step()
    held = d.engine.load()
    stop.cancelled = queued.cancelled = True
    d.engine.step()
    freed = d.engine.load()
    assert held.used_pages - freed.used_pages >= 7 - 3  # all but its 3 full, now cached, pages
    assert freed.used_pages - freed.evictable_pages == 4  # what `keep` holds
    d.run()
    expected = generate_alone(d.forward, Call(tuple(range(30)), Sampling(20, 1.0), 1))
    assert list(d.result(keep).tokens) == expected
    assert {d.result(r).kind for r in (stop, queued)} == {"cancelled"}


def test_a_lost_device_fails_what_runs_and_keeps_the_sessions(driver):
    d = driver()
    session = d.call(d.snapshot(range(40)))
    hit = d.submit(session, Sampling(5))
    d.forward.fail_next = True
    with pytest.raises(RuntimeFault, match="fell off the bus") as caught:
        d.engine.step()
    assert caught.value.kind == d.result(hit).kind == "device"
    assert d.engine.load().used_pages == 0
    out = d.call(session, Sampling(5))
    expected = generate_alone(d.forward, Call(tuple(range(40)), Sampling(5)))
    assert list(out.tokens) == expected


def test_a_callback_that_raises_ends_its_own_request_only(driver):
    def broken(text, token):
        raise ValueError("mine")

    d = driver()
    bad = d.submit(d.snapshot(range(9)), Sampling(9), on_token=broken)
    good = d.submit(d.snapshot(range(20, 29)), Sampling(9))
    d.run()
    assert isinstance(d.result(bad), ValueError)
    expected = generate_alone(d.forward, Call(tuple(range(20, 29)), Sampling(9)))
    assert list(d.result(good).tokens) == expected


def test_usage_adds_up(driver):
    d = driver()
    first = d.call(d.snapshot(range(40)))
    usage = first.usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.computed_tokens) == (40, 0, 39)
    out = d.call(first, Sampling(6))
    assert (out.usage.prompt_tokens, out.usage.cached_tokens) == (40, 39)
    assert (out.usage.computed_tokens, out.usage.generated_tokens) == (1, len(out.tokens))


def test_steps_are_recorded(driver):
    times = iter(range(1000))
    d = driver(clock=lambda: float(next(times)), batch=TokenBudget(16))
    d.call(d.snapshot(range(20)), Sampling(3))
    rows = [(s.prefill_rows, s.decode_rows, s.sequences) for s in d.steps]
    assert rows == [(16, 0, 1), (4, 0, 1), (0, 1, 1), (0, 1, 1)]
    assert [s.index for s in d.steps] == [0, 1, 2, 3]
    assert all(s.end_s > s.start_s for s in d.steps)


def test_a_released_snapshot_fails_the_request_that_waits_on_it(driver):
    d = driver(max_sequences=1)
    running = d.submit(d.snapshot(range(5)), Sampling(8))
    d.engine.step()
    snapshot = d.snapshot(range(9))
    late = d.submit(snapshot, Sampling(4))
    d.engine.release(snapshot)
    d.run()
    assert d.result(late).kind == "input"
    assert d.result(running).finish == "length"
