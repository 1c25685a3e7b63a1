"""Python annotations as graph types and JSON schemas."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import agentc as ag
from agentc import Passage
from agentc.frontend import types as t
from agentc.frontend.annotations import choices_of, is_record_class, json_schema_of, type_of
from agentc.frontend.constants import plain_constant
from agentc.frontend.templates import plain

from .helpers import refused


class Mood(enum.StrEnum):
    GOOD = "good"
    BAD = "bad"


class Level(enum.Enum):
    ONE = 1


class Item(BaseModel):
    name: str = Field(description="what it is called")
    price: float = 0.0
    tags: list[str] = []


@dataclass
class Order:
    items: list[Item]
    mood: Mood
    urgent: bool


class Note(TypedDict):
    text: str
    order: Order


ITEM = t.Record("Item", (("name", t.TEXT), ("price", t.F64), ("tags", t.ListOf(t.TEXT))))
ORDER = t.Record("Order", (("items", t.ListOf(ITEM)), ("mood", t.TEXT), ("urgent", t.I1)))


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, t.TEXT),
        (bool, t.I1),
        (int, t.I64),
        (float, t.F64),
        (list[list[int]], t.ListOf(t.ListOf(t.I64))),
        (Annotated[int, "a count"], t.I64),
        (Literal["a", "b"], t.TEXT),
        (Mood, t.TEXT),
        (Passage, t.PASSAGE),
        (list[Passage], t.DOCS),
        (list[list[Passage]], t.ListOf(t.DOCS)),
        (Item, ITEM),
        (Order, ORDER),
        (Note, t.Record("Note", (("text", t.TEXT), ("order", ORDER)))),
        (ag.Embedding[384], t.Embedding(384)),
        (list[ag.Embedding[8]], t.ListOf(t.Embedding(8))),
        (ag.Tensor[(4, None), "f32"], t.Tensor((4, None), "f32")),
        (t.SESSION, t.SESSION),
    ],
)
def test_each_annotation_has_its_type(annotation: Any, expected: t.Type) -> None:
    assert type_of(annotation, "x") == expected


@pytest.mark.parametrize("annotation", [Level, tuple[int, str], bytes, None, list[Any], [str], 3])
def test_others_are_refused(annotation: Any) -> None:
    assert "unsupported annotation" in refused(lambda: type_of(annotation, "x")).message


def test_choices_of_literals_and_enums() -> None:
    assert choices_of(Mood) == ("good", "bad")
    assert choices_of(Literal["x"]) == ("x",)
    assert choices_of(str) is None
    assert [is_record_class(c) for c in (Item, Order, Note, Mood, int)] == [True] * 3 + [False] * 2


items = st.builds(Item, name=st.text(), price=st.floats(0, 9), tags=st.lists(st.text(), max_size=2))
orders = st.builds(
    Order, items=st.lists(items, max_size=2), mood=st.sampled_from(Mood), urgent=st.booleans()
)


@given(orders)
def test_values_satisfy_the_schema_and_become_constants(order: Order) -> None:
    schema = json_schema_of(Order)
    jsonschema.validate(plain(order), schema)
    type_, value = plain_constant(order, None, "x")
    assert type_ == ORDER and value == plain(order)


def test_schemas_are_closed_and_need_every_field() -> None:
    schema = json_schema_of(Note)
    order = schema["properties"]["order"]
    assert order["required"] == ["items", "mood", "urgent"]
    item = order["properties"]["items"]["items"]
    assert item["required"] == ["name", "price", "tags"] and item["additionalProperties"] is False
    assert item["properties"]["name"]["description"] == "what it is called"
    assert "default" not in item["properties"]["price"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "a", "price": 1.0}, item)


def test_graph_types_have_schemas_too() -> None:
    schema = json_schema_of(ITEM)
    jsonschema.validate({"name": "a", "price": 1.0, "tags": []}, schema)
    assert json_schema_of(t.DOCS)["items"]["required"] == ["id", "source", "text", "score"]


def test_a_field_named_like_a_dropped_keyword_stays() -> None:
    class Titled(BaseModel):
        title: str
        default: int

    schema = json_schema_of(Titled)
    assert list(schema["properties"]) == ["title", "default"] == schema["required"]


@pytest.mark.parametrize(
    ("value", "expected", "problem"),
    [
        ("a", t.I64, "x has the wrong type: found text 'a', expected i64"),
        (True, t.I64, "found i1 True, expected i64"),
        (1.5, t.I64, "found f64 1.5, expected i64"),
        ([1, "a"], None, "item of x has the wrong type: found text 'a', expected i64"),
        ([1], t.TEXT, "x has the wrong type: found a list [1], expected text"),
        ([], None, "x is an empty list of unknown type"),
        ({"a": 1}, None, "x cannot be part of a graph: found dict"),
        (object, None, "x cannot be part of a graph: found type"),
        ({"name": "a"}, ITEM, "x lacks field 'price'"),
        ({"name": "a", "price": 1, "tags": [], "b": 1}, ITEM, "x has an unknown field 'b'"),
        ({"name": 3, "price": 1, "tags": []}, ITEM, "field 'name' of x has the wrong type"),
    ],
)
def test_constants_of_the_wrong_type_are_refused(value: Any, expected: Any, problem: str) -> None:
    assert problem in refused(lambda: plain_constant(value, expected, "x")).message


def test_numbers_widen_where_a_float_is_meant() -> None:
    assert plain_constant(2, t.F64, "x") == (t.F64, 2.0)
    assert plain_constant({"name": "a", "price": 1, "tags": []}, ITEM, "x")[1]["price"] == 1.0
    assert plain_constant([], t.DOCS, "x") == (t.DOCS, [])
