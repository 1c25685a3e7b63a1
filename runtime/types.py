"""Value types of a plan as its ports spell them, and Python values checked against them.

| type | Python |
|---|---|
| text | str |
| i1, i64, f64 | bool, int, float |
| list<T> | list |
| record<"Name", field: T, ...> | dict, fields in the type's order |
| docs | list of passage dicts (id, source, text, score) |
| embedding<n>, tensor<...> | numpy array |
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_][\w.]*|\d+|[<>,:]|\S')


@dataclass(frozen=True)
class ValueType:
    """`kind` is the type's first word; `element` of a list, `fields` of a record in order."""

    kind: str
    element: ValueType | None = None
    fields: tuple[tuple[str, ValueType], ...] = ()
    spelled: str = ""

    def __str__(self) -> str:
        return self.spelled or self.kind


TEXT = ValueType("text")
PASSAGE = ValueType(
    "record",
    fields=(("id", TEXT), ("source", TEXT), ("text", TEXT), ("score", ValueType("f64"))),
    spelled="a passage",
)


@lru_cache(maxsize=4096)
def parse_type(spelled: str) -> ValueType:
    """Reads a type as the dialect prints it, with or without its `!agent.` prefix."""
    if spelled.startswith("tensor<"):
        return ValueType("tensor", spelled=spelled)
    tokens = _TOKEN.findall(spelled.replace("!agent.", ""))
    type_, rest = _parse(tokens)
    if rest:
        raise ValueError(f"'{spelled}' is not a type: '{''.join(rest)}' is left over")
    return type_


def _parse(tokens: list[str]) -> tuple[ValueType, list[str]]:
    kind, rest = tokens[0], tokens[1:]
    if kind == "docs":
        return ValueType("docs", element=PASSAGE), rest
    if kind == "tensor":
        end = rest.index(">")
        return ValueType("tensor", spelled="tensor" + "".join(rest[: end + 1])), rest[end + 1 :]
    if kind == "list":
        element, rest = _parse(rest[1:])
        return ValueType("list", element=element, spelled=f"list<{element}>"), rest[1:]
    if kind == "record":
        return _parse_record(rest[1:])
    if kind == "embedding":
        return ValueType("embedding", spelled=f"embedding<{rest[1]}>"), rest[3:]
    return ValueType(kind), rest


def _parse_record(tokens: list[str]) -> tuple[ValueType, list[str]]:
    name = json.loads(tokens[0]) if tokens[0].startswith('"') else ""
    rest = tokens[1:] if name else tokens
    fields = []
    while rest[0] != ">":
        if rest[0] == ",":
            rest = rest[1:]
        field = json.loads(rest[0]) if rest[0].startswith('"') else rest[0]
        type_, rest = _parse(rest[2:])
        fields.append((field, type_))
    return ValueType("record", fields=tuple(fields), spelled=f'record "{name}"'), rest[1:]


def conform(value: Any, type_: ValueType, what: str) -> Any:
    """Returns `value` in the exact form that `type_` has in a plan: an integer becomes a float
    where the type is f64, a record's fields take the type's order, a dataclass or pydantic model
    becomes a dict, an array-like an array. Raises TypeError naming `what` otherwise.
    """
    convert = _CONFORM.get(type_.kind)
    return value if convert is None else convert(value, type_, what)


def _wrong(value: Any, type_: ValueType, what: str) -> TypeError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return TypeError(f"{what} is {type(value).__name__} {shown}, expected {type_}")


def _text(value: Any, type_: ValueType, what: str) -> str:
    if not isinstance(value, str):
        raise _wrong(value, type_, what)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise TypeError(
            f"{what} is no Unicode text: found half of a surrogate pair at character {error.start}"
        ) from error
    return str(value)


def _bool(value: Any, type_: ValueType, what: str) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise _wrong(value, type_, what)
    return bool(value)


def _int(value: Any, type_: ValueType, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise _wrong(value, type_, what)
    if not -(2**63) <= value < 2**63:
        raise _wrong(value, type_, what)
    return int(value)


def _float(value: Any, type_: ValueType, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise _wrong(value, type_, what)
    return float(value)


def _list(value: Any, type_: ValueType, what: str) -> list[Any]:
    if isinstance(value, str | Mapping) or not hasattr(value, "__iter__"):
        raise _wrong(value, type_, what)
    element = type_.element
    assert element is not None
    return [conform(item, element, f"{what}[{i}]") for i, item in enumerate(value)]


def _record(value: Any, type_: ValueType, what: str) -> dict[str, Any]:
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    elif hasattr(value, "__dataclass_fields__"):
        value = {name: getattr(value, name) for name in value.__dataclass_fields__}
    if not isinstance(value, Mapping):
        raise _wrong(value, type_, what)
    names = [name for name, _ in type_.fields]
    missing = [name for name in names if name not in value]
    unknown = [name for name in value if name not in names]
    if missing or unknown:
        raise TypeError(
            f"{what} has fields {sorted(value)}, expected exactly {names}; "
            f"{'add ' + ', '.join(missing) if missing else 'remove ' + ', '.join(unknown)}"
        )
    return {name: conform(value[name], field, f"{what}.{name}") for name, field in type_.fields}


def _array(value: Any, type_: ValueType, what: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise _wrong(value, type_, what) from error
    if array.dtype.kind not in "fiu":
        raise _wrong(value, type_, what)
    if type_.kind == "embedding":
        size = int(type_.spelled[len("embedding<") : -1])
        if array.shape != (size,):
            raise TypeError(f"{what} has shape {array.shape}, expected ({size},)")
        return array.astype(np.float32, copy=False)
    return array


_CONFORM = {
    "text": _text,
    "i1": _bool,
    "i64": _int,
    "f64": _float,
    "list": _list,
    "docs": _list,
    "record": _record,
    "embedding": _array,
    "tensor": _array,
}
