"""Conversations threaded through calls and regions."""

from __future__ import annotations

import agentc as ag

from .helpers import body, golden, program, refused_graph
from .parts import LLM, chat, is_long, length, words


@ag.llm(model=LLM, session="helpdesk", system="You are a help desk.")
def help_desk(text: str) -> str:
    """{text}"""


@ag.llm(model=LLM, system="You are terse.")
def terse(text: str) -> str:
    """{text}"""


@ag.llm(model=LLM)
def free(text: str) -> str:
    """{text}"""


def test_calls_of_one_session_go_on_from_each_other() -> None:
    def graph(q: str) -> str:
        return chat(chat(q))

    golden(
        graph,
        """
        %0 = agent.open_session @"smollm2-135m-instruct" "main" -> !agent.session
        %1 = agent.prompt "{text}"(text = %arg0 : !agent.text) : !agent.text
        %text, %session_out = agent.generate @"smollm2-135m-instruct"(%1) session(%0) """
        """max_tokens(256) {label = "chat", site = 0 : i64}
        %2 = agent.prompt "{text}"(text = %text : !agent.text) : !agent.text
        %text_0, %session_out_1 = agent.generate @"smollm2-135m-instruct"(%2) """
        """session(%session_out) max_tokens(256) {label = "chat", site = 1 : i64}
        """,
    )


def test_the_system_text_goes_to_the_opening() -> None:
    def graph(q: str) -> str:
        return help_desk(q)

    lines = body(graph)
    assert lines[0] == '%0 = agent.constant "You are a help desk." : !agent.text'
    assert 'open_session @"smollm2-135m-instruct" "helpdesk" system(%0)' in lines[1]
    assert "system" not in lines[3]


def test_a_session_opened_in_the_graph_is_used_by_name_and_by_value() -> None:
    def graph(q: str) -> str:
        talk = ag.session("talk", model=LLM, system="Be kind to " + q)
        first = free(q, session=talk)
        talk.append(first + "?", role="tool")
        return free(first, session="talk")

    lines = body(graph)
    opened = next(n for n, line in enumerate(lines) if "open_session" in line)
    appended = next(n for n, line in enumerate(lines) if "append_session" in line)
    assert "session(%2)" in lines[opened + 2]
    assert "append_session %session_out, " in lines[appended] and 'role("tool")' in lines[appended]
    assert f"session({lines[appended].split(' ')[0]})" in lines[-1]


def test_a_branch_yields_the_conversation() -> None:
    def graph(q: str) -> str:
        first = chat(q)
        second = ag.cond(is_long(first), lambda: chat("shorter"), lambda: first)
        return chat(second)

    lines = body(graph)
    cond = next(line for line in lines if "agent.cond" in line)
    result = cond.split(":2 =")[0]
    assert cond.endswith("-> (!agent.text, !agent.session) {")
    assert "agent.yield %text, %session_out : !agent.text, !agent.session" in lines
    assert f"session({result}#1)" in lines[-1]


def test_a_loop_carries_the_conversation() -> None:
    def graph(q: str) -> str:
        return ag.loop(lambda a: chat(a), init=q, until=is_long, max_iters=2)

    golden(
        graph,
        """
        %0 = agent.open_session @"smollm2-135m-instruct" "main" -> !agent.session
        %1:2 = agent.loop (%arg1, %arg2 = %arg0 : !agent.text, %arg3 = %0 : !agent.session) """
        """max_iters(2) -> (!agent.text, !agent.session) {
        %2 = agent.prompt "{text}"(text = %arg2 : !agent.text) : !agent.text
        %text, %session_out = agent.generate @"smollm2-135m-instruct"(%2) session(%arg3) """
        """max_tokens(256) {label = "chat", site = 0 : i64}
        %3 = agent.call_tool @is_long(%text) {label = "is_long"} : (!agent.text) -> i1
        agent.break_if %3, %text, %session_out : !agent.text, !agent.session
        agent.yield %text, %session_out : !agent.text, !agent.session
        }
        """,
    )


