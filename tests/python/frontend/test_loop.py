"""Loops: the IR, what they carry, and what is refused."""

from __future__ import annotations

import agentc as ag

from .helpers import golden, marked_line, refused_graph
from .parts import answer, is_good, is_long, length, shout


def test_loop() -> None:
    def graph(q: str) -> str:
        return ag.loop(shout, init=q, until=is_long, max_iters=3, p_stop=0.5)

    golden(
        graph,
        """
        %0 = agent.loop (%arg1, %arg2 = %arg0 : !agent.text) max_iters(3) p_stop(5.000000e-01) """
        """-> (!agent.text) {
        %1 = agent.call_tool @shout(%arg2) {label = "shout"} : (!agent.text) -> !agent.text
        %2 = agent.call_tool @is_long(%1) {label = "is_long"} : (!agent.text) -> i1
        agent.break_if %2, %1 : !agent.text
        agent.yield %1 : !agent.text
        }
        """,
    )


def test_loop_carries_several_values_and_gives_the_iteration() -> None:
    def step(text: str, total: int, *, i: int) -> tuple[str, int]:
        return text + "!", total + i

    def graph(q: str) -> tuple[str, int]:
        return ag.loop(step, init=(q, 0), max_iters=2, iters=ag.uniform(1, 2))

    golden(
        graph,
        """
        %0 = agent.constant 0 : i64
        %1:2 = agent.loop (%arg1, %arg2 = %arg0 : !agent.text, %arg3 = %0 : i64) max_iters(2) """
        """iters(#agent.dist<uniform [1.000000e+00, 2.000000e+00] declared>) """
        """-> (!agent.text, i64) {
        %2 = agent.constant "!" : !agent.text
        %3 = agent.concat %arg2, %2 : !agent.text
        %4 = agent.binary add %arg3, %arg1 : i64
        agent.yield %3, %4 : !agent.text, i64
        }
        """,
    )


def test_an_unbounded_loop_is_refused() -> None:
    def graph(q: str) -> str:
        return ag.loop(answer, init=q, until=is_good)  # <- unbounded

    error = refused_graph(graph)
    assert error.source.line == marked_line("unbounded")
    assert "the loop is unbounded: found no max_iters" in error.message
    assert error.message.endswith("write max_iters=3")


def test_loop_refuses_other_types_and_counts_than_it_carries() -> None:
    def types(q: str) -> str:
        return ag.loop(length, init=q, max_iters=2)

    def counts(q: str) -> str:
        return ag.loop(lambda a: (a, a), init=q, max_iters=2)

    def zero(q: str) -> str:
        return ag.loop(shout, init=q, max_iters=0)

    found = refused_graph(types).message
    assert "value carried by the loop has the wrong type: found i64 (from 'length')" in found
    assert "the loop body returns 2 values, expected 1" in refused_graph(counts).message
    assert "max_iters of the loop is 0" in refused_graph(zero).message
