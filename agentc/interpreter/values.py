"""Values of the language as Python values, and how each is written into a prompt.

| type | Python |
|---|---|
| text | str |
| i1, i64, f64 | bool, int, float |
| list<T> | list |
| record | dict, fields in the type's order |
| docs | list of Passage dicts |
| embedding, tensor | numpy array |
| session | `Session` |
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from agentc._mlir import ir


class Thrown(Exception):
    """An error that travels through the program until a `try` catches it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


@dataclass(frozen=True)
class Session:
    """A conversation so far: the model it belongs to and its token stream, piece by piece."""

    model: str
    history: tuple[Any, ...] = ()


def python_value(attribute: ir.Attribute, type_: ir.Type) -> Any:
    """Returns the Python value of an `agent.constant`'s attribute at `type_`."""
    if isinstance(attribute, ir.DictAttr):
        return {name: python_value(attribute[name], field) for name, field in type_.fields}
    if isinstance(attribute, ir.ArrayAttr):
        element = type_.element_type
        return [python_value(item, element) for item in attribute]
    return attribute.value


def format_value(value: Any, type_: Any) -> str:
    """Writes `value` as docs/spec.md, section "Printing", says."""
    spelled = str(type_)
    if spelled == "!agent.text":
        return str(value)
    if spelled == "i1":
        return "true" if value else "false"
    if spelled == "f64":
        return repr(float(value))
    if spelled == "i64":
        return str(value)
    if spelled == "!agent.docs":
        return "\n".join(
            f"[{number}] ({doc['source']}) {doc['text']}" for number, doc in enumerate(value, 1)
        )
    if spelled.startswith("!agent.list<"):
        return "\n".join(format_value(item, type_.element_type) for item in value)
    return canonical_json(value)


def canonical_json(value: Any) -> str:
    """Compact JSON: fields in the order of the value, no spaces, no escapes of non-ASCII text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def median(values: list[Any]) -> Any:
    """The middle value; of an even number the lower one for integers, the mean of both else."""
    ordered = sorted(values)
    lower, upper = ordered[(len(values) - 1) // 2], ordered[len(values) // 2]
    return lower if isinstance(lower, int) else (lower + upper) / 2


def majority(values: list[Any], quorum: int | None) -> Any:
    """The first value to reach `quorum` in index order; else the most frequent, ties by first seen.

    Texts are compared, and returned, without white space at their ends; records are compared as
    canonical JSON.
    """
    first: dict[Any, Any] = {}
    votes: Counter[Any] = Counter()
    for value in (v.strip() if isinstance(v, str) else v for v in values):
        ballot = value if isinstance(value, str) else canonical_json(value)
        first.setdefault(ballot, value)
        votes[ballot] += 1
        if quorum is not None and votes[ballot] >= quorum:
            return first[ballot]
    most = max(votes.values())
    return next(first[ballot] for ballot in first if votes[ballot] == most)
