"""Every operation and every declaration knows the user's line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import agentc as ag
from agentc._mlir import ir
from agentc.errors import FrontendError
from agentc.frontend import load_graph

from .helpers import marked_line, program
from .parts import answer, is_long, shout

GRAPH = '''\
import agentc as ag
from helper import double

LLM = "smollm2-135m-instruct"


@ag.llm(model=LLM)
def answer(question: str) -> str:
    """Q: {question}"""


@ag.tool(effects="pure")
def size(text: str) -> int:
    return len(text)


@ag.graph
def main(q: str) -> str:
    first = answer(q)
    n = size(first) + 1
    return ag.cond(
        n > 3,
        lambda: answer(first),
        lambda: double(first),
    )
'''
HELPER = """\
def double(text):
    return text + text
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "graph.py").write_text(GRAPH)
    (tmp_path / "helper.py").write_text(HELPER)
    sys.modules.pop("helper", None)  # another test's
    return tmp_path


def places(module: ir.Module) -> dict[str, list[str]]:
    """Where the operations of a module are, by operation name."""
    found: dict[str, list[str]] = {}

    def visit(op: ir.Operation) -> ir.WalkResult:
        location = op.location
        text = f"{location.filename}:{location.start_line}:{location.start_col}"
        found.setdefault(op.name.removeprefix("agent."), []).append(text)
        return ir.WalkResult.ADVANCE

    for op in module.body.operations:
        op.operation.walk(visit)
    return found


def test_locations_are_exact_and_relative_to_the_graphs_folder(project: Path) -> None:
    found = places(load_graph(str(project / "graph.py")).trace().module)
    assert found["graph"] == ["graph.py:17:1"]
    assert found["model"] == ["graph.py:7:1"]
    assert found["tool"] == ["graph.py:12:1"]
    assert found["generate"] == ["graph.py:19:13", "graph.py:23:17"]
    assert found["prompt"] == ["graph.py:19:13", "graph.py:23:17"]
    assert found["call_tool"] == ["graph.py:20:9"]
    assert found["binary"] == ["graph.py:20:9"]
    assert found["compare"] == ["graph.py:22:9"]
    assert found["cond"] == ["graph.py:21:12"]
    assert found["concat"] == ["helper.py:2:12"]
    assert found["return"] == ["graph.py:17:1"]


def test_every_operation_has_a_place() -> None:
    def graph(q: str) -> str:
        kept = ag.loop(lambda a: a + "!", init=q, until=is_long, max_iters=2)
        return ag.try_(lambda: ag.race(lambda: answer(kept), lambda: shout(q)), catch=lambda e: q)

    found = places(program(graph).module)
    declared = {"model", "tool"}  # in parts.py, where the functions are
    for name, group in found.items():
        file = "parts.py:" if name in declared else "test_places.py:"
        assert all(place.startswith(file) for place in group), (name, group)


def test_errors_in_a_helper_name_the_helpers_line(project: Path) -> None:
    (project / "helper.py").write_text("def double(text):\n    return text + len(text)\n")
    with pytest.raises(FrontendError) as caught:
        load_graph(str(project / "graph.py")).trace()
    assert "helper.py:2: a traced value" in str(caught.value)


def test_what_a_users_function_raises_has_its_line() -> None:
    def graph(q: str) -> str:
        return {}["missing"]  # <- user's mistake

    with pytest.raises(FrontendError) as caught:
        ag.graph(graph).trace()
    assert caught.value.source.line == marked_line("user's mistake")
    assert "graph 'graph' failed while being traced: KeyError: 'missing'" in caught.value.message


def test_the_verifiers_diagnostics_have_the_users_line() -> None:
    @ag.llm(model="smollm2-135m-instruct", top_p=0.0)
    def f(q: str) -> str:
        """{q}"""

    def graph(q: str) -> str:
        return f(q)  # <- refused by the verifier

    with pytest.raises(FrontendError) as caught:
        _ = ag.graph(graph).trace().module
    assert caught.value.source.line == marked_line("refused by the verifier")
    assert caught.value.message.startswith("the graph is not valid: 'agent.generate' has top_p = 0")
