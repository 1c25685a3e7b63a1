"""The operations behind Python's operators on traced values."""

from __future__ import annotations

from typing import Any

from agentc.frontend import types as t
from agentc.frontend.constants import as_traced
from agentc.frontend.form.data import (
    And,
    Binary,
    Compare,
    Concat,
    Flatten,
    GetField,
    GetItem,
    Length,
    Not,
    Or,
)
from agentc.frontend.places import error
from agentc.frontend.tracer import Tracer, tracer_of
from agentc.frontend.values import Traced, missing_field

_KINDS = {"add": "+", "sub": "-", "mul": "*", "mod": "%", "truediv": "/", "floordiv": "//"}
_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def compare(predicate: str, lhs: Any, rhs: Any) -> Traced:
    """Compares two values of one type; result i1."""
    tracer = tracer_of("a comparison", lhs, rhs)
    what = f"'{_SIGNS.get(predicate, predicate)}'"
    left, right = _pair(tracer, lhs, rhs, what)
    equality = predicate in ("eq", "ne") and t.is_printable(left._type)
    if left._type not in (t.TEXT, t.I64, t.F64) and not equality:
        raise error(
            f"{what} cannot compare values of type {left._type} (from '{_origin_of(lhs, rhs)}'), "
            "expected text or numbers; compare a field or an item"
        )
    return tracer.emit_one(
        Compare,
        t.I1,
        predicate=predicate,
        lhs=left._name,
        rhs=right._name,
        origin=_origin_of(lhs, rhs),
    )


def binary(kind: str, lhs: Any, rhs: Any) -> Traced:
    """Arithmetic on two numbers of one type. `/` is for f64, `//` for i64."""
    tracer = tracer_of("arithmetic", lhs, rhs)
    left, right = _pair(tracer, lhs, rhs, f"'{_KINDS[kind]}'")
    if kind == "truediv" and left._type == t.I64:
        raise error("'/' divides numbers of type f64: found i64, expected f64; use // on i64")
    if kind == "floordiv" and left._type == t.F64:
        raise error("'//' divides numbers of type i64: found f64, expected i64; use / on f64")
    name = "div" if kind in ("truediv", "floordiv") else kind
    return tracer.emit_one(
        Binary, left._type, kind=name, lhs=left._name, rhs=right._name, origin=_origin_of(lhs, rhs)
    )


def logic(kind: str, lhs: Any, rhs: Any) -> Traced:
    """`&` or `|` of two truth values."""
    tracer = tracer_of("logic", lhs, rhs)
    what = "'&'" if kind == "and" else "'|'"
    left = as_traced(tracer, lhs, t.I1, f"left side of {what}")
    right = as_traced(tracer, rhs, t.I1, f"right side of {what}")
    op = And if kind == "and" else Or
    return tracer.emit_one(op, t.I1, lhs=left._name, rhs=right._name, origin=_origin_of(lhs, rhs))


def negation(value: Traced) -> Traced:
    """`~` of a truth value."""
    tracer = tracer_of("logic", value)
    return tracer.emit_one(Not, t.I1, value=tracer.name_of(value), origin=value._origin)


def get_field(record: Traced, name: str) -> Traced:
    """A field of a record. Raises FrontendError with the nearest name if there is none."""
    assert isinstance(record._type, t.Record)
    field = record._type.field(name)
    if field is None:
        raise missing_field(record, name)
    tracer = tracer_of("field access", record)
    origin = f"{record._origin}.{name}"
    return tracer.emit_one(
        GetField, field, record=tracer.name_of(record), field=name, origin=origin
    )


def item(list_: Traced, index: Any) -> Traced:
    """An item of a list, by an i64 from 0."""
    tracer = tracer_of("indexing", list_)
    if isinstance(index, slice) or (isinstance(index, int) and index < 0):
        raise error(
            f"a list (from '{list_._origin}') is indexed with {index!r}, expected an "
            "integer of at least 0; compute the index from value.length()"
        )
    number = as_traced(tracer, index, t.I64, f"index of '{list_._origin}'")
    element = t.element_of(list_._type)
    assert element is not None
    fields = {"list_": tracer.name_of(list_), "index": number._name}
    return tracer.emit_one(GetItem, element, **fields, origin=f"{list_._origin}[]")


def length(value: Any) -> Any:
    """The number of items of a list, or of characters of a text; eager on plain Python values."""
    if not isinstance(value, Traced):
        return len(value)
    if value._type != t.TEXT and t.element_of(value._type) is None:
        raise error(
            f"agentc.length takes a list or a text: found {value._type} (from '{value._origin}'), "
            "expected one of them; use a field or an item"
        )
    tracer = tracer_of("agentc.length", value)
    return tracer.emit_one(Length, t.I64, value=tracer.name_of(value), origin="length")


def contains(text: Any, part: Any) -> Any:
    """Whether `part` occurs in `text`; eager on plain Python values."""
    if not isinstance(text, Traced) and not isinstance(part, Traced):
        return part in text
    return compare("contains", text, part)


def concat(*parts: Any) -> Any:
    """Joins texts, lists or docs, in order; eager on plain Python values."""
    known = [part for part in parts if isinstance(part, Traced)]
    if not known:
        return _concat_plain(parts)
    tracer = tracer_of("agentc.concat", *known)
    type_ = next((p._type for p in known if p._type == t.DOCS), known[0]._type)
    if type_ != t.TEXT and t.element_of(type_) is None:
        raise error(
            f"agentc.concat joins texts or lists: found {type_} (from "
            f"'{known[0]._origin}'), expected text, list or docs; put it into a list"
        )
    names = [as_traced(tracer, part, type_, "part of concat")._name for part in parts]
    return tracer.emit_one(Concat, type_, parts=names, origin="concat")


def flatten(list_: Any) -> Any:
    """A list of lists as one list (list[docs] as docs); eager on plain Python values."""
    if not isinstance(list_, Traced):
        return [item for inner in list_ for item in inner]
    tracer = tracer_of("agentc.flatten", list_)
    inner = t.element_of(list_._type)
    if inner is None or t.element_of(inner) is None:
        raise error(
            f"agentc.flatten takes a list of lists: found {list_._type} (from "
            f"'{list_._origin}'), expected list<list<T>> or list<docs>; drop the flatten"
        )
    return tracer.emit_one(Flatten, inner, list_=tracer.name_of(list_), origin="flatten")


def _origin_of(lhs: Any, rhs: Any) -> str:
    return (lhs if isinstance(lhs, Traced) else rhs)._origin


def _pair(tracer: Tracer, lhs: Any, rhs: Any, what: str) -> tuple[Traced, Traced]:
    known = lhs if isinstance(lhs, Traced) else rhs
    left = as_traced(tracer, lhs, known._type, f"left side of {what}")
    right = as_traced(tracer, rhs, known._type, f"right side of {what}")
    return left, right


def _concat_plain(parts: tuple[Any, ...]) -> Any:
    if not parts:
        raise error("agentc.concat has no parts, expected at least one; pass texts or lists")
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result
