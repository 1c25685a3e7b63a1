"""From Python values inside a graph function to values of the graph.

Plain values become `constant` operations; lists and dicts that hold traced values are built from
their items.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from agentc.frontend import types as t
from agentc.frontend.annotations import is_record_class, type_of
from agentc.frontend.form.data import Constant, MakeList, MakeRecord
from agentc.frontend.places import error
from agentc.frontend.templates import listed
from agentc.frontend.tracer import Tracer
from agentc.frontend.values import Traced


def as_traced(tracer: Tracer, value: Any, expected: t.Type | None, what: str) -> Traced:
    """Returns `value` as a value of the graph.

    Args:
      expected: the type that is needed, or None for whatever the value has.
      what: what the value is for, in the error ("argument 'docs' of 'answer'").

    Raises:
      FrontendError: the value has another type than `expected`, or none that a graph knows.
    """
    if isinstance(value, Traced):
        tracer.name_of(value)
        if expected is not None and value._type != expected:
            raise mismatch(what, f"{value._type} (from '{value._origin}')", expected)
        return value
    if _holds_traced(value):
        return _assemble(tracer, value, expected, what)
    type_, plain = plain_constant(value, expected, what)
    return tracer.emit_one(Constant, type_, value=plain, origin=what)


def mismatch(what: str, found: str, expected: t.Type) -> Exception:
    """Returns the error for a value of the wrong type."""
    return error(
        f"{what} has the wrong type: found {found}, expected {expected}; "
        f"pass a value of type {expected}"
    )


def plain_constant(value: Any, expected: t.Type | None, what: str) -> tuple[t.Type, Any]:
    """Returns the type and the JSON form of a Python value that holds nothing traced."""
    value = value.value if isinstance(value, enum.Enum) else value
    if expected == t.F64 and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    for python, type_ in ((bool, t.I1), (int, t.I64), (float, t.F64), (str, t.TEXT)):
        if isinstance(value, python):
            return _fits(type_, expected, what, value), value
    if isinstance(value, (list, tuple)):
        return _plain_list(list(value), expected, what)
    record = _record_type(value, expected, what)
    if record is not None:
        return _plain_record(value, record, expected, what)
    raise error(
        f"{what} cannot be part of a graph: found {type(value).__name__} {_short(value)}, expected "
        "text, a number, a bool, a list, a record or a traced value; convert it before"
    )


def _plain_list(items: list[Any], expected: t.Type | None, what: str) -> tuple[t.Type, Any]:
    element = None if expected is None else t.element_of(expected)
    if expected is not None and element is None:
        raise mismatch(what, f"a list {_short(items)}", expected)
    if not items and element is None:
        raise error(
            f"{what} is an empty list of unknown type, expected items or a known type; "
            "pass it where a type is declared"
        )
    plain = []
    for item in items:
        type_, value = plain_constant(item, element, f"item of {what}")
        element = element or type_
        if type_ != element:
            raise mismatch(f"item of {what}", f"{type_} {_short(item)}", element)
        plain.append(value)
    assert element is not None
    return expected or t.list_of(element), plain


def _plain_record(
    value: Any, record: t.Record, expected: t.Type | None, what: str
) -> tuple[t.Type, Any]:
    fields = _fields_of(value)
    _check_fields(fields, record, what)
    plain = {n: plain_constant(fields[n], f, f"field '{n}' of {what}")[1] for n, f in record.fields}
    return _fits(record, expected, what, value), plain


def _fits(found: t.Type, expected: t.Type | None, what: str, value: object) -> t.Type:
    if expected is not None and found != expected:
        raise mismatch(what, f"{found} {_short(value)}", expected)
    return found


def _record_type(value: Any, expected: t.Type | None, what: str) -> t.Record | None:
    if isinstance(value, Mapping):
        return expected if isinstance(expected, t.Record) else None
    if is_record_class(type(value)):
        found = type_of(type(value), what)
        return found if isinstance(found, t.Record) else None
    return None


def _fields_of(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return {name: getattr(value, name) for name in type(value).model_fields}


def _check_fields(fields: Mapping[str, Any], record: t.Record, what: str) -> None:
    names = [name for name, _ in record.fields]
    for name in [*fields, *names]:
        if (name in fields) != (name in names):
            problem = "lacks" if name in names else "has an unknown"
            raise error(
                f"{what} {problem} field '{name}': found {listed(fields)}, expected "
                f"{listed(names)} of record '{record.name}'; give exactly these fields"
            )


def _holds_traced(value: Any) -> bool:
    if isinstance(value, Traced):
        return True
    if isinstance(value, (list, tuple)):
        return any(_holds_traced(item) for item in value)
    if isinstance(value, Mapping):
        return any(_holds_traced(item) for item in value.values())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(_holds_traced(item) for item in _fields_of(value).values())
    return False


def _assemble(tracer: Tracer, value: Any, expected: t.Type | None, what: str) -> Traced:
    if isinstance(value, (list, tuple)):
        return _assemble_list(tracer, list(value), expected, what)
    record = _record_type(value, expected, what)
    if record is None:
        raise error(
            f"{what} is a dict of unknown type, expected a record; use "
            "ag.record(Class, field=value, ...)"
        )
    return make_record(tracer, record, _fields_of(value), what)


def make_record(tracer: Tracer, record: t.Record, fields: Mapping[str, Any], what: str) -> Traced:
    """Emits a record from its fields, each a Python or a traced value."""
    _check_fields(fields, record, what)
    values = {
        name: as_traced(tracer, fields[name], type_, f"field '{name}' of {what}")._name
        for name, type_ in record.fields
    }
    return tracer.emit_one(MakeRecord, record, fields=values, origin=record.name)


def _assemble_list(tracer: Tracer, items: list[Any], expected: t.Type | None, what: str) -> Traced:
    element = None if expected is None else t.element_of(expected)
    if expected is not None and element is None:
        raise mismatch(what, "a list", expected)
    if element is None:
        element = next(item._type for item in items if isinstance(item, Traced))
    values = [_item(tracer, item, element, what)._name for item in items]
    return tracer.emit_one(MakeList, expected or t.list_of(element), items=values, origin=what)


def _item(tracer: Tracer, item: Any, element: t.Type, what: str) -> Traced:
    """An item of a list; a text among passages becomes a passage named for what made it."""
    if element == t.PASSAGE and isinstance(item, Traced) and item._type == t.TEXT:
        name = item._origin
        return make_record(
            tracer, t.PASSAGE, {"id": name, "source": name, "text": item, "score": 1.0}, what
        )
    return as_traced(tracer, item, element, f"item of {what}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def type_of_value(value: Any, what: str) -> t.Type:
    """Returns the graph type of a value that holds nothing traced, or of what it is built from."""
    if isinstance(value, Traced):
        return value._type
    if not _holds_traced(value):
        return plain_constant(value, None, what)[0]
    if isinstance(value, (list, tuple)):
        return t.list_of(next(item._type for item in value if isinstance(item, Traced)))
    record = _record_type(value, None, what)
    if record is None:
        raise error(
            f"{what} is a dict of unknown type, expected a record; use "
            "ag.record(Class, field=value, ...)"
        )
    return record
