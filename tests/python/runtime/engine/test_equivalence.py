"""Whatever runs together, each request gets what it would get alone, token for token."""

import gc

import numpy as np
import pytest
from engine_driver import Call, generate_alone

from agentc.runtime.engine import Sampling
from agentc.runtime.engine.batching import TokenBudget


def _calls(random, count):
    """Requests of all kinds, many of which share a prefix."""
    stems = [tuple(random.integers(0, 256, n).tolist()) for n in (0, 5, 40)]
    calls = []
    for _ in range(count):
        stem = stems[random.integers(3)]
        prompt = stem + tuple(random.integers(0, 256, random.integers(1, 30)).tolist())
        temperature = float(random.choice([0.0, 0.7, 1.5]))
        cut = [{}, {"top_k": 20}, {"top_p": 0.9}, {"min_p": 0.05}][random.integers(4)]
        sampling = Sampling(int(random.integers(1, 20)), temperature, **cut)
        calls.append(Call(prompt, sampling, int(random.integers(2**62))))
    return calls


@pytest.mark.parametrize("seed", range(8))
def test_random_company(driver, seed):
    random = np.random.default_rng(seed)
    d = driver(
        pages=int(random.integers(12, 60)),
        batch=TokenBudget(int(random.choice([3, 16, 50, 256]))),
        max_sequences=int(random.choice([1, 3, 16])),
    )
    waiting, running = _calls(random, 10), []
    while waiting or d.engine.busy:
        for _ in range(int(random.integers(0, 3))):
            if waiting:
                call = waiting.pop()
                running.append((call, d.submit(d.snapshot(call.prompt), call.sampling, call.seed)))
        d.engine.step()
    for call, request in running:
        assert list(d.result(request).tokens) == generate_alone(d.forward, call)
    gc.collect()
    d.results.clear()
    d.assert_all_free()


@pytest.mark.parametrize("budget", [1, 7, 16, 33, 256])
def test_chunks_do_not_matter(driver, budget):
    prompt = tuple(np.random.default_rng(1).integers(0, 256, 90).tolist())
    call = Call(prompt, Sampling(12, 1.0), seed=3)
    d = driver(batch=TokenBudget(budget))
    assert list(d.call(d.snapshot(prompt), call.sampling, 3).tokens) == generate_alone(
        d.forward, call
    )
    assert max(s.prefill_rows + s.decode_rows for s in d.steps) <= budget


def test_forks_continue_alike_and_apart(driver):
    d = driver()
    prompt = tuple(range(50, 91))
    start = d.call(d.snapshot(prompt))
    assert start.computed == 40
    requests = [d.submit(start, Sampling(10, 1.2), seed) for seed in range(5)]
    d.run()
    for seed, request in enumerate(requests):
        call = Call(prompt, Sampling(10, 1.2), seed)
        assert list(d.result(request).tokens) == generate_alone(d.forward, call)


def test_a_session_goes_on_over_many_turns(driver):
    d = driver()
    random = np.random.default_rng(5)
    snapshot, history = d.snapshot(()), ()
    for turn in range(6):
        said = tuple(random.integers(0, 256, 11).tolist())
        history += said
        out = d.call(d.engine.cache.append(snapshot, said), Sampling(9, 1.0), seed=turn)
        call = Call(history, Sampling(9, 1.0), turn)
        assert list(out.tokens) == generate_alone(d.forward, call)
        assert out.usage.cached_tokens >= len(snapshot) - 1
        history += out.tokens
        snapshot = out.snapshot
        assert snapshot.tokens == history


def test_parked_and_resumed_is_the_same(driver):
    d = driver()
    prompt = tuple(range(60, 101))
    snapshot = d.call(d.snapshot(prompt))
    d.engine.park(snapshot)
    d.engine.cache.tree.clear()
    assert d.engine.load().used_pages == 0
    again = d.call(snapshot)
    assert (again.tokens, again.computed) == (prompt, 40)
    call = Call(prompt, Sampling(10, 0.9), 4)
    assert list(d.call(again, call.sampling, 4).tokens) == generate_alone(d.forward, call)


def test_equal_prefixes_that_arrive_together_run_once(driver):
    d = driver(batch=TokenBudget(64))
    stem = tuple(range(100, 196))  # 6 pages
    requests = [d.submit(d.snapshot((*stem, i)), Sampling(4)) for i in range(5)]
    d.run()
    rows = sum(len(batch.tokens) for batch in d.forward.batches)
    assert rows == 96 + 5 * (1 + 3)  # the stem once; each its own token and what it generates
    assert sorted(d.result(r).usage.cached_tokens for r in requests) == [0, 96, 96, 96, 96]
    for i, request in enumerate(requests):
        call = Call((*stem, i), Sampling(4))
        assert list(d.result(request).tokens) == generate_alone(d.forward, call)


def test_tenants_share_nothing(driver):
    d = driver()
    stem = tuple(range(100, 165))
    d.call(d.snapshot(stem, tenant="a"))
    assert d.call(d.snapshot(stem, tenant="b")).usage.cached_tokens == 0
    assert d.call(d.snapshot(stem, tenant="a")).usage.cached_tokens == 64
