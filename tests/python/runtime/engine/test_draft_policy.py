"""How long drafts are: as long as they pay, in the model of the step's cost."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.runtime.engine.speculation import AdaptiveDraft, History


def _history(rate):
    """A history whose estimate is `rate`."""
    history = History()
    history.right, history.wrong = rate * 1e6, (1 - rate) * 1e6
    return history


def _gain(rates, lengths, rows, row_cost):
    """Useful tokens per time, relative to a step without drafts."""
    useful = rows + sum(
        rate**k for rate, n in zip(rates, lengths, strict=True) for k in range(1, n + 1)
    )
    cost = 1 + row_cost * (rows - 1)
    return useful / (cost + row_cost * sum(lengths)) / (rows / cost)


@given(st.floats(0, 1), st.integers(1, 64), st.sampled_from([0.02, 0.15, 0.5, 1.0]))
def test_one_sequence_gets_the_best_length(rate, rows, row_cost):
    policy = AdaptiveDraft(row_cost, max_tokens=12)
    (found,) = policy.lengths([_history(rate)], rows)
    gains = [_gain([rate], [length], rows, row_cost) for length in range(13)]
    assert gains[found] == pytest.approx(max(gains), rel=1e-4)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
    st.integers(0, 9),
    st.sampled_from([0.05, 0.15, 0.4]),
)
def test_several_sequences_never_lose(rates, prompt_rows, row_cost):
    rows = len(rates) + prompt_rows
    policy = AdaptiveDraft(row_cost, max_tokens=4)
    found = policy.lengths([_history(rate) for rate in rates], rows)
    best = max(
        _gain(rates, lengths, rows, row_cost)
        for lengths in itertools.product(range(5), repeat=len(rates))
    )
    gain = _gain(rates, found, rows, row_cost)
    assert gain >= 1 - 1e-6
    assert gain >= 0.9 * best


def test_a_large_batch_drafts_nothing_and_a_small_one_does():
    policy = AdaptiveDraft()
    fresh = [History() for _ in range(64)]
    assert policy.lengths(fresh[:1], 1)[0] >= 3
    assert not any(policy.lengths(fresh[:32], 32))
    assert not any(policy.lengths([_history(0.5)] * 8, 8))
    assert policy.lengths([_history(0.99)] * 8, 8)[0] >= 4


def test_a_drafter_that_is_wrong_costs_little():
    """Rows lost to drafts that never hit, in the time of steps, over a long answer."""
    policy, history, lost = AdaptiveDraft(), History(), 0
    for _ in range(400):
        (length,) = policy.lengths([history], 1)
        lost += length
        history.learn(length, 0) if length else history.rest()
    assert lost * policy.row_cost < 0.03 * 400


def test_a_drafter_that_gets_better_is_asked_again():
    policy, history = AdaptiveDraft(), History()
    for _ in range(40):
        (length,) = policy.lengths([history], 1)
        history.learn(length, 0) if length else history.rest()
    lengths = []
    for _ in range(40):
        (length,) = policy.lengths([history], 1)
        history.learn(length, length) if length else history.rest()
        lengths.append(length)
    assert max(lengths) == policy.max_tokens
