"""Log-probabilities are those of the model's own distribution, whatever the sampling does."""

import numpy as np
import pytest
from engine_driver import Call, generate_alone
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from tiny_forward import reference_logits

from agentc.errors import RuntimeFault
from agentc.runtime.engine import Sampling
from agentc.runtime.engine.logprobs import token_logprobs

VALUES = st.lists(st.integers(-800, 800).map(lambda i: i / 8), min_size=2, max_size=40)


@settings(deadline=None)
@given(VALUES, st.integers(0, 100), st.integers(0, 39))
def test_against_scipy(values, top, token):
    token %= len(values)
    expected = log_softmax(np.array(values, np.float64))
    found = token_logprobs(np.array(values, np.float32), token, top)
    assert found.token == token
    assert found.logprob == pytest.approx(expected[token], rel=1e-14, abs=1e-14)
    order = sorted(range(len(values)), key=lambda i: (-values[i], i))[:top]
    assert [other for other, _ in found.top] == order
    assert [p for _, p in found.top] == pytest.approx(expected[order].tolist(), rel=1e-13)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"temperature": 0.8, "top_p": 0.9},
        {"temperature": 2.0, "top_k": 3},
        {"temperature": 1.0, "choices": ("yes, certainly", "yes, maybe", "no")},
        {"stop": ("\x05", "\x11")},
    ],
)
def test_a_decode_has_one_for_each_of_its_tokens(driver, how):
    d = driver()
    prompt = tuple(range(30))
    out = d.call(d.snapshot(prompt), Sampling(12, logprobs=2, **how), seed=4)
    plain = d.call(d.snapshot(prompt), Sampling(12, **how), seed=4)
    assert (out.tokens, out.text) == (plain.tokens, plain.text)
    assert plain.logprobs == ()
    rows = reference_logits(d.forward, [*prompt, *out.tokens])[len(prompt) - 1 :]
    assert len(out.logprobs) == len(out.tokens)
    for token, row, found in zip(out.tokens, rows, out.logprobs, strict=False):
        expected = log_softmax(row.astype(np.float64))
        assert found.token == token
        assert found.logprob == pytest.approx(expected[token], abs=1e-12)
        assert found.top[0] == (row.argmax(), pytest.approx(expected.max(), abs=1e-12))
        assert len(found.top) == 2


def test_the_end_token_has_none(driver):
    d = driver()
    prompts = [(i, 2 * i, 7) for i in range(120)]
    outs = [d.call(d.snapshot(p), Sampling(40, 1.5, logprobs=0), seed=1) for p in prompts]
    ended = [out for out in outs if out.finish == "end"]
    assert ended, "no prompt ends by itself"
    for out in outs:
        assert [entry.token for entry in out.logprobs] == list(out.tokens)
        assert all(entry.top == () for entry in out.logprobs)
    call = Call(prompts[0], Sampling(40, 1.5), 1)
    assert list(outs[0].tokens) == generate_alone(d.forward, call)


@pytest.mark.parametrize("count", [-1, 101])
def test_out_of_range(count):
    with pytest.raises(RuntimeFault, match=rf"logprobs is {count}, expected 0 to 100") as caught:
        Sampling(1, logprobs=count)
    assert caught.value.kind == "input"
