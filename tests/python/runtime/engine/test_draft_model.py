"""The draft model: its guesses are what it would say, however often it was wrong before."""

import numpy as np
import pytest
from engine_driver import Call, Driver, generate_alone
from hypothesis import given, settings
from hypothesis import strategies as st
from test_speculation import Always
from tiny_forward import TinyForward, byte_tokenizer_json
from tokenizers import Tokenizer as HfTokenizer

from agentc.errors import RuntimeFault
from agentc.runtime.engine import CompiledEngine, EngineOptions, Request, Sampling, Tokenizer
from agentc.runtime.engine.speculation import DraftModel, Want


def _model(pages=64, context_tokens=512, seed=0, noise=0.0):
    forward = TinyForward(pages, context_tokens, seed)
    random = np.random.default_rng(9)
    forward._head = forward._head + noise * random.normal(0, 1, forward._head.shape)
    return DraftModel(forward, Tokenizer(byte_tokenizer_json()))


def _request(driver, tokens, sampling, seed):
    return Request(driver.snapshot(tokens), sampling, seed, lambda result: None)


@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize(("noise", "least"), [(0.0, 1.0), (0.15, 0.3), (5.0, 0.0)])
def test_tokens_equal_plain_decoding(temperature, noise, least):
    d = Driver(TinyForward(), drafter=_model(noise=noise), drafts=Always(3))
    calls = [Call(tuple(range(i, i + 11 * i + 5)), Sampling(20, temperature), i) for i in range(4)]
    requests = [d.submit(d.snapshot(c.prompt), c.sampling, c.seed) for c in calls]
    d.run()
    outs = [d.result(request) for request in requests]
    for call, out in zip(calls, outs, strict=True):
        assert list(out.tokens) == generate_alone(d.forward, call)
    drafted, accepted = (
        sum(out.drafted_tokens for out in outs),
        sum(out.accepted_tokens for out in outs),
    )
    assert drafted > 0
    assert least <= accepted / drafted <= 1
    d.assert_all_free()


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=8),
    st.sampled_from([0.0, 1.0]),
)
def test_a_guess_does_not_depend_on_the_guesses_before(seed, rounds, temperature):
    random = np.random.default_rng(seed)
    helper, old = Driver(TinyForward(pages=4)), _model()
    prompt = random.integers(0, 256, random.integers(1, 40)).tolist()
    tokens, request = list(prompt), None
    request = _request(helper, prompt, Sampling(400, temperature), seed % 2**60)
    for right, count in rounds:
        generated = len(tokens) - len(prompt)
        want = Want(request, tokens, generated, count)
        (draft,) = old.propose([want])
        (fresh,) = _model().propose([want])
        assert draft == fresh
        assert len(draft) == count
        tokens += draft[:right]  # the target agrees so far, then says something else
        tokens.append(int(random.integers(256)))
    old.forget(request)
    assert old._cache.occupancy()[1] == old._cache.occupancy()[3]


def test_many_requests_share_a_small_pool():
    """Those that want nothing now give way; who finds no room gets no draft."""
    helper, model = Driver(TinyForward()), _model(pages=7)
    requests = [_request(helper, [i] * 20, Sampling(12), 0) for i in range(5)]
    for request in requests * 2:
        (draft,) = model.propose([Want(request, request.snapshot.tokens, 0, 3)])
        assert len(draft) == 3
    wants = [Want(r, r.snapshot.tokens, 0, 3) for r in requests]
    assert [len(draft) for draft in model.propose(wants)].count(3) == 3
    model.close()
    occupancy = model._cache.occupancy()
    assert occupancy[1] == occupancy[3]


def test_its_context_may_be_shorter():
    d = Driver(TinyForward(), drafter=_model(context_tokens=40), drafts=Always(4))
    prompt = tuple(range(30))
    out = d.call(d.snapshot(prompt), Sampling(40))
    assert list(out.tokens) == generate_alone(d.forward, Call(prompt, Sampling(40)))
    assert 6 <= out.accepted_tokens <= 12
    long = d.call(d.snapshot(range(60)), Sampling(10))
    assert long.drafted_tokens == 0


def test_another_vocabulary_is_refused():
    other = HfTokenizer.from_str(byte_tokenizer_json())
    other.add_tokens(["extra"])
    forward = TinyForward()
    drafter = DraftModel(forward, Tokenizer(str(other.to_str())))
    with pytest.raises(
        RuntimeFault, match=r"another vocabulary: 260 tokens, 259 expected, 'extra'"
    ):
        CompiledEngine(
            forward, Tokenizer(byte_tokenizer_json()), [256], EngineOptions(drafter=drafter)
        )


def test_tenants_do_not_share_its_cache():
    helper, model = Driver(TinyForward()), _model()
    rows = []
    for tenant in ("a", "b", "a"):
        snapshot = helper.snapshot(range(50), tenant)
        request = Request(snapshot, Sampling(9), 0, lambda result: None)
        before = len(model._forward.batches)
        model.propose([Want(request, snapshot.tokens, 0, 1)])
        rows.append(sum(len(b.tokens) for b in model._forward.batches[before:]))
        model.forget(request)
    assert rows == [50, 50, 2]


def test_it_is_closed_once():
    closed = []
    model = DraftModel(TinyForward(), Tokenizer(byte_tokenizer_json()), lambda: closed.append(True))
    model.close()
    model.close()
    assert closed == [True]
