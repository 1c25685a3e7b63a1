"""The JSON form: round trips, its schema, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentc.errors import FrontendError
from agentc.frontend import GraphDocument, dump_json, json_schema, load_json, read_module
from agentc.frontend.emit import emit_module
from agentc.frontend.form.walk import renumber, walk

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
QA = {
    "format": "agentc.graph/v1",
    "name": "qa",
    "models": {"small": {"kind": "llm", "source": "smollm2-135m-instruct"}},
    "inputs": ["question"],
    "outputs": [{"name": "answer", "type": "text"}],
    "budget": {"tokens": 100},
    "body": {
        "args": [{"name": "q", "type": "text"}],
        "ops": [
            {"op": "prompt", "template": "Q: {q}", "args": {"q": "q"},
             "results": [{"name": "p", "type": "text"}], "at": "qa.yaml:3:1"},
            {"op": "generate", "model": "small", "prompt": "p", "max_tokens": 8,
             "results": [{"name": "a", "type": "text"}], "at": "qa.yaml:4:1"},
            {"op": "return", "values": ["a"]},
        ],
    },
}  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(QA | changes))


def test_a_written_document_becomes_a_program() -> None:
    text = str(emit_module(load_json(json.dumps(QA))))
    assert "agent.generate @small(%0) max_tokens(8)" in text
    assert "budget = #agent.budget<tokens = 100>" in text


class _Programs:
    """Random straight-line and nested programs on integers and booleans."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"x{self.count}"

    def made(self, op: dict[str, Any], *types: str) -> tuple[dict[str, Any], list[str]]:
        names = [self.name() for _ in types]
        results = [{"name": n, "type": t} for n, t in zip(names, types, strict=True)]
        line = self.draw(st.integers(1, 99))
        return op | {"results": results, "at": f"p.json:{line}:1"}, names

    def block(self, numbers: list[str], depth: int, args: list[str]) -> dict[str, Any]:
        ops, numbers = [], [*numbers, *args]
        for _ in range(self.draw(st.integers(0, 4))):
            op, made = self.operation(numbers, depth)
            ops.append(op)
            numbers += made
        last = {"op": "yield", "values": [self.draw(st.sampled_from(numbers))]}
        args_made = [{"name": a, "type": "i64"} for a in args]
        return {"args": args_made, "ops": [*ops, last]}

    def operation(self, numbers: list[str], depth: int) -> tuple[dict[str, Any], list[str]]:
        pick = lambda: self.draw(st.sampled_from(numbers))
        kinds = ["constant", "binary", "list"] + (
            ["loop", "vote", "race", "parallel"] if depth else []
        )
        kind = self.draw(st.sampled_from(kinds))
        if kind == "constant":
            value = self.draw(st.integers(-(2**63), 2**63 - 1))
            return self.made({"op": "constant", "value": value}, "i64")
        if kind == "binary":
            arithmetic = self.draw(st.sampled_from(["add", "sub", "mul"]))
            op = {"op": "binary", "kind": arithmetic, "lhs": pick(), "rhs": pick()}
            return self.made(op, "i64")
        if kind == "list":
            op, _ = self.made({"op": "make_list", "items": [pick(), pick()]}, "list<i64>")
            return op, []
        return self.control(kind, numbers, depth - 1, pick())

    def control(
        self, kind: str, numbers: list[str], depth: int, init: str
    ) -> tuple[dict[str, Any], list[str]]:
        one = lambda *args: self.block(numbers, depth, list(args))
        if kind == "loop":
            body = one(self.name(), self.name())
            return self.made({"op": "loop", "init": [init], "max_iters": 3, "body": body}, "i64")
        if kind == "vote":
            op = {"op": "vote", "n": 3, "reduce": "median", "body": one(self.name())}
            return self.made(op, "i64")
        op = {"op": kind, "regions": [one(), one()]}
        return self.made(op, "i64") if kind == "race" else self.made(op, "i64", "i64")


