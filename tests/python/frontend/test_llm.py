"""llm functions: prompts, outputs, settings."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

import agentc as ag
from agentc import Passage

from .helpers import golden, marked_line, program, refused, refused_graph, symbols
from .parts import ENCODER, LLM, Color, Plan, answer, color_of, count, is_good, names, plan, search


def generate(graph: Any) -> dict[str, Any]:
    """The first generate of a traced graph, as the JSON form writes it."""
    ops = program(graph).document.body.ops
    return next(op for op in ops if op.op == "generate").model_dump(by_alias=True)


def test_the_docstring_is_the_template() -> None:
    def graph(q: str) -> str:
        return answer(question=q)

    golden(
        graph,
        """
        %0 = agent.prompt "Answer: {question}"(question = %arg0 : !agent.text) : !agent.text
        %text = agent.generate @"smollm2-135m-instruct"(%0) max_tokens(256) """
        """{label = "answer", site = 0 : i64}
        """,
    )
    assert symbols(graph) == [
        'agent.model @"smollm2-135m-instruct" llm source("smollm2-135m-instruct")'
    ]


def test_every_setting_reaches_the_operation() -> None:
    @ag.llm(
        model=LLM, max_tokens=32, temperature=0.7, top_k=40, top_p=0.9, min_p=0.05, seed=7,
        stop=["\n", "END"], regex="[a-z]+", stream=True, out_tokens=ag.uniform(4, 16),
        system="Speak {language}.",
    )  # fmt: skip
    def say(topic: str, language: str) -> str:
        """About {topic}. {{not a slot}}{|} Go."""

    def graph(q: str) -> str:
        return say(q, "Latin")

    golden(
        graph,
        """
        %0 = agent.constant "Latin" : !agent.text
        %1 = agent.prompt "About {topic}. {{not a slot}}{|} Go."(topic = %arg0 : !agent.text) """
        """: !agent.text
        %2 = agent.prompt "Speak {language}."(language = %0 : !agent.text) : !agent.text
        %text = agent.generate @"smollm2-135m-instruct"(%1) system(%2) max_tokens(32) """
        """temperature(0.69999999999999996) top_k(40) top_p(9.000000e-01) min_p(5.000000e-02) """
        """seed(7) stop(["\\0A", "END"]) regex("[a-z]+") """
        """out_tokens(#agent.dist<uniform [4.000000e+00, 1.600000e+01] declared>) stream """
        """{label = "say", site = 0 : i64}
        """,
    )


def test_sites_number_the_calls_of_a_graph() -> None:
    def graph(q: str) -> str:
        return answer(answer(answer(q)))

    sites = [op.site for op in program(graph).document.body.ops if op.op == "generate"]
    assert sites == [0, 1, 2]


def test_a_record_output_is_parsed_with_its_schema() -> None:
    def graph(q: str) -> Plan:
        return plan(q)

    traced = program(graph)
    assert [op.op for op in traced.document.body.ops] == ["prompt", "generate", "parse", "return"]
    assert generate(graph)["schema"] == "Plan"
    schema = traced.document.schemas["Plan"]
    assert str(schema.type) == (
        'record<"Plan", queries: list<text>, steps: list<record<"Step", text: text, weight: f64>>, '
        "needs_web: i1, color: text, tone: text>"
    )
    properties = schema.json_["properties"]
    assert properties["color"] == {"enum": ["red", "blue"], "type": "string"}
    assert properties["tone"]["enum"] == ["dry", "warm"]
    assert schema.json_["required"] == ["queries", "steps", "needs_web", "color", "tone"]
    assert properties["steps"]["items"]["additionalProperties"] is False
    assert "$" not in json.dumps(schema.json_)


def test_choices_come_from_enums_literals_and_bool() -> None:
    @ag.llm(model=LLM)
    def tone(q: str) -> Literal["dry", "warm"]:
        """{q}"""

    @ag.llm(model=LLM, choices=["x", "y"])
    def letter(q: str) -> str:
        """{q}"""

    assert generate(lambda_graph(color_of))["choices"] == ["red", "blue"]
    assert generate(lambda_graph(tone))["choices"] == ["dry", "warm"]
    assert generate(lambda_graph(letter))["choices"] == ["x", "y"]

    def graph(q: str) -> bool:
        return is_good(q)

    golden(
        graph,
        """
        %0 = agent.prompt "Is it good? {text}"(text = %arg0 : !agent.text) : !agent.text
        %text = agent.generate @"smollm2-135m-instruct"(%0) max_tokens(256) """
        """choices(["yes", "no"]) {label = "is_good", site = 0 : i64}
        %1 = agent.constant "yes" : !agent.text
        %2 = agent.compare eq %text, %1 : !agent.text
        """,
    )


def lambda_graph(function: Any) -> Any:
    """A graph that only calls `function`."""

    def graph(q: str) -> str:
        return function(q)

    return graph


@pytest.mark.parametrize(("function", "type_"), [(count, "i64"), (names, "list<text>")])
def test_numbers_and_lists_are_the_field_of_a_record(function: Any, type_: str) -> None:
    def graph(q: str) -> dict[str, Any]:
        return {"out": function(q)}

    document = program(graph).document
    name = f"{function.name}_output"
    assert str(document.schemas[name].type) == f'record<"{name}", value: {type_}>'
    assert document.schemas[name].json_["required"] == ["value"]
    assert str(document.outputs[0].type) == type_


def test_two_classes_of_one_name_get_two_schemas() -> None:
    @ag.llm(model=LLM, output=type_named_plan())
    def other(q: str) -> Any:
        """{q}"""

    def graph(q: str) -> dict[str, Any]:
        return {"a": plan(q), "b": other(q)}

    assert list(program(graph).document.schemas) == ["Plan", "Plan_2"]


def type_named_plan() -> Any:
    """Another pydantic class called Plan."""
    from pydantic import create_model

    return create_model("Plan", goal=(str, ...))


def test_prompt_functions_fill_templates_without_a_model() -> None:
    @ag.prompt
    def page(title: str, notes: list[Passage]) -> str:
        """# {title}
        {notes}"""

    def graph(q: str) -> str:
        return page(q, search(q))

    assert program(graph).document.body.ops[-2].template == "# {title}\n{notes}"
    shown = page("T", [Passage("1", "a.md", "x"), Passage("2", "b.md", "y")])
    assert shown == "# T\n[1] (a.md) x\n[2] (b.md) y"


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


def test_a_named_model_is_one_symbol_for_several_functions() -> None:
    small = ag.model(LLM, name="small")

    @ag.llm(model=small)
    def f(q: str) -> str:
        """f {q}"""

    @ag.llm(model=small)
    def g(q: str) -> str:
        """g {q}"""

    def graph(q: str) -> str:
        return g(f(q))

    assert symbols(graph) == ['agent.model @small llm source("smollm2-135m-instruct")']


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
    def f(x: Missing) -> str:
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
