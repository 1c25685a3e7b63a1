"""llm functions: prompts, outputs, settings."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

import agentc as ag
from agentc import Passage

from .helpers import golden, lambda_graph, program, symbols
from .parts import LLM, Plan, answer, color_of, count, is_good, names, plan, search


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
