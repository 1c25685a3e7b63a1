"""Graphs: inputs, outputs, composition, the builder, the public names."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, TypedDict

import pytest

import agentc as ag
from agentc import Passage
from agentc.frontend import dump_json, trace

from .helpers import body, program, refused, refused_graph
from .parts import ENCODER, LLM, Plan, Score, answer, best, is_long, length, manual, search, shout


class Pair(TypedDict):
    text: str
    size: int


def outputs(function: Any) -> dict[str, str]:
    return {v.name: str(v.type) for v in program(function).document.outputs}


def test_outputs_are_named() -> None:
    def one(q: str) -> str:
        return q

    def two(q: str) -> tuple[str, int]:
        return q, length(q)

    def named(q: str) -> dict[str, Any]:
        return {"text": q, "size": length(q)}

    def record(q: str) -> Pair:
        return {"text": q, "size": length(q)}

    assert outputs(one) == {"result": "text"}
    assert outputs(two) == {"result0": "text", "result1": "i64"}
    assert outputs(named) == {"text": "text", "size": "i64"}
    assert outputs(record) == {"result": 'record<"Pair", text: text, size: i64>'}


def test_inputs_of_every_type() -> None:
    def graph(
        a: str, b: int, c: float, d: bool, e: list[Passage], f: Plan, g: list[list[int]]
    ) -> str:
        return a

    document = program(graph).document
    assert document.inputs == list("abcdefg")
    assert [str(v.type) for v in document.body.args][:5] == ["text", "i64", "f64", "i1", "docs"]


def test_wrong_results_are_refused() -> None:
    def nothing(q: str) -> str:
        shout(q)

    def wrong(q: str) -> int:
        return shout(q)

    def count(q: str) -> tuple[str, str]:
        return q, q, q

    assert "graph 'nothing' returns nothing" in refused_graph(nothing).message
    assert (
        "result of graph 'wrong' has the wrong type: found text (from 'shout'), expected i64"
        in (refused_graph(wrong).message)
    )
    assert "is annotated as 2 values: found 3" in refused_graph(count).message


def test_inputs_have_no_defaults_and_limits_are_checked() -> None:
    def default(q: str, k: int = 3) -> str:
        return q

    assert (
        "input 'k' of graph 'default' has a default" in refused(lambda: ag.graph(default)).message
    )
    limited = ag.graph(sla="6s")
    assert (
        "sla of graph 'one_input' is '6s', expected ag.SLA"
        in refused(lambda: limited(one_input)).message
    )
    assert "expected a function decorated with @ag.graph" in refused(lambda: trace(default)).message


def one_input(q: str) -> str:
    return q


def test_a_graph_inside_a_graph_is_inlined() -> None:
    @ag.graph
    def inner(text: str) -> str:
        return shout(text)

    def graph(q: str) -> str:
        return inner(inner(q))

    assert [line.split("(")[0] for line in body(graph)] == [
        "%0 = agent.call_tool @shout", "%1 = agent.call_tool @shout",
    ]  # fmt: skip


def test_the_builder_gives_the_program_of_the_function() -> None:
    b = ag.GraphBuilder("qa", sla=ag.SLA(p95="6s"))
    question = b.input("question", str)
    notes = b.rerank("best", question, b.retrieve("search", question, index=manual, k=3),
                     model=ENCODER, k=2)  # fmt: skip
    reply = b.llm("reply", "{notes} {question}", notes=notes, question=question, model=LLM,
                  settings={"max_tokens": 9})  # fmt: skip
    loud = b.cond(reply == "", lambda: "none", lambda: b.tool(shout, reply))
    b.output("result", loud)
    built = b.build()

    @ag.llm(model=LLM, max_tokens=9)
    def reply_to(notes: list[Passage], question: str) -> str:
        """{notes} {question}"""

    def qa(question: str) -> str:
        answer = reply_to(best(question, search(question)), question)
        return ag.cond(answer == "", lambda: "none", lambda: shout(answer))

    expected = str(program(qa, sla=ag.SLA(p95="6s")).module)
    assert str(built.module) == expected.replace('"reply_to"', '"reply"')
    assert built.tools == {"shout": shout.signature.function}


def test_the_builder_has_every_construct() -> None:
    b = ag.GraphBuilder("all")
    q = b.input("q", str)
    vector = b.embed("embed", q, model=ENCODER)
    docs = b.retrieve("search", vector, index=manual)
    n = b.llm("n", "{q}", q=q, model=LLM, output=int)
    texts = b.map(lambda p: p.text, docs)
    looped = b.loop(lambda a: a + "!", init=texts[0], max_iters=2)
    voted = b.vote(lambda: b.call(shout, looped), n=3)
    raced = b.race(lambda: b.constant("a"), lambda: voted)
    one, _two = b.parallel(lambda: raced, lambda: n)
    tried = b.try_(lambda: one, catch=lambda e: e.message)
    picked = b.switch(tried, {"x": lambda: b.throw("x")}, default=lambda: tried)
    talk = b.session("talk", model=LLM)
    said = b.llm("say", "{t}", t=picked, model=LLM, settings={"session": talk})
    told = b.interrupt(said, schema=Score, name="ask")
    made = b.record(
        Score, value=told.value, reason=b.concat(said, b.flatten(b.constant([["a"]]))[0])
    )
    b.output("score", made)
    ops = {op.op for op in b.build().document.body.ops}
    assert {
        "embed", "retrieve", "generate", "parse", "map", "loop", "vote", "race", "parallel", "try",
        "switch", "open_session", "await_event", "make_record", "concat", "flatten",
    } <= ops  # fmt: skip
    assert "agent.graph @all" in str(b.build().module)


def test_the_builder_checks_names_and_outputs() -> None:
    b = ag.GraphBuilder("g")
    q = b.input("q", str)
    b.output("a", q)
    assert "input 'q' is added twice" in refused(lambda: b.input("q", str)).message
    assert "output 'a' is added twice" in refused(lambda: b.output("a", q)).message
    empty = ag.GraphBuilder("empty")
    assert "graph 'empty' has no outputs" in refused(empty.build).message
    unknown = lambda: b.llm("x", "{y}", z=q, model=LLM)
    assert "unknown placeholder '{y}'" in refused(unknown).message


def test_functions_that_need_a_graph_say_so() -> None:
    kept: list[Any] = []

    def graph(q: str) -> str:
        kept.append(q)
        return q

    program(graph)
    assert "a comparison belongs inside a graph" in refused(lambda: kept[0] == "a").message


def test_tracing_is_deterministic() -> None:
    def graph(q: str) -> str:
        return ag.cond(is_long(q), lambda: answer(q), lambda: shout(q))

    decorated = ag.graph(graph)
    assert dump_json(decorated.trace().document) == dump_json(decorated.trace().document)


def test_every_public_name_is_there_and_documented() -> None:
    for name in ag.__all__:
        assert getattr(ag, name).__doc__, name
    assert set(ag.__all__) == {*ag._HOMES, *ag._API}
    assert set(ag.__all__) <= set(dir(ag))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ag.nothing


def test_importing_and_tracing_stays_light() -> None:
    script = (
        "import sys, agentc as ag\n"
        "assert not {'pydantic', 'numpy', 'torch', 'iree', 'ortools'} & set(sys.modules)\n"
        "@ag.tool(effects='pure')\n"
        "def f(x: str) -> str: return x\n"
        "@ag.graph\n"
        "def g(x: str) -> str: return f(x)\n"
        "g.trace()\n"
        "heavy = {'torch', 'iree', 'ortools', 'agentc._mlir', 'agentc.models', 'agentc.runtime'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
