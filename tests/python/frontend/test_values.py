"""Operators on traced values, and what Python must not decide."""

from __future__ import annotations

from typing import Any

import pytest

import agentc as ag
from agentc import Passage
from agentc.frontend import types as t
from agentc.frontend.graph import trace
from agentc.frontend.values import Traced

from .helpers import body, golden, marked_line, program, refused_graph
from .parts import Plan, Score, Step, is_long, length, names, plan, ratio, search, shout


def operations(expression: Any) -> list[str]:
    """The operations that an expression of (text, i64, f64, i1) values emits."""

    def graph(q: str) -> dict[str, Any]:
        return {"out": expression(q, length(q), ratio(q), is_long(q))}

    return [line for line in body(graph) if "call_tool" not in line]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (lambda s, n, x, p: n + 1, "agent.binary add %0, %3 : i64"),
        (lambda s, n, x, p: 1 - n, "agent.binary sub %3, %0 : i64"),
        (lambda s, n, x, p: n * n, "agent.binary mul %0, %0 : i64"),
        (lambda s, n, x, p: n // 2, "agent.binary div %0, %3 : i64"),
        (lambda s, n, x, p: n % 2, "agent.binary mod %0, %3 : i64"),
        (lambda s, n, x, p: x / 2, "agent.binary div %1, %3 : f64"),
        (lambda s, n, x, p: 2 + x, "agent.binary add %3, %1 : f64"),
        (lambda s, n, x, p: n == 3, "agent.compare eq %0, %3 : i64"),
        (lambda s, n, x, p: x != 1, "agent.compare ne %1, %3 : f64"),
        (lambda s, n, x, p: n < 3, "agent.compare lt %0, %3 : i64"),
        (lambda s, n, x, p: n > 3, "agent.compare gt %0, %3 : i64"),
        (lambda s, n, x, p: s <= "b", "agent.compare le %arg0, %3 : !agent.text"),
        (lambda s, n, x, p: s >= "b", "agent.compare ge %arg0, %3 : !agent.text"),
        (lambda s, n, x, p: s.contains("b"), "agent.compare contains %arg0, %3 : !agent.text"),
        (lambda s, n, x, p: p == True, "agent.compare eq %2, %3 : i1"),
        (lambda s, n, x, p: p & True, "agent.and %2, %3"),
        (lambda s, n, x, p: False | p, "agent.or %2, %3"),
        (lambda s, n, x, p: ~p, "agent.not %2"),
        (lambda s, n, x, p: "a" + s, "agent.concat %3, %arg0 : !agent.text"),
        (lambda s, n, x, p: s + s, "agent.concat %arg0, %arg0 : !agent.text"),
        (lambda s, n, x, p: ag.contains("b", s), "agent.compare contains %3, %arg0 : !agent.text"),
        (lambda s, n, x, p: ag.length(s), "agent.length %arg0 : !agent.text"),
        (lambda s, n, x, p: s.length(), "agent.length %arg0 : !agent.text"),
        (lambda s, n, x, p: [s, "b"], "agent.make_list(%arg0, %3) : !agent.list<!agent.text>"),
    ],
)
def test_each_operator_is_one_operation(expression: Any, expected: str) -> None:
    last = operations(expression)[-1]
    assert last.split(" = ")[1].replace("make_list (", "make_list(") == expected


def test_fields_of_records_are_typed_at_any_depth() -> None:
    seen: list[Traced] = []

    def graph(q: str) -> str:
        p = plan(q)
        seen.extend([p.steps, p.steps[0].weight, p["needs_web"], p.color, p.queries[1]])
        return p.tone

    program(graph)
    assert [str(value._type) for value in seen] == [
        'list<record<"Step", text: text, weight: f64>>', "f64", "i1", "text", "text",
    ]  # fmt: skip


def test_a_missing_field_is_refused_with_the_nearest_name() -> None:
    def graph(q: str) -> str:
        return plan(q).querys[0]  # <- misspelt field

    error = refused_graph(graph)
    assert error.source.line == marked_line("misspelt field")
    assert "record 'Plan' (from 'plan') has no field 'querys'" in error.message
    assert "did you mean 'queries'?" in error.message


