"""throw, try_ and interrupt."""

from __future__ import annotations

from pydantic import BaseModel

import agentc as ag

from .helpers import golden, marked_line, refused_graph
from .parts import answer, fetch


class Approval(BaseModel):
    ok: bool
    note: str


def test_try_hands_the_error_to_the_handler() -> None:
    def graph(q: str) -> str:
        return ag.try_(lambda: fetch(q), catch=lambda e: e.kind + ": " + e.message)

    golden(
        graph,
        """
        %0 = agent.try -> (!agent.text) {
        %1 = agent.call_tool @fetch(%arg0) {label = "fetch"} : (!agent.text) -> !agent.text
        agent.yield %1 : !agent.text
        } catch {
        ^bb0(%arg1: !agent.record<"Error", kind: !agent.text, message: !agent.text>):
        %1 = agent.get_field %arg1["kind"] : !agent.record<"Error", kind: !agent.text, """
        """message: !agent.text>
        %2 = agent.constant ": " : !agent.text
        %3 = agent.concat %1, %2 : !agent.text
        %4 = agent.get_field %arg1["message"] : !agent.record<"Error", kind: !agent.text, """
        """message: !agent.text>
        %5 = agent.concat %3, %4 : !agent.text
        agent.yield %5 : !agent.text
        }
        """,
    )


def test_a_handler_may_throw_again() -> None:
    def graph(q: str) -> str:
        return ag.try_(lambda: fetch(q), catch=lambda e: ag.throw(e.message, "fatal"))

    golden(
        graph,
        """
        %0 = agent.try -> (!agent.text) {
        %1 = agent.call_tool @fetch(%arg0) {label = "fetch"} : (!agent.text) -> !agent.text
        agent.yield %1 : !agent.text
        } catch {
        ^bb0(%arg1: !agent.record<"Error", kind: !agent.text, message: !agent.text>):
        %1 = agent.get_field %arg1["message"] : !agent.record<"Error", kind: !agent.text, """
        """message: !agent.text>
        agent.throw %1 kind("fatal")
        }
        """,
    )


def test_throw_belongs_in_a_branch() -> None:
    def graph(q: str) -> str:
        return ag.throw("always")  # <- top-level throw

    error = refused_graph(graph)
    assert error.source.line == marked_line("top-level throw")
    assert "ag.throw ends a branch: found it outside of one" in error.message


def test_interrupt_gives_a_typed_value() -> None:
    def graph(q: str) -> str:
        seen = ag.interrupt("Send this? " + q, schema=Approval, name="approve", timeout="2h")
        return ag.cond(seen.ok, lambda: seen.note, lambda: answer(q))

    golden(
        graph,
        """
        %0 = agent.constant "Send this? " : !agent.text
        %1 = agent.concat %0, %arg0 : !agent.text
        %2 = agent.await_event "approve"(%1 : !agent.text) timeout_s(7.200000e+03) """
        """{label = "approve"} -> !agent.record<"Approval", ok: i1, note: !agent.text>
        %3 = agent.get_field %2["ok"] : !agent.record<"Approval", ok: i1, note: !agent.text>
        %4 = agent.cond %3 -> (!agent.text) {
        %5 = agent.get_field %2["note"] : !agent.record<"Approval", ok: i1, note: !agent.text>
        agent.yield %5 : !agent.text
        } else {
        %5 = agent.prompt "Answer: {question}"(question = %arg0 : !agent.text) : !agent.text
        %text = agent.generate @"smollm2-135m-instruct"(%5) max_tokens(256) """
        """{label = "answer", site = 0 : i64}
        agent.yield %text : !agent.text
        }
        """,
    )


def test_interrupt_without_a_prompt_waits_for_text() -> None:
    def graph(q: str) -> str:
        return ag.interrupt(name="next")

    golden(graph, '%0 = agent.await_event "next" {label = "next"} -> !agent.text')


def test_interrupt_checks_its_timeout() -> None:
    def graph(q: str) -> str:
        return ag.interrupt(q, timeout=5)

    assert "timeout of interrupt 'input' has no unit: found 5" in refused_graph(graph).message
