"""Speculation changes no result: whatever is drafted, a request gets what it would get without."""

import numpy as np
import pytest
from drafters import Corrupt, Forgetful, Future, Wild
from engine_driver import Call, Driver, generate_alone
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_forward import END, TinyForward

from agentc.runtime.engine import Sampling
from agentc.runtime.engine.reservation import PageByPage
from agentc.runtime.engine.speculation import PromptLookup


class Always:
    """A DraftPolicy that always wants `count` tokens."""

    def __init__(self, count=7):
        self.count = count

    def lengths(self, histories, rows):
        return [self.count] * len(histories)


def _calls(random, count):
    """Requests of all kinds; some prompts repeat themselves."""
    calls = []
    for _ in range(count):
        part = random.integers(0, 256, random.integers(1, 25)).tolist()
        prompt = tuple(part * int(random.integers(1, 4)))
        temperature = float(random.choice([0.0, 0.8, 1.5]))
        cut = [{}, {"top_k": 20}, {"top_p": 0.9}, {"min_p": 0.05}][random.integers(4)]
        sampling = Sampling(int(random.integers(1, 40)), temperature, **cut)
        calls.append(Call(prompt, sampling, int(random.integers(2**62))))
    return calls


@pytest.mark.parametrize("seed", range(4))
def test_tokens_equal_plain_decoding(seed):
    random = np.random.default_rng(seed)
    calls = _calls(random, 6)
    future = Future(TinyForward(pages=200))
    expected = [future.answer(call) for call in calls]
    for drafter in (
        future,
        Corrupt(future, random, 0.3),
        Wild(random),
        Forgetful(Corrupt(future, random, 0.1), random),
        PromptLookup(1, 4),
    ):
        d = Driver(TinyForward(pages=200), drafter=drafter, drafts=Always())
        requests = [d.submit(d.snapshot(c.prompt), c.sampling, c.seed) for c in calls]
        d.run()
        for request, tokens in zip(requests, expected, strict=True):
            assert list(d.result(request).tokens) == tokens
        d.assert_all_free()


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_right_draft_saves_its_steps(temperature):
    forward = TinyForward()
    d = Driver(forward, drafter=Future(forward), drafts=Always(7))
    prompt, sampling = tuple(range(20)), Sampling(33, temperature)
    out = d.call(d.snapshot(prompt), sampling, seed=5)
    assert list(out.tokens) == generate_alone(forward, Call(prompt, sampling, 5))
    # The prompt's step samples 1 token, each later one 8.
    assert [s.decode_rows for s in d.steps] == [0, 8, 8, 8, 8]
    assert sum(s.accepted_rows for s in d.steps) == sum(s.draft_rows for s in d.steps) == 28
    assert (out.drafted_tokens, out.accepted_tokens) == (28, 28)


def test_thirty_seeds_at_temperature_0_8():
    """The distribution is the same because the very tokens are, seed by seed."""
    forward = TinyForward()
    prompt = tuple(range(40, 60))
    random, future = np.random.default_rng(0), Future(forward)
    accepted = 0
    for seed in range(30):
        d = Driver(forward, drafter=Corrupt(future, random, 0.2), drafts=Always(4))
        out = d.call(d.snapshot(prompt), Sampling(12, 0.8), seed=seed)
        assert list(out.tokens) == future.answer(Call(prompt, Sampling(12, 0.8), seed))
        accepted += out.accepted_tokens
    assert accepted > 30 * 4


CONSTRAINTS = [
    {"choices": ("alpha beta", "alpha gamma", "delta")},
    {"regex": "(ab|cd){2,6}[0-9]"},
    {
        "schema": {
            "type": "object",
            "properties": {"name": {"enum": ["long-name-1", "long-name-2"]}, "n": {"type": "null"}},
            "required": ["name", "n"],
            "additionalProperties": False,
        }
    },
    {"stop": ("\x03", "ab", "\x19\x19")},
    {"stop": ("\x05\x11",), "logprobs": 3},
]


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from(CONSTRAINTS),
    st.sampled_from([0.0, 1.0]),
    st.integers(1, 60),
    st.booleans(),
)
def test_grammars_stop_strings_and_limits_inside_a_run(seed, how, temperature, limit, corrupt):
    random = np.random.default_rng(seed)
    prompt = tuple(random.integers(0, 256, 12).tolist())
    sampling = Sampling(limit, temperature, **how)
    forward = TinyForward()
    texts = []

    def on_token(text, token):
        texts.append((text, token))

    d = Driver(forward, drafter=None)
    request = d.submit(d.snapshot(prompt), sampling, seed, on_token)
    d.run()
    expected, expected_texts = d.result(request), list(texts)
    texts.clear()
    drafter = Future(forward, answer=[token for _, token in expected_texts])
    drafter = Corrupt(drafter, random, 0.2) if corrupt else drafter
    d = Driver(forward, drafter=drafter, drafts=Always(9))
    request = d.submit(d.snapshot(prompt), sampling, seed, on_token)
    d.run()
    out = d.result(request)
    assert (out.text, out.tokens, out.finish) == (expected.text, expected.tokens, expected.finish)
    assert texts == expected_texts
    assert out.usage.generated_tokens == expected.usage.generated_tokens
    assert [p.token for p in out.logprobs] == [p.token for p in expected.logprobs]
    for found, known in zip(out.logprobs, expected.logprobs, strict=True):
        assert found.logprob == pytest.approx(known.logprob, abs=1e-9)
    assert out.snapshot.tokens == prompt + out.tokens
    again = d.call(out.snapshot, Sampling(5))
    call = Call(out.snapshot.tokens, Sampling(5))
    assert list(again.tokens) == generate_alone(forward, call)


