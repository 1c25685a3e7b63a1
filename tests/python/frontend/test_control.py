"""Branches: the IR of each, and what is refused."""

from __future__ import annotations

import agentc as ag

from .helpers import golden, marked_line, refused_graph
from .parts import answer, is_good, is_long, length, shout


def test_cond() -> None:
    def graph(q: str) -> str:
        return ag.cond(is_long(q), lambda: shout(q), lambda: "short", p_true=0.25)

    golden(
        graph,
        """
        %0 = agent.call_tool @is_long(%arg0) {label = "is_long"} : (!agent.text) -> i1
        %1 = agent.cond %0 p_true(2.500000e-01) -> (!agent.text) {
        %2 = agent.call_tool @shout(%arg0) {label = "shout"} : (!agent.text) -> !agent.text
        agent.yield %2 : !agent.text
        } else {
        %2 = agent.constant "short" : !agent.text
        agent.yield %2 : !agent.text
        }
        """,
    )


def test_cond_passes_operands_and_returns_tuples() -> None:
    def graph(q: str) -> tuple[str, int]:
        return ag.cond(q == "a", lambda x: (x, 1), lambda x: (shout(x), length(x)), q)

    golden(
        graph,
        """
        %0 = agent.constant "a" : !agent.text
        %1 = agent.compare eq %arg0, %0 : !agent.text
        %2:2 = agent.cond %1 -> (!agent.text, i64) {
        %3 = agent.constant 1 : i64
        agent.yield %arg0, %3 : !agent.text, i64
        } else {
        %3 = agent.call_tool @shout(%arg0) {label = "shout"} : (!agent.text) -> !agent.text
        %4 = agent.call_tool @length(%arg0) {label = "length"} : (!agent.text) -> i64
        agent.yield %3, %4 : !agent.text, i64
        }
        """,
    )


def test_cond_with_a_branch_that_throws_has_the_types_of_the_other() -> None:
    def graph(q: str) -> int:
        return ag.cond(q == "", lambda: ag.throw("empty", "input"), lambda: length(q))

    golden(
        graph,
        """
        %0 = agent.constant "" : !agent.text
        %1 = agent.compare eq %arg0, %0 : !agent.text
        %2 = agent.cond %1 -> (i64) {
        %3 = agent.constant "empty" : !agent.text
        agent.throw %3 kind("input")
        } else {
        %3 = agent.call_tool @length(%arg0) {label = "length"} : (!agent.text) -> i64
        agent.yield %3 : i64
        }
        """,
    )


def test_cond_for_its_effects_only_has_no_result() -> None:
    def graph(q: str) -> str:
        nothing = ag.cond(is_long(q), lambda: ag.throw("long"), lambda: None)
        assert nothing is None
        return q

    golden(
        graph,
        """
        %0 = agent.call_tool @is_long(%arg0) {label = "is_long"} : (!agent.text) -> i1
        agent.cond %0 {
        %1 = agent.constant "long" : !agent.text
        agent.throw %1 kind("throw")
        } else {
        agent.yield
        }
        """,
    )


def test_literal_branches_of_int_and_float_join_as_f64() -> None:
    def graph(q: str) -> float:
        return ag.cond(is_long(q), lambda: 1, lambda: 0.5)

    golden(
        graph,
        """
        %0 = agent.call_tool @is_long(%arg0) {label = "is_long"} : (!agent.text) -> i1
        %1 = agent.cond %0 -> (f64) {
        %2 = agent.constant 1.000000e+00 : f64
        agent.yield %2 : f64
        } else {
        %2 = agent.constant 5.000000e-01 : f64
        agent.yield %2 : f64
        }
        """,
    )


def test_branches_of_different_types_are_refused_with_both_lines() -> None:
    def graph(q: str) -> str:
        return ag.cond(
            is_long(q),
            lambda: shout(q),  # <- text branch
            lambda: length(q),  # <- number branch
        )

    error = refused_graph(graph)
    assert "the branches of cond return different types: found text" in error.message
    assert f"test_control.py:{marked_line('text branch')})" in error.message
    assert f"test_control.py:{marked_line('number branch')})" in error.message


