"""Eager mode, and its agreement with the traced program under the reference interpreter."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agentc as ag
from agentc import Passage
from agentc.errors import RuntimeFault
from agentc.frontend.eager import Engine, GenerateRequest
from agentc.interpreter import interpret

from .eager_worlds import PlainEngine, PlainWorld
from .helpers import program, refused
from .parts import (
    LLM,
    Pair,
    Plan,
    answer,
    answer_with,
    best,
    chat,
    color_of,
    count,
    embed,
    fetch,
    is_good,
    is_long,
    length,
    names,
    passage,
    plan,
    ratio,
    search,
    shout,
    words,
)


@ag.tool(effects="pure")
def fail(text: str) -> str:
    raise RuntimeFault(f"no {text}", kind="tool")


def straight(q: str) -> str:
    return shout(answer(q)) + "." + fetch(q)


def typed(q: str) -> dict[str, Any]:
    p = plan(q)
    wish = ag.cond(p.needs_web, lambda: p.queries[0], lambda: p.tone + p.steps[0].text)
    return {"plan": p, "wish": wish, "count": count(q), "names": names(q), "color": color_of(q)}


def retrieval(q: str) -> tuple[str, list[Passage]]:
    docs = best(q, search(q) + ag.flatten(ag.map(search, words(q))))
    return answer_with(q, docs), docs


def passages(q: str) -> list[Passage]:
    return search(q) + [passage(q)]


def branches(q: str) -> tuple[str, int]:
    first = ag.cond(is_long(q), lambda: (shout(q), 1), lambda: (q + "?", 2))
    second = ag.switch(color_of(q), {"red": lambda x: x + "r", "blue": lambda x: x + "b"}, first[0])
    return second, first[1]


def refine(q: str) -> tuple[str, int]:
    def step(text: str, n: int, *, i: int) -> tuple[str, int]:
        return answer(text), n + i

    return ag.loop(step, init=(q, 0), until=lambda text, n: is_good(text) | (n > 4), max_iters=5)


def numbers(q: str) -> dict[str, Any]:
    n, x = length(q), ratio(q)
    return {
        "a": (n * 3 - 1) % 7, "b": n // 2, "c": x / 2 + 1, "d": (n > 3) & ~(x < 1), "e": n >= 2,
        "f": ag.contains(q, "a"), "g": ag.length(q), "h": q == "a b", "i": (n != 4) | (q <= "m"),
    }  # fmt: skip


def many(q: str) -> tuple[list[str], list[int], str, int]:
    texts, sizes = ag.map(lambda w, *, i: (w + "!", length(w) + i), words(q + "."))
    one, two = ag.parallel(lambda: shout(q), lambda: length(q))
    return texts, sizes, one, two


def votes(q: str) -> dict[str, Any]:
    say = lambda *, i: ag.cond(i < 2, lambda: " a", lambda: "a")
    return {
        "text": ag.vote(say, n=5),
        "quorum": ag.vote(lambda *, i: ag.cond(i == 1, lambda: "b", lambda: "c"), n=5, quorum=2),
        "mean": ag.vote(lambda *, i: i, n=4, reduce="mean"),
        "median": ag.vote(lambda *, i: 3 - i, n=4, reduce="median"),
        "share": ag.vote(lambda *, i: ratio(q), n=3, reduce="median"),
    }


def failing(q: str) -> tuple[str, str, str]:
    told = ag.try_(lambda: fail(q), catch=lambda e: e.kind + ":" + e.message)
    won = ag.race(lambda: fail(q), lambda: shout(q))
    kept = ag.try_(lambda: ag.throw("stop", "mine"), catch=lambda e: e.kind + e.message)
    return told, won, kept


def conversation(q: str) -> str:
    chat(q)
    return ag.loop(lambda a: chat(a), init=chat("go on"), until=is_long, max_iters=3)


def asking(q: str) -> str:
    return ag.interrupt("Send " + q, name="approve")


GRAPHS = [
    straight, typed, retrieval, passages, branches, refine, numbers, many, votes, failing,
    conversation, asking,
]  # fmt: skip


def plain(value: Any) -> Any:
    """A Python value as JSON data, as the interpreter has it."""
    from pydantic import TypeAdapter

    return TypeAdapter(type(value)).dump_python(value, mode="json")


@pytest.mark.parametrize("function", GRAPHS, ids=lambda f: f.__name__)
@settings(max_examples=8, deadline=None)
@given(q=st.text("ab ", max_size=12))
def test_running_plain_python_agrees_with_the_program(function: Any, q: str) -> None:
    traced = program(function)
    with ag.eager(PlainEngine()):
        ran = ag.graph(function)(q)
    items = (
        list(ran.values())
        if isinstance(ran, dict)
        else list(ran)
        if isinstance(ran, tuple)
        else [ran]
    )
    results = interpret(traced.module, {"q": q}, PlainWorld(traced.tools))
    assert [plain(item) for item in items] == [plain(item) for item in results]


def test_tools_run_their_body_without_an_engine() -> None:
    assert shout("a") == "A"
    assert asyncio.run(fetch("a")) == "page of a"


def test_an_async_tool_is_run_inside_an_eager_graph_even_in_a_loop() -> None:
    @ag.graph
    def graph(q: str) -> str:
        return fetch(q) + "!"

    async def main() -> str:
        return graph("a")

    assert graph("a") == "page of a!"
    assert asyncio.run(main()) == "page of a!"


@pytest.mark.parametrize("call", [answer, search, embed, lambda q: best(q, [])])
def test_models_need_an_engine(call: Any) -> None:
    message = refused(lambda: call("q")).message
    assert "needs an engine outside a graph: found none" in message
    assert "`with ag.eager(runtime): ...`" in message


def test_an_engine_needs_four_methods() -> None:
    class Half:
        def generate(self, request: GenerateRequest) -> str:
            return ""

    def bind() -> None:
        with ag.eager(Half()):
            pass

    assert "ag.eager got Half without embed, retrieve, rerank" in refused(bind).message
    assert isinstance(PlainEngine(), Engine)


def test_the_engine_is_unbound_after_the_block() -> None:
    with ag.eager(PlainEngine()):
        answer("q")
    assert "needs an engine" in refused(lambda: answer("q")).message


def test_a_request_says_all_that_the_program_says() -> None:
    @ag.llm(model=LLM, system="Be {tone}.", max_tokens=9, temperature=0.5, seed=3, stop=["."])
    def say(q: str, tone: str) -> str:
        """Q: {q}{|} A:"""

    engine = PlainEngine()
    with ag.eager(engine):
        say("why", tone="brief")
    (request,) = engine.requests
    assert request.pieces == ("Q:", " why", " A:") and request.prompt == "Q: why A:"
    assert request.system == ("Be", " brief", ".")
    assert (request.max_tokens, request.temperature, request.seed) == (9, 0.5, 3)
    assert (request.model, request.label, request.stop) == (LLM, "say", (".",))


def test_a_conversation_lasts_as_long_as_the_block() -> None:
    engine = PlainEngine()
    with ag.eager(engine):
        first = chat("one")
        ag.session("main", model=LLM).append("seen", role="tool")
        other = ag.session("main", model=LLM).fork("other")
        chat("two")
        chat("three", session=other)
    assert engine.requests[1].history == (("user", "one"), ("assistant", first), ("tool", "seen"))
    assert engine.requests[2].history == engine.requests[1].history
    with ag.eager(engine):
        chat("again")
    assert engine.requests[3].history == ()


def test_outputs_are_python_values() -> None:
    with ag.eager(PlainEngine()):
        assert isinstance(plan("q"), Plan)
        assert isinstance(is_good("q"), bool)
        assert isinstance(count("q"), int)
        assert color_of("q").value in ("red", "blue")
        assert all(isinstance(doc, Passage) for doc in search("q"))


def test_a_typed_dict_is_read_as_a_dict() -> None:
    @ag.llm(model=LLM)
    def pair(q: str) -> Pair:
        """{q}"""

    with ag.eager(PlainEngine()):
        assert set(pair("q")) == {"left", "right"}


def test_an_answer_that_is_not_of_the_type_is_a_parse_fault() -> None:
    class Garbled(PlainEngine):
        def generate(self, request: GenerateRequest) -> str:
            return '{"value": "many'

    with ag.eager(Garbled()), pytest.raises(RuntimeFault, match="answer of 'count'") as caught:
        count("q")
    assert caught.value.kind == "parse"


def test_throw_and_missing_cases_are_faults() -> None:
    with pytest.raises(RuntimeFault, match="stop"):
        ag.throw("stop", "mine")
    with pytest.raises(RuntimeFault, match="no case of the switch matches; expected one of a"):
        ag.switch("b", {"a": lambda: 1})


def test_an_engine_without_people_refuses_interrupts() -> None:
    class Alone(PlainEngine):
        interrupt = None

    def ask() -> None:
        with ag.eager(Alone()):
            ag.interrupt("?", name="approve")

    assert "interrupt 'approve' has nobody to ask" in refused(ask).message