@st.composite
def programs(draw: Any) -> dict[str, Any]:
    body = _Programs(draw).block(["n"], 2, [])
    body["args"] = [{"name": "n", "type": "i64"}]
    body["ops"][-1]["op"] = "return"
    share = draw(st.floats(0, 1, exclude_min=True, exclude_max=True))
    return document(
        models={}, inputs=["n"], outputs=[{"name": "out", "type": "i64"}], body=body,
        sla={"p95_s": draw(st.floats(1e-6, 1e6)), "availability": share},
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(programs())
def test_documents_survive_json_and_mlir(program: dict[str, Any]) -> None:
    first = load_json(json.dumps(program))
    assert load_json(dump_json(first)) == first
    VALIDATOR.validate(json.loads(dump_json(first)))
    module = emit_module(first)
    back = read_module(module)
    renumber(first.body)
    assert back == first
    assert str(emit_module(back)) == str(module)
    assert back.model_dump_json() == read_module(emit_module(back)).model_dump_json()


def test_defaults_are_not_written_out() -> None:
    written = json.loads(dump_json(load_json(json.dumps(QA))))
    assert written == QA


def test_one_schema_describes_every_operation() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document(name=3), schema)
    described = {d["properties"]["op"]["const"] for d in schema["$defs"].values()
                 if "op" in d.get("properties", {})}  # fmt: skip
    from agentc._mlir.dialects import agent

    declared = {
        cls.OPERATION_NAME.removeprefix("agent.")
        for cls in vars(agent).values()
        if isinstance(cls, type) and getattr(cls, "OPERATION_NAME", "").startswith("agent.")
    }
    assert described == declared - {"graph", "model", "tool", "index", "schema"}


def with_op(**op: Any) -> dict[str, Any]:
    """The document with another second operation."""
    changed = document()
    changed["body"]["ops"][1] |= op
    return changed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not a graph of form agentc.graph/v1: 'the document': invalid JSON"),
        (json.dumps(document(format="agentc.graph/v9")), "'format'"),
        (json.dumps(document(colour="red")), "'colour': extra inputs are not permitted"),
        (json.dumps(with_op(op="generat")), "'body.ops.1'"),
        (json.dumps(with_op(max_tokens=0)), "'body.ops.1.generate.max_tokens'"),
        (json.dumps(with_op(results=[{"name": "a", "type": "txt"}])), "'txt' is not a type"),
    ],
)
def test_what_is_no_document_is_refused(text: str, problem: str) -> None:
    with pytest.raises(FrontendError) as caught:
        load_json(text, "g.json")
    assert problem in caught.value.message
    assert str(caught.value).startswith("g.json: ")


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (with_op(prompt="pp"), "undefined variable 'pp' in operation 'generate'"),
        (with_op(prompt="pp"), "did you mean 'p'?"),
        (with_op(results=[{"name": "p", "type": "text"}]), "variable 'p' is defined twice"),
        (with_op(model="large"), "large"),
        (with_op(prompt="q", session="q"), "conversation"),
    ],
)
def test_what_is_no_program_is_refused_with_its_line(changed: Any, problem: str) -> None:
    with pytest.raises(FrontendError) as caught:
        emit_module(load_json(json.dumps(changed)))
    assert problem in caught.value.message
    assert str(caught.value.source) == "qa.yaml:4"


def test_constants_must_fit_their_type() -> None:
    changed = document()
    changed["body"]["ops"].insert(0, {
        "op": "constant", "value": "x", "at": "qa.yaml:2:1",
        "results": [{"name": "c", "type": "i64"}],
    })  # fmt: skip
    with pytest.raises(FrontendError, match="a constant does not fit its type: found 'x'"):
        emit_module(load_json(json.dumps(changed)))


def test_inputs_must_match_the_arguments() -> None:
    with pytest.raises(FrontendError, match="names 0 inputs: expected 1"):
        emit_module(load_json(json.dumps(document(inputs=[]))))


def test_walk_yields_operations_before_their_regions() -> None:
    nested = load_json(json.dumps(document(models={}, body={
        "args": [{"name": "q", "type": "text"}],
        "ops": [
            {"op": "race", "results": [{"name": "r", "type": "text"}], "regions": [
                {"ops": [{"op": "yield", "values": ["q"]}]},
                {"ops": [{"op": "yield", "values": ["q"]}]}]},
            {"op": "return", "values": ["r"]},
        ],
    })))  # fmt: skip
    assert [op.op for op in walk(nested.body)] == ["race", "yield", "yield", "return"]


def test_the_document_class_is_the_public_one() -> None:
    assert isinstance(load_json(json.dumps(QA)), GraphDocument)
