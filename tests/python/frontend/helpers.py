"""Tracing small graphs in tests, and reading what came out."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

import agentc as ag
from agentc.errors import FrontendError
from agentc.frontend import TracedGraph, dump_json, load_json, read_module, trace
from agentc.frontend.emit import emit_module


def program(function: Callable[..., Any], **options: Any) -> TracedGraph:
    """Traces `function` as a graph, and checks what must hold of every graph: the module is
    valid, and its document survives JSON and MLIR."""
    traced = trace(ag.graph(**options)(function) if options else ag.graph(function))
    document = traced.document
    assert load_json(dump_json(document)) == document
    assert read_module(traced.module) == document
    assert str(emit_module(read_module(traced.module))) == str(traced.module)
    return traced


def body(function: Callable[..., Any], **options: Any) -> list[str]:
    """Returns the lines of the traced graph's body, without the graph and its return."""
    text = str(program(function, **options).module)
    lines = text[text.index("agent.graph") :].splitlines()[1:-2]
    return [line.strip() for line in lines if not line.strip().startswith("agent.return")]


def golden(function: Callable[..., Any], expected: str, **options: Any) -> None:
    """Checks the body of a traced graph against the text in a test."""
    assert body(function, **options) == [line.strip() for line in expected.strip().splitlines()]


def symbols(function: Callable[..., Any]) -> list[str]:
    """Returns the symbol declarations of a traced graph."""
    text = str(program(function).module)
    return [line.strip() for line in text[: text.index("agent.graph")].splitlines()[1:-1]]


def refused(function: Callable[[], Any]) -> FrontendError:
    """Runs `function`, which must raise a FrontendError, and returns it.

    Checks the house rules: lower case first, no full stop, a place in this test's file.
    """
    with pytest.raises(FrontendError) as caught:
        function()
    error = caught.value
    assert not error.message.endswith(".")
    assert error.message[0] == error.message[0].lower()
    assert error.source is not None and error.source.file.endswith(".py"), error
    return error


def refused_graph(function: Callable[..., Any]) -> FrontendError:
    """Traces `function` and emits its module, which must raise a FrontendError."""
    return refused(lambda: trace(ag.graph(function)).module)


def marked_line(mark: str) -> int:
    """Returns the line of the calling test file that ends with `# <- mark`."""
    frame = sys._getframe(1)
    source = inspect.getsource(sys.modules[frame.f_globals["__name__"]]).splitlines()
    found = [n for n, line in enumerate(source, 1) if re.search(rf"# <- {mark}$", line)]
    assert len(found) == 1, (mark, found)
    return found[0]


def lambda_graph(function: Any) -> Any:
    """A graph that only calls `function`."""

    def graph(q: str) -> str:
        return function(q)

    return graph
