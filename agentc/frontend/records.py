"""`record`: a record built inside a graph from traced and plain values."""

from __future__ import annotations

from typing import Any

from agentc.frontend import types as t
from agentc.frontend.annotations import type_of
from agentc.frontend.constants import make_record
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
        raise error(f"ag.record takes a class with fields: found {cls.__name__}, expected a "
                    "pydantic model, dataclass or TypedDict; pass one")
    return make_record(tracer, type_, fields, f"record '{type_.name}'")
