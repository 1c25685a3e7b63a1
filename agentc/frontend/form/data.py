"""Operations on values that cost nothing worth planning: constants, fields, lists, predicates."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from agentc.frontend.form.base import Attr, Op, Operand, Str, ValueName, ValueNames

Predicate = Literal["eq", "ne", "lt", "le", "gt", "ge", "contains"]
BinaryKind = Literal["add", "sub", "mul", "div", "mod"]


class Constant(Op):
    """A value known now. `value` is JSON of the result's type."""

    op: Literal["constant"] = "constant"
    value: Annotated[Any, Attr("constant")]


class GetField(Op):
    """A field of a record."""

    op: Literal["get_field"] = "get_field"
    record: ValueName
    field: Str


class MakeRecord(Op):
    """A record from its fields, in the order of the type."""

    op: Literal["make_record"] = "make_record"
    fields: Annotated[dict[str, str], Operand()]


class MakeList(Op):
    """A list from its items."""

    op: Literal["make_list"] = "make_list"
    items: ValueNames = []


class GetItem(Op):
    """An item of a list; an index outside throws at run time."""

    op: Literal["get_item"] = "get_item"
    list_: ValueName = Field(alias="list")
    index: ValueName


class Length(Op):
    """How many items a list has, or characters a text, as i64."""

    op: Literal["length"] = "length"
    value: ValueName


class Concat(Op):
    """Texts, lists or docs one after the other."""

    op: Literal["concat"] = "concat"
    parts: ValueNames


class Flatten(Op):
    """A list of lists as one list."""

    op: Literal["flatten"] = "flatten"
    list_: ValueName = Field(alias="list")


class Compare(Op):
    """A predicate on two values of one type; result: i1."""

    op: Literal["compare"] = "compare"
    predicate: Annotated[Predicate, Attr("enum", "ComparePredicate")]
    lhs: ValueName
    rhs: ValueName


class Binary(Op):
    """Arithmetic on two numbers of one type."""

    op: Literal["binary"] = "binary"
    kind: Annotated[BinaryKind, Attr("enum", "BinaryKind")]
    lhs: ValueName
    rhs: ValueName


class And(Op):
    """Both."""

    op: Literal["and"] = "and"
    lhs: ValueName
    rhs: ValueName


class Or(Op):
    """Either."""

    op: Literal["or"] = "or"
    lhs: ValueName
    rhs: ValueName


class Not(Op):
    """The opposite."""

    op: Literal["not"] = "not"
    value: ValueName


DataOp = (
    Constant
    | GetField
    | MakeRecord
    | MakeList
    | GetItem
    | Length
    | Concat
    | Flatten
    | Compare
    | Binary
    | And
    | Or
    | Not
)
