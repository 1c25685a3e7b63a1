"""Values written out in a graph: `record`, `list_`, `text`."""

from __future__ import annotations

from typing import Any

from agentc.frontend import types as t
from agentc.frontend.annotations import type_of
from agentc.frontend.constants import as_traced, make_record
from agentc.frontend.places import error
from agentc.frontend.tracer import active


def record(cls: type, /, **fields: Any) -> Any:
    """Makes a record of class `cls` (pydantic model, dataclass or TypedDict) from its fields.

    Outside a graph it is `cls(**fields)`.
    """
    tracer = active()
    if tracer is None:
        return cls(**fields)
    type_ = type_of(cls, "class of ag.record")
    if not isinstance(type_, t.Record):
        raise error(
            f"ag.record takes a class with fields: found {cls.__name__}, expected a "
            "pydantic model, dataclass or TypedDict; pass one"
        )
    return make_record(tracer, type_, fields, f"record '{type_.name}'")


def list_(*values: Any) -> Any:
    """Makes a list of values of one type, traced or plain. Outside a graph: a Python list."""
    tracer = active()
    if tracer is None:
        return list(values)
    return as_traced(tracer, list(values), None, "ag.list")


def text(value: str) -> Any:
    """Makes a constant text of the graph. Outside a graph it is `value`."""
    tracer = active()
    return value if tracer is None else as_traced(tracer, value, t.TEXT, "ag.text")
