"""Control functions outside a graph: plain Python with the language's meaning."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentc as ag
from agentc.errors import RuntimeFault

from .helpers import refused


def test_cond_and_switch_call_one_function() -> None:
    called: list[str] = []
    ag.cond(True, lambda: called.append("then"), lambda: called.append("else"))
    ag.cond(False, called.append, lambda x: called.append(x * 2), "b")
    ag.switch("k", {"k": called.append, "l": called.append}, "case")
    ag.switch("z", {"k": called.append}, "d", default=called.append)
    assert called == ["then", "bb", "case", "d"]


@given(st.integers(1, 9), st.integers(0, 12))
def test_loop_stops_at_the_condition_or_the_bound(bound: int, goal: int) -> None:
    steps = ag.loop(lambda n: n + 1, init=0, until=lambda n: n >= goal, max_iters=bound)
    assert steps == max(1, min(bound, goal))


def test_loop_carries_tuples_and_gives_the_iteration() -> None:
    def step(a: list[int], b: int, *, i: int) -> tuple[list[int], int]:
        return [*a, i], b * 2

    assert ag.loop(step, init=([], 1), max_iters=3) == ([0, 1, 2], 8)


@given(st.lists(st.sampled_from(["a", "b", " a", "c"]), min_size=1, max_size=9))
def test_the_majority_is_the_most_frequent_then_the_earliest(ballots: list[str]) -> None:
    won = ag.vote(lambda *, i: ballots[i], n=len(ballots))
    counts = Counter(ballot.strip() for ballot in ballots)
    assert counts[won.strip()] == max(counts.values())
    rivals = [b for b in ballots if counts[b.strip()] == max(counts.values())]
    assert won == rivals[0].strip()


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=9), st.integers(1, 9))
def test_a_quorum_is_the_first_value_to_reach_it(ballots: list[str], quorum: int) -> None:
    quorum = min(quorum, len(ballots))
    asked: list[int] = []

    def one(*, i: int) -> str:
        asked.append(i)
        return ballots[i]

    won = ag.vote(one, n=len(ballots), quorum=quorum)
    seen: Counter[str] = Counter()
    for number, ballot in enumerate(ballots):
        seen[ballot] += 1
        if seen[ballot] == quorum:
            assert won == ballot and len(asked) == number + 1
            return
    assert seen[won] == max(seen.values()) and len(asked) == len(ballots)


def test_mean_and_median() -> None:
    values = [4, 1, 3, 2]
    assert ag.vote(lambda *, i: values[i], n=4, reduce="mean") == 2.5
    assert ag.vote(lambda *, i: values[i], n=4, reduce="median") == 2
    assert ag.vote(lambda *, i: values[i] / 2, n=3, reduce="median") == 1.5


def test_race_gives_the_first_that_does_not_throw() -> None:
    assert ag.race(lambda: ag.throw("a"), lambda: "b", lambda: "c") == "b"
    with pytest.raises(RuntimeFault, match="last"):
        ag.race(lambda: ag.throw("first"), lambda: ag.throw("last"))


def test_try_catches_faults_only() -> None:
    assert ag.try_(lambda: ag.throw("m", "k"), catch=lambda e: (e.kind, e.message)) == ("k", "m")
    with pytest.raises(ZeroDivisionError):
        ag.try_(lambda: 1 // 0, catch=lambda e: 0)


def test_lists_and_texts() -> None:
    assert ag.map(lambda x, *, i: (x, i), "ab") == (["a", "b"], [0, 1])
    assert ag.flatten([[1], [], [2, 3]]) == [1, 2, 3]
    assert ag.concat([1], [2]) == [1, 2] and ag.concat("a", "b", "c") == "abc"
    assert ag.length("abc") == 3 and ag.contains("abc", "b")
    assert ag.list(1, 2) == [1, 2] and ag.text("a") == "a"
    assert ag.record(dict, a=1) == {"a": 1}
    assert ag.parallel(lambda: 1, lambda: (2, 3)) == (1, (2, 3))


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: ag.loop(lambda x: x, init=0), "the loop is unbounded"),
        (lambda: ag.switch("a", {}), "switch has no cases"),
        (lambda: ag.parallel(), "parallel has no functions"),
        (lambda: ag.race(lambda: 1), "race has 1 functions"),
        (lambda: ag.vote(lambda: 1, n=0), "n of vote is 0"),
        (lambda: ag.map(lambda x: x, [1], max_parallel=0), "max_parallel of map is 0"),
        (lambda: ag.concat(), "agentc.concat has no parts"),
    ],
)
def test_the_same_mistakes_are_refused_outside_a_graph(call: Any, problem: str) -> None:
    assert problem in refused(call).message
