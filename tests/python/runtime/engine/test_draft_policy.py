"""How long drafts are: as long as they pay, in the model of the step's cost."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.runtime.engine.speculation import AdaptiveDraft, History


def _history(rate):
    """A history whose estimate is `rate`."""
    history = History()
    history.right, history.wrong = rate * 1e6, (1 - rate) * 1e6
    return history


def _gain(policy, rates, lengths, rows):
    """Useful tokens per time, relative to a step without drafts."""
    useful = rows + sum(
        rate**k for rate, n in zip(rates, lengths, strict=True) for k in range(1, n + 1)
    )
    return useful / policy.step_time(rows + sum(lengths)) / (rows / policy.step_time(rows))


def test_the_time_of_a_step():
    policy = AdaptiveDraft(free_rows=3, free_cost=0.1, row_cost=0.5)
    assert [policy.step_time(rows) for rows in (1, 2, 3, 4, 6)] == [1, 1.1, 1.2, 1.7, 2.7]


POLICIES = st.builds(
    AdaptiveDraft,
    free_rows=st.sampled_from([1, 3, 6]),
    free_cost=st.sampled_from([0.0, 0.03]),
    row_cost=st.sampled_from([0.05, 0.18, 0.5, 1.0]),
)


@given(POLICIES, st.floats(0, 1), st.integers(1, 64))
def test_one_sequence_gets_the_best_length(policy, rate, rows):
    (found,) = policy.lengths([_history(rate)], rows)
    gains = [_gain(policy, [rate], [length], rows) for length in range(13)]
    assert gains[found] == pytest.approx(max(gains), rel=1e-4)


@given(POLICIES, st.lists(st.floats(0, 1), min_size=1, max_size=3), st.integers(0, 9))
def test_several_sequences_share_the_best(policy, rates, prompt_rows):
    rows = len(rates) + prompt_rows
    policy = replace(policy, max_tokens=4)
    found = policy.lengths([_history(rate) for rate in rates], rows)
    best = max(
        _gain(policy, rates, lengths, rows)
        for lengths in itertools.product(range(5), repeat=len(rates))
    )
    gain = _gain(policy, rates, found, rows)
    assert gain == pytest.approx(best, rel=1e-4)


def test_a_large_batch_drafts_nothing_and_a_small_one_does():
    policy = AdaptiveDraft()
    fresh = [History() for _ in range(64)]
    assert policy.lengths(fresh[:1], 1)[0] >= 3
    assert not any(policy.lengths(fresh[:32], 32))
    assert not any(policy.lengths([_history(0.5)] * 8, 8))
    assert policy.lengths([_history(0.99)] * 8, 8)[0] >= 4


def test_a_drafter_that_is_wrong_costs_little():
    """Rows lost to drafts that never hit, in the time of steps, over a long answer."""
    policy, history, lost = AdaptiveDraft(), History(), 0.0
    for _ in range(400):
        (length,) = policy.lengths([history], 1)
        lost += policy.step_time(1 + length) - 1
        history.learn(length, 0) if length else history.rest()
    assert lost < 0.04 * 400


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
