"""llm functions that are refused: templates, models, settings, calls, annotations."""

from __future__ import annotations

from typing import Any, Literal

import pytest

import agentc as ag
from agentc import Passage

from .helpers import lambda_graph, marked_line, refused, refused_graph
from .parts import ENCODER, LLM, Color, Plan, answer, search


def test_an_empty_prompt_is_refused() -> None:
    def empty() -> Any:
        @ag.llm(model=LLM)  # <- empty prompt
        def nothing(q: str) -> str: ...

    error = refused(empty)
    assert error.source.line == marked_line("empty prompt")
    assert "prompt of 'nothing' is empty: found no docstring" in error.message


def test_an_unknown_placeholder_is_refused_with_the_nearest_input() -> None:
    def unknown() -> Any:
        @ag.llm(model=LLM)
        def f(question: str) -> str:
            """{questoin}"""

    message = refused(unknown).message
    assert "prompt of 'f' has an unknown placeholder '{questoin}'" in message
    assert "did you mean 'question'?" in message


def test_an_input_without_a_placeholder_is_refused() -> None:
    def unused() -> Any:
        @ag.llm(model=LLM, system="For {who}.")
        def f(question: str, notes: str, who: str) -> str:
            """{question}"""

    message = refused(unused).message
    assert "prompt of 'f' lacks a placeholder for its input 'notes'" in message
    assert "found {question}, {who}, expected {notes}" in message


@pytest.mark.parametrize("template", ["{", "a } b", "{a b}", "{q", "{}", "{q!r}"])
def test_a_stray_brace_is_refused(template: str) -> None:
    def stray() -> Any:
        @ag.llm(model=LLM, prompt=template + "{q}")
        def f(q: str) -> str: ...

    assert "has a brace that is not a placeholder" in refused(stray).message


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    @ag.llm(model="smollm2-135m-instrct")  # <- unknown model
    def f(q: str) -> str:
        """{q}"""

    error = refused_graph(lambda_graph(f))
    assert error.source.line == marked_line("unknown model")
    assert "unknown model 'smollm2-135m-instrct'" in error.message
    assert "did you mean 'smollm2-135m-instruct'?" in error.message


def test_a_model_of_another_kind_is_refused() -> None:
    @ag.llm(model=ENCODER)
    def f(q: str) -> str:
        """{q}"""

    message = refused_graph(lambda_graph(f)).message
    assert "llm 'f' cannot use model 'all-minilm-l6-v2': found kind 'encoder'" in message


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"max_tokens": 0}, "max_tokens of 'f' is 0, expected an integer of at least 1"),
        ({"max_tokens": "12"}, "max_tokens of 'f' is '12'"),
        ({"temperature": -1}, "temperature of 'f' is -1, expected at least 0"),
        ({"out_tokens": ag.uniform("1s", "2s")}, "out_tokens of 'f' is a distribution of dur"),
        ({"out_tokens": "9s"}, "out_tokens of 'f' is '9s', expected a distribution or a number"),
        ({"choices": ["a"], "output": bool}, "has choices and output i1"),
        ({"regex": "a", "output": Color}, "has a regex and output text"),
        ({"output": list[Passage]}, "output of 'f' cannot be written by a model: found docs"),
        ({"output": dict[str, str]}, "name the fields in a pydantic model"),
    ],
)
def test_settings_are_checked_where_they_are_written(settings: Any, problem: str) -> None:
    def decorate() -> Any:
        @ag.llm(**({"model": LLM, "output": str} | settings))
        def f(q: str) -> Any:
            """{q}"""

    assert problem in refused(decorate).message


def test_output_and_annotation_must_agree() -> None:
    def decorate() -> Any:
        @ag.llm(model=LLM, output=Plan)
        def f(q: str) -> str:
            """{q}"""

    assert "llm 'f' has output= record<\"Plan\"" in refused(decorate).message


def test_settings_that_only_the_form_knows_are_checked_at_the_call() -> None:
    @ag.llm(model=LLM, top_k=0)
    def f(q: str) -> str:
        """{q}"""

    message = refused_graph(lambda_graph(f)).message
    assert message.startswith("top_k of 'f' is not valid: found 0, expected: input should be")


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda q: answer(), "the call of 'answer' does not fit: missing a required argument"),
        (lambda q: answer(q, q), "too many positional arguments"),
        (lambda q: answer(q, quest=q), "got an unexpected keyword argument"),
        (lambda q: answer(search(q)), "argument 'question' of 'answer' has the wrong type: found "
         "docs (from 'search'), expected text"),
        (lambda q: answer(3), "argument 'question' of 'answer' has the wrong type: found i64 3"),
    ],
)  # fmt: skip
def test_calls_are_checked(call: Any, problem: str) -> None:
    def graph(q: str) -> str:
        return call(q)

    assert problem in refused_graph(graph).message


@pytest.mark.parametrize(
    ("annotation", "problem"),
    [
        (set[str], "found 'set[str]'"),
        (dict, "name the fields in a pydantic model"),
        (list, "write the item type"),
        (str | None, "a graph value has one type"),
        (Literal[1, 2], "found 'typing.Literal[1, 2]'"),
        (object, "found 'object'"),
        (list[set[int]], "item of parameter 'x' of tool 'f' has an unsupported annotation"),
    ],
)
def test_unsupported_annotations_are_refused(annotation: Any, problem: str) -> None:
    def f(x: Any) -> str:
        return ""

    f.__annotations__["x"] = annotation
    error = refused(lambda: ag.tool(f))
    assert "has an unsupported annotation" in error.message and problem in error.message


def test_a_record_that_contains_itself_is_refused() -> None:
    def f(x: Tree) -> str:
        return ""

    message = refused(lambda: ag.tool(f)).message
    assert "found 'Tree' inside 'Tree'" in message


class Tree:
    """Becomes a recursive dataclass below."""


def _recursive() -> None:
    from dataclasses import dataclass

    Tree.__annotations__ = {"label": str, "children": list[Tree]}
    dataclass(Tree)


_recursive()


def test_annotations_that_do_not_resolve_are_refused() -> None:
    def f(x: Missing) -> str:  # noqa: F821
        return ""

    message = refused(lambda: ag.tool(f)).message
    assert "the annotations of 'f' cannot be read: name 'Missing' is not defined" in message


def test_signatures_need_types_and_names() -> None:
    def bare(x) -> str:  # type: ignore[no-untyped-def]
        return ""

    def many(*xs: str) -> str:
        return ""

    assert (
        "parameter 'x' of tool 'bare' has no annotation" in refused(lambda: ag.tool(bare)).message
    )
    assert "takes any number of arguments" in refused(lambda: ag.tool(many)).message