def test_a_traced_value_as_python_condition_is_refused() -> None:
    def graph(q: str) -> str:
        if is_good(q):  # <- python if
            return q
        return shout(q)

    error = refused_graph(graph)
    assert error.source.line == marked_line("python if")
    assert error.message.startswith(
        "a traced value (from 'is_good') has no truth value while the graph is being traced; "
        "use agentc.cond(...) or agentc.loop(...)"
    )


def test_switch_on_text() -> None:
    def graph(q: str) -> str:
        cases = {"a": lambda: shout(q), "b": lambda: q}
        return ag.switch(q, cases, default=lambda: "other", weights=[0.5, 0.25])

    golden(
        graph,
        """
        %0 = agent.switch %arg0 : !agent.text cases ["a", "b"] """
        """weights [5.000000e-01, 2.500000e-01, 2.500000e-01] -> (!agent.text) {
        %1 = agent.call_tool @shout(%arg0) {label = "shout"} : (!agent.text) -> !agent.text
        agent.yield %1 : !agent.text
        }, {
        agent.yield %arg0 : !agent.text
        } default {
        %1 = agent.constant "other" : !agent.text
        agent.yield %1 : !agent.text
        }
        """,
    )


def test_switch_on_integers_without_a_default_throws() -> None:
    def graph(q: str) -> str:
        return ag.switch(length(q), {0: lambda x: "none", 1: lambda x: x}, q)

    golden(
        graph,
        """
        %0 = agent.call_tool @length(%arg0) {label = "length"} : (!agent.text) -> i64
        %1 = agent.switch %0 : i64 cases [0, 1] -> (!agent.text) {
        %2 = agent.constant "none" : !agent.text
        agent.yield %2 : !agent.text
        }, {
        agent.yield %arg0 : !agent.text
        } default {
        %2 = agent.constant "no case of the switch matches; expected one of 0, 1" : !agent.text
        agent.throw %2 kind("throw")
        }
        """,
    )


def test_switch_without_cases_is_refused() -> None:
    def graph(q: str) -> str:
        return ag.switch(q, {}, default=lambda: q)  # <- no cases

    error = refused_graph(graph)
    assert error.source.line == marked_line("no cases")
    assert "switch has no cases" in error.message


def test_switch_refuses_mixed_cases_wrong_selectors_and_bad_weights() -> None:
    same = {"a": lambda: "x", "b": lambda: "y"}
    mixed = refused_graph(lambda q: ag.switch(q, {"a": lambda: q, 1: lambda: q}))
    assert "parameter 'q' of graph" in mixed.message  # a lambda has no annotations

    def mixes(q: str) -> str:
        return ag.switch(q, {"a": lambda: q, 1: lambda: q})

    def wrong(q: str) -> str:
        return ag.switch(length(q), same)

    def heavy(q: str) -> str:
        return ag.switch(q, same, weights=[0.9, 0.9])

    assert "switch mixes cases" in refused_graph(mixes).message
    assert "selector of switch has the wrong type: found i64" in refused_graph(wrong).message
    assert "weights of switch are [0.9, 0.9]" in refused_graph(heavy).message


def test_a_value_that_left_its_region_is_an_undefined_variable() -> None:
    def graph(q: str) -> str:
        kept = []
        ag.cond(is_long(q), lambda: kept.append(shout(q)), lambda: None)
        return answer(kept[0])  # <- leaked

    error = refused_graph(graph)
    assert error.source.line == marked_line("leaked")
    assert "undefined variable: the value from 'shout' belongs to a region that has ended" in (
        error.message
    )


def test_nothing_can_follow_a_throw() -> None:
    def bad(q: str) -> str:
        ag.throw("no")
        return shout(q)  # <- after throw

    def graph(q: str) -> str:
        return ag.cond(is_long(q), lambda: bad(q), lambda: q)

    error = refused_graph(graph)
    assert error.source.line == marked_line("after throw")
    assert "cannot be reached" in error.message


def test_probabilities_are_checked() -> None:
    def graph(q: str) -> str:
        return ag.cond(is_long(q), lambda: q, lambda: q, p_true=1.5)

    assert "p_true of cond is 1.5, expected a probability" in refused_graph(graph).message
