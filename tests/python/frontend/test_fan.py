"""map, parallel, vote, race: the IR of each, and what is refused."""

from __future__ import annotations

import agentc as ag
from agentc import Passage

from .helpers import body, golden, marked_line, refused_graph
from .parts import answer, fetch, is_long, length, passage, ratio, search, send, shout, words


def test_map() -> None:
    def graph(q: str) -> list[str]:
        return ag.map(shout, words(q), width=ag.dist({1: 0.5, 3: 0.5}), max_parallel=2)

    golden(
        graph,
        """
        %0 = agent.call_tool @words(%arg0) {label = "words"} : (!agent.text) """
        """-> !agent.list<!agent.text>
        %1 = agent.map %0 : !agent.list<!agent.text> width(#agent.dist<categorical """
        """[1.000000e+00, 3.000000e+00] weights [5.000000e-01, 5.000000e-01] declared>) """
        """max_parallel(2) -> (!agent.list<!agent.text>) {
        ^bb0(%arg1: i64, %arg2: !agent.text):
        %2 = agent.call_tool @shout(%arg2) {label = "shout"} : (!agent.text) -> !agent.text
        agent.yield %2 : !agent.text
        }
        """,
    )


def test_map_over_docs_gives_lists_and_the_index() -> None:
    def show(p: Passage, *, i: int) -> tuple[str, int]:
        return p.source + ": " + p.text, i

    def graph(q: str) -> tuple[list[str], list[int]]:
        return ag.map(show, search(q))

    golden(
        graph,
        """
        %0 = agent.retrieve @manual(%arg0) k(3) {label = "search"} : !agent.text -> !agent.docs
        %1:2 = agent.map %0 : !agent.docs -> (!agent.list<!agent.text>, !agent.list<i64>) {
        ^bb0(%arg1: i64, %arg2: !agent.record<"Passage", id: !agent.text, source: !agent.text, """
        """text: !agent.text, score: f64>):
        %2 = agent.get_field %arg2["source"] : !agent.record<"Passage", id: !agent.text, """
        """source: !agent.text, text: !agent.text, score: f64>
        %3 = agent.constant ": " : !agent.text
        %4 = agent.concat %2, %3 : !agent.text
        %5 = agent.get_field %arg2["text"] : !agent.record<"Passage", id: !agent.text, """
        """source: !agent.text, text: !agent.text, score: f64>
        %6 = agent.concat %4, %5 : !agent.text
        agent.yield %6, %arg1 : !agent.text, i64
        }
        """,
    )


def test_map_that_yields_a_passage_gives_docs() -> None:
    def graph(q: str) -> list[Passage]:
        return ag.map(passage, words(q))

    lines = body(graph)
    assert any(line.startswith("agent.yield") and "!agent.docs" in line for line in lines)
    assert "agent.flatten" in lines[-1] and "!agent.list<!agent.docs>" in lines[-1]


def test_map_needs_a_list() -> None:
    def graph(q: str) -> str:
        return ag.map(shout, q)

    assert "map runs over a list: found text (from 'q')" in refused_graph(graph).message


def test_parallel_keeps_the_shape_of_each_function() -> None:
    def graph(q: str) -> tuple[str, int, float]:
        text, (number, share) = ag.parallel(lambda: shout(q), lambda: (length(q), ratio(q)))
        return text, number, share

    golden(
        graph,
        """
        %0:3 = agent.parallel -> (!agent.text, i64, f64) {
        %1 = agent.call_tool @shout(%arg0) {label = "shout"} : (!agent.text) -> !agent.text
        agent.yield %1 : !agent.text
        }, {
        %1 = agent.call_tool @length(%arg0) {label = "length"} : (!agent.text) -> i64
        %2 = agent.call_tool @ratio(%arg0) {label = "ratio"} : (!agent.text) -> f64
        agent.yield %1, %2 : i64, f64
        }
        """,
    )


def test_parallel_needs_functions_that_return() -> None:
    def none(q: str) -> str:
        return ag.parallel()

    def throws(q: str) -> str:
        return ag.parallel(lambda: q, lambda: ag.throw("x"))[0]

    assert "parallel has no functions" in refused_graph(none).message
    assert "a function of parallel always throws" in refused_graph(throws).message


def test_vote() -> None:
    def graph(q: str) -> str:
        return ag.vote(shout, q, n=5, quorum=3, cancel_rest=True)

    golden(
        graph,
        """
        %0 = agent.vote n(5) majority quorum(3) cancel_rest -> (!agent.text) {
        ^bb0(%arg1: i64):
        %1 = agent.call_tool @shout(%arg0) {label = "shout"} : (!agent.text) -> !agent.text
        agent.yield %1 : !agent.text
        }
        """,
    )


def test_the_mean_of_integers_is_f64_and_the_median_stays() -> None:
    def graph(q: str) -> tuple[float, int]:
        mean = ag.vote(lambda: length(q), n=3, reduce="mean")
        return mean, ag.vote(lambda: length(q), n=3, reduce="median")

    lines = body(graph)
    assert "%0 = agent.vote n(3) mean -> (f64) {" in lines
    assert "%1 = agent.vote n(3) median -> (i64) {" in lines


def test_vote_refuses_what_makes_no_sense() -> None:
    def name(q: str) -> str:
        return ag.vote(shout, q, n=3, reduce="mode")

    def quorum(q: str) -> str:
        return ag.vote(shout, q, n=3, quorum=4)

    def mean(q: str) -> str:
        return ag.vote(shout, q, n=3, reduce="mean")

    def rest(q: str) -> str:
        return ag.vote(shout, q, n=3, cancel_rest=True)

    def both(q: str) -> int:
        return ag.vote(length, q, n=3, reduce="median", quorum=2)

    assert "reduce of vote is 'mode'" in refused_graph(name).message
    assert "quorum of vote is 4, expected at most n = 3" in refused_graph(quorum).message
    assert "vote cannot take the mean of text (from 'shout')" in refused_graph(mean).message
    assert "vote has cancel_rest and no quorum" in refused_graph(rest).message
    assert 'a quorum and reduce="median"' in refused_graph(both).message


def test_race() -> None:
    def graph(q: str) -> str:
        return ag.race(lambda: fetch(q), lambda: answer(q))

    golden(
        graph,
        """
        %0 = agent.race -> (!agent.text) {
        %1 = agent.call_tool @fetch(%arg0) {label = "fetch"} : (!agent.text) -> !agent.text
        agent.yield %1 : !agent.text
        }, {
        %1 = agent.prompt "Answer: {question}"(question = %arg0 : !agent.text) : !agent.text
        %text = agent.generate @"smollm2-135m-instruct"(%1) max_tokens(256) """
        """{label = "answer", site = 0 : i64}
        agent.yield %text : !agent.text
        }
        """,
    )


def test_an_irreversible_tool_inside_a_race_is_refused_however_deep() -> None:
    def deep(q: str) -> str:
        return ag.cond(is_long(q), lambda: send(q), lambda: q)  # <- send in race

    def graph(q: str) -> str:
        return ag.race(lambda: q, lambda: deep(q))

    error = refused_graph(graph)
    assert error.source.line == marked_line("send in race")
    assert "tool 'send' is irreversible and stands inside a race" in error.message


def test_race_needs_two() -> None:
    def graph(q: str) -> str:
        return ag.race(lambda: q)

    assert "race has 1 functions, expected at least two" in refused_graph(graph).message
