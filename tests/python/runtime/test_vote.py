"""Votes: the reductions, and when a quorum is decided before all samples are in."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runtime_plans import Builder, outputs, run_plan

from agentc.errors import RuntimeFault
from agentc.runtime.clock import VirtualClock
from agentc.runtime.ops.vote import decided, reduce


@pytest.mark.parametrize(
    "samples, how, quorum, expected",
    [
        (["a", "b", "b"], "majority", None, "b"),
        (["a", "b", "b", "a"], "majority", None, "a"),
        ([" a", "a ", "b"], "majority", None, "a"),  # white space at the ends is not part of a text
        (["b", "a", "a", "b", "b"], "majority", 2, "a"),
        (["a", "b", "c"], "majority", 2, "a"),
        ([{"x": 1}, {"x": 2}, {"x": 2}], "majority", None, {"x": 2}),
        ([True, False, False], "majority", None, False),
        ([1, 2, 6], "mean", None, 3.0),
        ([5, 1, 3], "median", None, 3),
        ([4, 1, 3, 2], "median", None, 2),
        ([2.5], "median", None, 2.5),
        ([4.0, 1.0, 3.0, 2.0], "median", None, 2.5),
    ],
)
def test_reduce(samples, how, quorum, expected):
    assert reduce(samples, how, quorum) == expected


@pytest.mark.parametrize(
    "known, count, quorum, expected",
    [
        ({0: "a", 1: "a"}, 5, 2, 0),  # a prefix decides at once
        ({0: "a", 2: "a"}, 5, 2, 0),  # sample 1 could not win before sample 2 does
        ({1: "a", 2: " a"}, 5, 2, 1),  # sample 0 could only join them
        ({1: 7, 2: 7}, 5, 2, 1),  # numbers have only one form
        ({0: "b", 2: "a", 3: "a"}, 5, 2, None),  # sample 1 could be b and win first
        ({0: "a", 1: "b"}, 3, 2, None),
        ({0: "a", 3: "a"}, 5, 2, None),  # 1 and 2 could agree on something else
        ({0: "a", 1: "b", 2: "c"}, 3, 2, None),  # nobody reaches it: all are counted
        ({}, 3, 1, None),
        ({0: "x"}, 3, 1, 0),
        ({1: 5}, 3, 1, None),
    ],
)
def test_decided(known, count, quorum, expected):
    assert decided(known, count, quorum) == expected


@given(
    count=st.integers(1, 5),
    quorum=st.integers(1, 5),
    known=st.dictionaries(st.integers(0, 4), st.sampled_from([1, 2]), max_size=5),
)
def test_decided_means_no_completion_changes_the_result_and_misses_none(count, quorum, known):
    """Against all ways to fill in the outstanding samples, with a third value that is new."""
    quorum = min(quorum, count)
    known = {n: v for n, v in known.items() if n < count}
    missing = [n for n in range(count) if n not in known]
    results = set()
    for filling in itertools.product([1, 2, 3, 4], repeat=len(missing)):
        whole = {**known, **dict(zip(missing, filling, strict=True))}
        results.add(reduce([whole[n] for n in range(count)], "majority", quorum))
    winner = decided(known, count, quorum)
    reached = any(list(known.values()).count(v) >= quorum for v in known.values())
    if winner is not None:
        assert results == {known[winner]}
    elif reached:
        assert len(results) > 1


def _vote_plan(delays, says, **attrs):
    """Sample i says `says[i]` after `delays[i]` seconds."""
    b = Builder()
    b.tool("say", ["i64"], "text")
    region = b.region(lambda i: [b.call("say", i)], args=1)
    vote = b.op("agent.vote", n=len(says), reduce="majority", regions=[region], **attrs)
    clock, cancelled = VirtualClock(), []

    async def say(i):
        try:
            await clock.sleep(delays[i])
        except BaseException:
            cancelled.append(i)
            raise
        if says[i] is None:
            raise ValueError(f"sample {i}")
        return says[i]

    return b, vote, clock, {"say": say}, cancelled


def test_a_quorum_cancels_the_rest_as_soon_as_it_is_sure():
    says = ["a", "b", "a", "a", "c"]
    b, vote, clock, tools, cancelled = _vote_plan([1, 2, 3, 9, 9], says, quorum=2, cancel_rest=True)
    assert outputs(run_plan(b.plan(vote), {}, tools, clock=clock)) == ["a"]
    assert clock.now_s() == 3.0 and cancelled == [3, 4]


def test_without_cancel_rest_the_result_is_early_and_the_samples_end():
    says = ["a", "a", "b"]
    b, vote, clock, tools, cancelled = _vote_plan([1, 2, 9], says, quorum=2)
    b.tool("after", ["text"], "text")
    after = b.call("after", vote)
    started = []

    async def note(text):
        started.append(clock.now_s())
        return text

    result = run_plan(b.plan(after), {}, {**tools, "after": note}, clock=clock)
    assert outputs(result) == ["a"] and started == [2.0]
    assert clock.now_s() == 9.0 and cancelled == []


def test_a_sample_that_throws_fails_the_vote_unless_it_was_not_needed():
    says = ["a", None, "a"]
    b, vote, clock, tools, _ = _vote_plan([1, 2, 1], says)
    with pytest.raises(RuntimeFault, match="sample 1"):
        run_plan(b.plan(vote), {}, tools, clock=clock)
    b, vote, clock, tools, _ = _vote_plan([1, 5, 2], says, quorum=2, cancel_rest=True)
    assert outputs(run_plan(b.plan(vote), {}, tools, clock=clock)) == ["a"]


def test_the_first_sample_in_order_that_threw_is_the_error():
    b, vote, clock, tools, cancelled = _vote_plan([9, 5, 2, 20], ["a", None, None, "a"])
    with pytest.raises(RuntimeFault, match="sample 1"):
        run_plan(b.plan(vote), {}, tools, clock=clock)
    assert clock.now_s() == 9.0 and cancelled == [3]
