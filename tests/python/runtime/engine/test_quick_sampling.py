"""The quick sampler makes the choice of the rule, whatever the logits, the cuts and the draw."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentc.runtime.engine import Sampling
from agentc.runtime.engine.quick_sampling import COARSE_SLACK, QuickSampler, _draw_from_all
from agentc.runtime.engine.sampling import candidates, choose_token

SIZES = (3, 255, 700, 20_000)
SAMPLERS = {size: QuickSampler(size) for size in SIZES}


def _logits(random, size, kind):
    """Rows of all kinds: smooth, full of ties, dominated by one token, masked by a grammar."""
    values = random.normal(0, 4, size)
    if kind == "ties":
        values = np.round(values)
    if kind == "peaked":
        values[random.integers(size)] += 30
    if kind == "flat":
        values *= 1e-3
    if kind == "masked":
        values[random.random(size) < 0.99] = -np.inf
        values[random.integers(size)] = 1.0
    return values.astype(np.float32)


@settings(deadline=None, max_examples=300)
@given(
    st.integers(0, 2**32),
    st.sampled_from(SIZES),
    st.sampled_from(["smooth", "ties", "peaked", "flat", "masked"]),
    st.sampled_from([1e-150, 1e-3, 0.3, 0.8, 1.0, 1.7, 50.0]),
    st.one_of(st.none(), st.sampled_from([1, 2, 40, 700, 30_000])),
    st.one_of(st.none(), st.sampled_from([1e-9, 0.5, 0.9, 0.999, 1.0])),
    st.one_of(st.none(), st.sampled_from([0.0, 1e-6, 0.05, 1.0])),
)
def test_the_choice_is_that_of_the_rule(seed, size, kind, temperature, top_k, top_p, min_p):
    random = np.random.default_rng(seed)
    logits = _logits(random, size, kind)
    how = Sampling(1, temperature, top_k, top_p, min_p)
    with np.errstate(over="ignore", invalid="ignore"):  # 1e-150: the rule's own infinities
        for index in range(4):
            expected = choose_token(logits, how, seed, index)
            assert SAMPLERS[size].choose(logits, how, seed, index) == expected


def test_what_is_masked_is_never_chosen():
    logits = np.full(700, -np.inf, np.float32)
    logits[[13, 600]] = 1.0
    drawn = {SAMPLERS[700].choose(logits, Sampling(1, 1.0), 5, index) for index in range(64)}
    assert drawn == {13, 600}


@pytest.mark.parametrize("u", [0.25, 0.5])
@pytest.mark.parametrize("element", [np.float32, np.float64])
def test_a_draw_on_an_edge_is_left_to_the_rule(u, element):
    weights = np.ones(1024, element)  # every multiple of 1/1024 is an edge
    assert _draw_from_all(weights, u, 1e-5) is None
    assert _draw_from_all(weights, u + 1 / 2048, 1e-5) == round(u * 1024)


def test_a_nucleus_on_an_edge_is_left_to_the_rule():
    logits = np.full(1024, -60.0, np.float32)
    logits[:4] = 0.0
    sampler = QuickSampler(1024)
    assert sampler._nucleus(logits, Sampling(1, 1.0, top_p=0.5), 0.0, 4.0, 1e-9) is None
    tokens, weights = sampler._nucleus(logits, Sampling(1, 1.0, top_p=0.6), 0.0, 4.0, 1e-9)
    assert (tokens.tolist(), weights.tolist()) == ([0, 1, 2], [1, 1, 1])


@pytest.mark.parametrize("temperature", [1e-3, 0.1, 0.8, 2.0, 40.0])
@pytest.mark.parametrize("kind", ["smooth", "ties", "peaked", "flat", "masked"])
def test_the_coarse_sums_are_as_good_as_they_claim(temperature, kind):
    random = np.random.default_rng(1)
    sampler = SAMPLERS[20_000]
    for _ in range(5):
        logits = _logits(random, 20_000, kind) * 3
        peak = float(logits.max())
        rough = np.cumsum(sampler._roughly(logits, temperature, peak), dtype=np.float64)
        exact = np.cumsum(sampler._exactly(logits, temperature, peak))
        assert np.abs(rough - exact).max() < COARSE_SLACK / 2 * exact[-1]


def test_most_draws_are_quick():
    random = np.random.default_rng(0)
    sampler = SAMPLERS[20_000]
    for how in (Sampling(1, 0.8), Sampling(1, 0.8, top_p=0.95), Sampling(1, 0.8, top_k=40)):
        for seed in range(20):
            logits = _logits(random, 20_000, "smooth")
            assert sampler._choose(logits, how, seed, 0) is not None


def test_the_weights_of_all_tokens_are_those_of_the_rule_to_the_bit():
    logits = _logits(np.random.default_rng(3), 700, "smooth")
    tokens, weights = candidates(logits, Sampling(1, 0.7))
    dense = SAMPLERS[700]._exactly(logits, 0.7, float(logits.max()))
    assert len(tokens) == 700
    assert np.array_equal(dense[:700], weights)
    assert not dense[700:].any()