@pytest.mark.parametrize(
    ("misuse", "problem"),
    [
        (lambda s, n, xs: bool(n == 1), "has no truth value"),
        (lambda s, n, xs: s and "a", "has no truth value"),
        (lambda s, n, xs: not s, "has no truth value"),
        (lambda s, n, xs: len(xs), "has no length"),
        (lambda s, n, xs: list(xs), "cannot be iterated over"),
        (lambda s, n, xs: [x for x in xs], "cannot be iterated over"),
        (lambda s, n, xs: {s: 1}, "cannot be hashed"),
        (lambda s, n, xs: "a" in s, "cannot be searched with 'in'"),
        (lambda s, n, xs: f"{s}", "cannot be put into a Python text"),
        (lambda s, n, xs: "%s" % s, "cannot be put into a Python text"),
        (lambda s, n, xs: str(n), "cannot be put into a Python text"),
        (lambda s, n, xs: int(n), "cannot become a Python number"),
        (lambda s, n, xs: range(n), "cannot become a Python number"),
        (lambda s, n, xs: s.upper(), "has no attribute 'upper'"),
        (lambda s, n, xs: n["a"], "has no items"),
        (lambda s, n, xs: xs[-1], "is indexed with -1"),
        (lambda s, n, xs: xs[0:2], "is indexed with slice"),
        (lambda s, n, xs: xs["a"], "index of 'names' has the wrong type: found text 'a'"),
        (lambda s, n, xs: n / 2, "'/' divides numbers of type f64"),
        (lambda s, n, xs: ratio(s) // 2, "'//' divides numbers of type i64"),
        (lambda s, n, xs: n + 0.5, "right side of '+' has the wrong type: found f64 0.5"),
        (lambda s, n, xs: n == "3", "right side of '==' has the wrong type: found text '3'"),
        (lambda s, n, xs: (n == 3) & n, "right side of '&' has the wrong type: found i64"),
        (lambda s, n, xs: s + 1, "part of concat has the wrong type: found i64 1"),
        (lambda s, n, xs: xs + ["a", 1], "item of part of concat has the wrong type"),
        (lambda s, n, xs: ag.length(n), "agentc.length takes a list or a text: found i64"),
        (lambda s, n, xs: ag.flatten(xs), "agentc.flatten takes a list of lists"),
        (lambda s, n, xs: ag.concat(n, n), "agentc.concat joins texts or lists: found i64"),
        (lambda s, n, xs: shout(None), "cannot be part of a graph: found NoneType None"),
        (lambda s, n, xs: n < (n == 1), "right side of '<' has the wrong type: found i1"),
    ],
)
def test_what_python_would_have_to_decide_is_refused(misuse: Any, problem: str) -> None:
    def graph(q: str) -> str:
        return misuse(q, length(q), names(q))

    assert problem in refused_graph(graph).message


def test_embeddings_cannot_be_compared() -> None:
    from .parts import embed

    def graph(q: str) -> bool:
        return embed(q) == embed(q)

    assert "'==' cannot compare values of type embedding<384> (from 'embed')" in (
        refused_graph(graph).message
    )


def test_constants_of_every_type() -> None:
    def graph(q: str) -> dict[str, Any]:
        return {
            "text": "a",
            "flag": True,
            "number": 3,
            "share": 0.5,
            "list": [1, 2],
            "nested": [["a"], []],
            "record": Score(1, "b"),
            "docs": [Passage("1", "s", "t", 0.25)],
            "model": Step(text="x", weight=1),
        }

    document = program(graph).document
    types = {value.name: str(value.type) for value in document.outputs}
    assert types == {
        "text": "text", "flag": "i1", "number": "i64", "share": "f64", "list": "list<i64>",
        "nested": "list<list<text>>", "record": 'record<"Score", value: i64, reason: text>',
        "docs": "docs", "model": 'record<"Step", text: text, weight: f64>',
    }  # fmt: skip
    values = [op.value for op in document.body.ops if op.op == "constant"]
    assert values[6:8] == [
        {"value": 1, "reason": "b"},
        [{"id": "1", "source": "s", "text": "t", "score": 0.25}],
    ]


def test_records_and_lists_are_built_from_traced_parts() -> None:
    def graph(q: str) -> Score:
        return ag.record(Score, value=length(q), reason=ag.list(q, ag.text("b"))[0])

    golden(
        graph,
        """
        %0 = agent.call_tool @length(%arg0) {label = "length"} : (!agent.text) -> i64
        %1 = agent.constant "b" : !agent.text
        %2 = agent.make_list(%arg0, %1) : !agent.list<!agent.text>
        %3 = agent.constant 0 : i64
        %4 = agent.get_item %2[%3] : !agent.list<!agent.text>
        %5 = agent.make_record(value = %0, reason = %4) """
        """: !agent.record<"Score", value: i64, reason: !agent.text>
        """,
    )


def test_a_record_needs_exactly_its_fields() -> None:
    def lacks(q: str) -> Score:
        return ag.record(Score, value=length(q))

    def unknown(q: str) -> Score:
        return ag.record(Score, value=1, reason=q, why=q)

    assert "record 'Score' lacks field 'reason'" in refused_graph(lacks).message
    assert "record 'Score' has an unknown field 'why'" in refused_graph(unknown).message


def test_docs_plus_a_text_makes_it_a_passage_named_for_its_tool() -> None:
    def graph(q: str) -> list[Passage]:
        return search(q) + [shout(q)]

    lines = body(graph)
    assert lines[2] == '%2 = agent.constant "shout" : !agent.text'
    assert "agent.make_record(id = %2, source = %3, text = %1, score = %4)" in lines[5]
    assert lines[-1] == "%7 = agent.concat %0, %6 : !agent.docs"


def test_a_value_of_another_graph_is_refused() -> None:
    kept: list[Any] = []

    def first(q: str) -> str:
        kept.append(q)
        return q

    trace(ag.graph(first))

    def graph(q: str) -> str:
        return shout(kept[0])

    assert "the value from 'q' belongs to another graph" in refused_graph(graph).message


def test_repr_shows_type_and_origin() -> None:
    def graph(q: str) -> Plan:
        p = plan(q)
        assert repr(p.needs_web) == "<i1 from 'plan.needs_web'>"
        assert p._type.field("queries") == t.ListOf(t.TEXT)
        return p

    program(graph)