def test_forced_text_of_a_grammar_runs_as_one_chunk():
    schema = CONSTRAINTS[2]["schema"]
    d = Driver(TinyForward(), drafter=None)
    out = d.call(d.snapshot([7]), Sampling(80, schema=schema))
    assert out.text in ('{"name":"long-name-1","n":null}', '{"name":"long-name-2","n":null}')
    # One token is sampled behind the prompt, and one where there is a choice.
    assert len(d.steps) <= 4
    assert out.usage.generated_tokens == len(out.text)


def test_the_end_token_inside_a_draft():
    forward = TinyForward()
    for first in range(200):
        prompt = (first, 3 * first % 256, 9)
        call = Call(prompt, Sampling(30, 1.5), 1)
        expected = generate_alone(forward, call)
        if 3 < len(expected) < 29:
            break
    d = Driver(forward, drafter=Future(forward, answer=[*expected, END, 1, 2]), drafts=Always(30))
    out = d.call(d.snapshot(prompt), call.sampling, 1)
    assert (list(out.tokens), out.finish) == (expected, "end")
    assert len(d.steps) == 2


def test_the_context_and_the_pool_end_where_they_would():
    forward = TinyForward(pages=3, context_tokens=30)  # two pages: 32 slots
    for prompt, limit in ((tuple(range(15)), 50), (tuple(range(20)), 9), (tuple(range(29)), 4)):
        d = Driver(forward, drafter=Future(forward), drafts=Always(40))
        out = d.call(d.snapshot(prompt), Sampling(limit))
        count = min(limit, 30 - len(prompt))
        assert list(out.tokens) == generate_alone(forward, Call(prompt, Sampling(count)))
        assert out.finish == "length"
        d.assert_all_free()


def test_pages_that_a_draft_filled_serve_the_next_request():
    forward = TinyForward()
    d = Driver(forward, drafter=Corrupt(Future(forward), np.random.default_rng(1), 0.3))
    prompt = tuple(range(20))
    out = d.call(d.snapshot(prompt), Sampling(60))
    longer = (*out.snapshot.tokens, 1, 2, 3)
    d.engine.release(out.snapshot)
    again = d.call(d.snapshot(longer), Sampling(10))
    assert again.usage.cached_tokens >= 64
    assert list(again.tokens) == generate_alone(forward, Call(longer, Sampling(10)))


def test_cancelling_between_runs_frees_the_pages():
    forward = TinyForward()
    d = Driver(forward, drafter=Future(forward), drafts=Always(5))
    request = d.submit(d.snapshot(range(20)), Sampling(60))
    d.engine.step()
    d.engine.step()
    request.cancelled = True
    d.run()
    assert d.result(request).kind == "cancelled"
    d.assert_all_free()


def test_a_drafter_that_fails_is_dropped_and_nobody_notices(caplog):
    class Broken(Wild):
        def propose(self, wants):
            raise RuntimeError("no more ideas")

    forward = TinyForward()
    d = Driver(forward, drafter=Broken(np.random.default_rng(0)), drafts=Always(5))
    out = d.call(d.snapshot(range(20)), Sampling(10))
    assert list(out.tokens) == generate_alone(forward, Call(tuple(range(20)), Sampling(10)))
    assert "goes on without" in caplog.text


def test_a_callback_that_raises_inside_a_run_ends_its_own_request_only():
    forward = TinyForward()
    d = Driver(forward, drafter=Future(forward), drafts=Always(5))
    seen = []

    def broken(text, token):
        seen.append(token)
        if len(seen) == 4:
            raise ValueError("mine")

    bad = d.submit(d.snapshot(range(9)), Sampling(20), on_token=broken)
    good = d.submit(d.snapshot(range(20, 29)), Sampling(20))
    d.run()
    assert isinstance(d.result(bad), ValueError)
    call = Call(tuple(range(20, 29)), Sampling(20))
    assert list(d.result(good).tokens) == generate_alone(forward, call)
    d.assert_all_free()


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 2**32), st.sampled_from([1, 4]))
def test_in_a_small_pool_with_sequences_that_give_way(seed, headroom):
    """Pages are given while the text grows, so drafts and neighbours compete for the last ones."""
    random = np.random.default_rng(seed)
    forward = TinyForward(pages=10)
    future = Future(forward)
    drafter = Corrupt(future, random, 0.1)
    reservation = PageByPage(headroom)
    d = Driver(forward, drafter=drafter, drafts=Always(6), reservation=reservation)
    expected, requests = [], []
    for number in range(5):
        prompt = tuple(random.integers(0, 256, random.integers(1, 40)).tolist())
        sampling = Sampling(int(random.integers(1, 30)), float(random.choice([0.0, 1.0])))
        expected.append(future.answer(Call(prompt, sampling, number)))
        urgency = int(random.integers(3))
        requests.append(d.submit(d.snapshot(prompt), sampling, number, priority=urgency))
        for _ in range(random.integers(4)):
            d.engine.step()
    d.run()
    for request, tokens in zip(requests, expected, strict=True):
        assert list(d.result(request).tokens) == tokens
    d.assert_all_free()
