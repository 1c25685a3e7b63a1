"""The sampling rule, against a slow reading of README.md."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentc.errors import RuntimeFault
from agentc.runtime.engine import Sampling
from agentc.runtime.engine.sampling import candidates, choose_token, uniform


def _slow(logits, how):
    """The kept tokens, one comparison at a time."""
    order = [i for i in range(len(logits)) if logits[i] > -np.inf]
    order.sort(key=lambda i: (-logits[i], i))
    order = order[: how.top_k]
    weights = [
        np.exp((float(logits[i]) - float(logits[order[0]])) / how.temperature) for i in order
    ]
    total, reached, kept = sum(weights), 0.0, []
    for token, weight in zip(order, weights, strict=True):
        if reached >= (how.top_p or 2) * total or weight < (how.min_p or 0) * weights[0]:
            break
        kept.append(token)
        reached += weight
    return sorted(kept)


# Multiples of 1/8: ties are common, sums are not at the edge of a cut by rounding.
LOGITS = st.lists(
    st.one_of(st.integers(-40, 40).map(lambda i: i / 8), st.just(-np.inf)), min_size=2
)


@settings(deadline=None)
@given(
    LOGITS.filter(lambda values: max(values) > -np.inf),
    st.sampled_from([0.3, 1.0, 2.0]),
    st.one_of(st.none(), st.integers(1, 9)),
    st.one_of(st.none(), st.sampled_from([0.1234, 0.5678, 0.9321])),
    st.one_of(st.none(), st.sampled_from([0.0123, 0.456])),
)
def test_cuts(logits, temperature, top_k, top_p, min_p):
    how = Sampling(1, temperature, top_k, top_p, min_p)
    tokens, weights = candidates(np.array(logits, np.float32), how)
    assert tokens.tolist() == _slow(logits, how)
    assert (weights > 0).all()


def test_greedy_takes_the_lowest_of_the_best():
    assert choose_token(np.array([1, 3, 3], np.float32), Sampling(1), 0, 0) == 1


def test_draws_follow_the_probabilities():
    logits = np.log(np.array([0.5, 0.2, 0.3], np.float32))
    draws = [choose_token(logits, Sampling(1, 1.0), 11, i) for i in range(4000)]
    assert np.abs(np.bincount(draws) / 4000 - [0.5, 0.2, 0.3]).max() < 0.03


def test_a_draw_depends_on_seed_and_index_only():
    draws = {(seed, i): uniform(seed, i) for seed in (0, 1, 2**63 - 1) for i in range(5)}
    assert len(set(draws.values())) == 15
    assert all(uniform(*key) == value for key, value in draws.items())


def test_the_generator_is_the_documented_one():
    bits = np.random.Philox(key=7, counter=[0, 0, 0, 3])
    assert uniform(7, 3) == np.random.Generator(bits).random()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_tokens": 0}, "max_tokens is 0, expected at least 1"),
        ({"temperature": -1.0}, "temperature is -1.0, expected >= 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"min_p": 1.5}, "min_p is 1.5"),
        ({"stop": ("",)}, "stop is"),
        ({"choices": ()}, "choices is"),
        ({"regex": "a", "choices": ("b",)}, "one of schema, choices, regex"),
    ],
)
def test_values_out_of_range(wrong, message):
    with pytest.raises(RuntimeFault, match=message) as caught:
        Sampling(**{"max_tokens": 1, **wrong})
    assert caught.value.kind == "input"
