"""Tools: declaration, calls, effects, units."""

from __future__ import annotations

from typing import Any

import pytest

import agentc as ag

from .helpers import golden, marked_line, program, refused, refused_graph, symbols
from .parts import Pair, fetch, length, send, shout


def test_everything_declared_reaches_the_symbol() -> None:
    @ag.tool(
        timeout="5s", retries=2, effects="stageable", reads=["calendar"], writes=["calendar"],
        latency=ag.lognormal(p50="400ms", p95="2s"), cost="$0.002/call",
    )  # fmt: skip
    def book(day: str, seats: int = 2) -> Pair:
        """Books a table."""
        return {"left": day, "right": seats}

    def graph(q: str) -> Pair:
        return book(q)

    assert symbols(graph) == [
        "agent.tool @book(day: !agent.text, seats: i64) -> "
        '!agent.record<"Pair", left: !agent.text, right: i64> class(stageable) '
        'reads(["calendar"]) writes(["calendar"]) timeout_s(5.000000e+00) retries(2) '
        "latency(#agent.dist<lognormal [4.000000e-01, 2.000000e+00] declared>) "
        'cost_usd(2.000000e-03) doc("Books a table.")'
    ]
    golden(
        graph,
        """
        %0 = agent.constant 2 : i64
        %1 = agent.call_tool @book(%arg0, %0) {label = "book"} : (!agent.text, i64) """
        """-> !agent.record<"Pair", left: !agent.text, right: i64>
        """,
    )


def test_a_tool_of_which_nothing_is_said_is_irreversible() -> None:
    assert send.effects == "irreversible"
    assert fetch.effects == "idempotent"

    @ag.tool(idempotent=True)
    def put(x: str) -> str:
        return x

    assert put.effects == "idempotent"


def test_keywords_bind_to_the_declared_order() -> None:
    @ag.tool(effects="pure")
    def join(a: str, b: str) -> str:
        return a + b

    def graph(q: str) -> str:
        return join(b=q, a=shout(q))

    call = program(graph).document.body.ops[1]
    assert call.args == ["v1", "v0"]
    assert join(b="2", a="1") == "12"


def test_the_bound_functions_come_with_the_graph() -> None:
    def graph(q: str) -> str:
        return shout(q) + fetch(q)

    tools = program(graph).tools
    assert set(tools) == {"shout", "fetch"} and tools["shout"]("a") == "A"


def test_two_tools_of_one_name_are_refused() -> None:
    @ag.tool(name="shout")
    def other(text: str) -> str:  # the other `shout`
        return text

    def graph(q: str) -> str:
        return other(shout(q))  # <- second shout

    error = refused_graph(graph)
    assert error.source.line == marked_line("second shout")
    assert "two tools are called 'shout'" in error.message


def test_one_name_for_symbols_of_two_kinds_is_refused() -> None:
    @ag.tool(name="all-minilm-l6-v2")
    def clash(text: str) -> str:
        return text

    from .parts import search

    def graph(q: str) -> str:
        search(q)
        return clash(q)

    def shout_graph(q: str) -> str:
        return shout(q)

    assert (
        "has the same name as tool 'all-minilm-l6-v2'"
        in refused(lambda: ag.graph(graph).trace()).message
    )
    named = ag.graph(name="shout")(shout_graph)
    assert "tool 'shout' has the same name as graph 'shout'" in refused(named.trace).message


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"timeout": 5}, "timeout of tool 'f' has no unit: found 5"),
        ({"timeout": "5"}, "timeout of tool 'f' is not a duration: found '5'"),
        ({"timeout": "5 parsecs"}, "expected a duration with a unit (us, ms, s, min, h)"),
        ({"latency": 0.4}, "latency of tool 'f' has no unit: found 0.4"),
        ({"latency": ag.lognormal(p50=1, p95=2)}, "is a distribution without a unit"),
        ({"cost": 0.002}, 'write "$0.002/call"'),
        ({"cost": "2 cents"}, "cost of tool 'f' has no readable price: found '2 cents'"),
        ({"retries": 1}, "tool 'f' has retries but is irreversible"),
        ({"retries": -1}, "retries of tool 'f' is -1"),
        ({"effects": "pure", "reads": ["a"]}, "tool 'f' is pure but reads or writes ['a']"),
        ({"effects": "none"}, "effects of tool 'f' is 'none', expected one of pure, idempotent"),
        ({"effects": "irreversible", "idempotent": True}, "with idempotent=True"),
    ],
)
def test_options_are_checked(options: dict[str, Any], problem: str) -> None:
    def f(x: str) -> str:
        return x

    assert problem in refused(lambda: ag.tool(**options)(f)).message


def test_a_tool_needs_a_result_annotation() -> None:
    def f(x: str) -> None: ...

    assert "tool 'f' has no result annotation" in refused(lambda: ag.tool(f)).message


def test_arguments_are_checked_and_literals_fit_their_parameter() -> None:
    @ag.tool(effects="pure")
    def scale(x: float) -> float:
        return x

    def good(q: str) -> float:
        return scale(2)

    def bad(q: str) -> float:
        return scale(length(q))

    assert program(good).document.body.ops[0].value == 2.0
    assert "argument 'x' of 'scale' has the wrong type: found i64 (from 'length')" in (
        refused_graph(bad).message
    )