def test_a_loop_carries_a_conversation_used_deep_inside() -> None:
    def graph(q: str) -> str:
        def turn(a: str) -> str:
            return ag.cond(is_long(a), lambda: chat(a), lambda: a)

        return chat(ag.loop(turn, init=q, max_iters=2))

    lines = body(graph)
    loop = next(line for line in lines if "agent.loop" in line)
    assert "%arg3 = %0 : !agent.session" in loop
    assert any("session(%arg3)" in line for line in lines)
    assert "agent.yield %arg2, %arg3 : !agent.text, !agent.session" in lines
    assert "session(%1#1)" in lines[-1]


def test_fan_outs_fork_the_conversation() -> None:
    def graph(q: str) -> str:
        first = chat(q)
        ag.map(chat, words(first))
        ag.vote(chat, q, n=3)
        ag.parallel(lambda: chat("a"), lambda: chat("b"))
        return chat("end")

    lines = body(graph)
    uses = [line.split("session(")[1].split(")")[0] for line in lines if " session(" in line]
    assert len(uses) == 6 and set(uses[1:]) == {"%session_out"}


def test_a_race_goes_on_with_the_winner_and_a_handler_from_before() -> None:
    def graph(q: str) -> str:
        won = ag.race(lambda: chat("a"), lambda: chat("b"))
        saved = ag.try_(lambda: chat(won), catch=lambda e: e.message)
        return chat(saved)

    lines = body(graph)
    assert sum("agent.race -> (!agent.text, !agent.session)" in line for line in lines) == 1
    handler = lines[lines.index("} catch {") :]
    assert any(
        line.startswith("agent.yield") and line.endswith("%1#1 : !agent.text, !agent.session")
        for line in handler
    )


def test_fork_begins_another_conversation_with_the_same_history() -> None:
    def graph(q: str) -> tuple[str, str]:
        a = ag.session("a", model=LLM)
        free(q, session=a)
        b = a.fork("b")
        return free("left", session=a), free("right", session=b)

    lines = body(graph)
    uses = [line.split("session(")[1].split(")")[0] for line in lines if " session(" in line]
    assert uses == ["%0", "%session_out", "%session_out"]


def test_a_session_inside_a_region_ends_with_it() -> None:
    def one(word: str) -> str:
        talk = ag.session("inner", model=LLM)
        return free(free(word, session=talk), session=talk)

    def graph(q: str) -> list[str]:
        return ag.map(one, words(q))

    assert "(!agent.list<!agent.text>) {" in "\n".join(body(graph))

    def late(q: str) -> str:
        ag.map(one, words(q))
        return free(q, session="inner")

    assert "session 'inner' is not open here" in refused_graph(late).message


def test_what_does_not_fit_a_session_is_refused() -> None:
    def twice(q: str) -> str:
        ag.session("a", model=LLM)
        ag.session("a", model=LLM)
        return q

    def system(q: str) -> str:
        ag.session("a", model=LLM, system="Be long.")
        return terse(q, session="a")

    def encoder(q: str) -> str:
        ag.session("a", model="all-minilm-l6-v2")
        return q

    def role(q: str) -> str:
        ag.session("a", model=LLM).append(q, role="system")
        return q

    def kind(q: str) -> str:
        ag.session("a", model=LLM).append(length(q))
        return q

    assert "session 'a' is opened twice" in refused_graph(twice).message
    assert "opened with another system text than 'terse' has" in refused_graph(system).message
    assert "found kind 'encoder', expected llm" in refused_graph(encoder).message
    assert "role of session 'a' is 'system'" in refused_graph(role).message
    assert "turn of session 'a' has the wrong type" in refused_graph(kind).message


def test_equal_system_texts_may_be_repeated() -> None:
    def graph(q: str) -> str:
        ag.session("a", model=LLM, system="You are terse.")
        return terse(q, session="a")

    ops = program(graph).document.body.ops
    assert [op.op for op in ops] == ["constant", "open_session", "prompt", "generate", "return"]
    assert ops[3].system is None
