"""Names: what is called nothing is refused where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import agentc as ag
from agentc.frontend.builder import GraphBuilder

from .helpers import marked_line, refused


def _text(x: str) -> str:
    """{x}"""
    return x


def _passages(x: str, docs: list[ag.Passage]) -> list[ag.Passage]: ...


def _search(x: str) -> list[ag.Passage]: ...


class _Net:
    def forward(self) -> None: ...


MODEL = "smollm2-135m-instruct"
ENCODER = "all-minilm-l6-v2"
NAMELESS: dict[str, Callable[[str], Any]] = {
    "tool": lambda name: ag.tool(name=name)(_text),
    "graph": lambda name: ag.graph(name=name)(_text),
    "llm": lambda name: ag.llm(model=MODEL, name=name)(_text),
    "retrieve": lambda name: ag.retrieve(index="docs", name=name)(_search),
    "rerank": lambda name: ag.rerank(model=ENCODER, name=name)(_passages),
    "embed": lambda name: ag.embed(model=ENCODER, name=name)(_text),
    "index": lambda name: ag.index(name, path="docs/", embedder=ENCODER),
    "session": lambda name: ag.session(name, model=MODEL),
    "module": lambda name: ag.module(_Net(), name=name),
    "model": lambda name: ag.model(MODEL, name=name),
}


@pytest.mark.parametrize("name", ["", "  "])
@pytest.mark.parametrize("kind", NAMELESS)
def test_an_empty_name_is_refused(kind: str, name: str) -> None:
    error = refused(lambda: NAMELESS[kind](name))
    assert error.message.startswith(f"the {kind} has no name: found {name!r}, expected a text; ")
    assert error.source is not None and error.source.file.endswith("test_names.py")


def test_the_line_is_where_the_function_begins() -> None:
    def declare() -> None:
        @ag.tool(name="")  # <- nameless
        def nothing(x: str) -> str:
            return x

    error = refused(declare)
    assert error.source is not None and error.source.line == marked_line("nameless")
    assert error.message.endswith('drop name= to call it "nothing", or write name="nothing_2"')


def test_something_else_than_a_text_is_refused() -> None:
    assert "found 7, expected a text" in refused(lambda: ag.tool(name=7)(_text)).message


def test_a_builder_names_its_graph_and_its_calls() -> None:
    assert refused(lambda: GraphBuilder("")).message.startswith("the graph has no name")
    builder = GraphBuilder("named")
    question = builder.input("question", str)
    error = refused(lambda: builder.llm("", "{q}", model=MODEL, q=question))
    assert error.message.startswith("the call has no name")


def test_without_a_name_the_function_gives_it() -> None:
    assert ag.tool(_text).name == ag.graph(_text).name == "_text"
    assert ag.llm(model=MODEL, name="say")(_text).name == "say"
