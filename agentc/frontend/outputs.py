"""What an llm function returns: text, one of some texts, a truth value, a record, or a wrapped
value. It decides the constraint on decoding and how the text becomes the value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agentc.errors import RuntimeFault
from agentc.frontend import types as t
from agentc.frontend.annotations import adapter, choices_of, json_schema_of, type_of
from agentc.frontend.form.data import Compare, Constant, GetField
from agentc.frontend.form.document import SchemaSymbol
from agentc.frontend.form.work import Parse
from agentc.frontend.models import free_symbol
from agentc.frontend.places import Place, error
from agentc.frontend.tracer import Tracer
from agentc.frontend.values import Traced

YES, NO = "yes", "no"
_WRAPPED = "value"


@dataclass(frozen=True)
class Output:
    """How to read a model's text.

    Attributes:
      annotation: the Python annotation; `type`: the graph type of the value.
      choices: the texts that the model may give, if it must choose.
      record: the record that it must write as JSON, with its schema; a value that is not a
        record is the record's only field.
    """

    annotation: Any
    type: t.Type
    choices: tuple[str, ...] = ()
    record: t.Record | None = None
    schema: dict[str, Any] | None = None

    @property
    def is_wrapped(self) -> bool:
        return self.record is not None and self.record != self.type


def read_output(annotation: Any, name: str, place: Place) -> Output:
    """Returns the output of llm function `name`, from its `output=` or its annotation."""
    annotation = str if annotation is None or annotation is type(None) else annotation
    type_ = type_of(annotation, f"output of '{name}'", place)
    if isinstance(type_, t.Record):
        return Output(annotation, type_, record=type_, schema=json_schema_of(annotation))
    if type_ == t.I1:
        return Output(annotation, type_, choices=(YES, NO))
    if type_ == t.TEXT:
        return Output(annotation, type_, choices=choices_of(annotation) or ())
    if type_ == t.DOCS or not t.is_printable(type_):
        raise error(
            f"output of '{name}' cannot be written by a model: found {type_}, expected text, a "
            "number, a bool, a record or a list of these; change the output",
            place,
        )
    record = t.Record(f"{name}_output", ((_WRAPPED, type_),))
    schema = {
        "type": "object",
        "properties": {_WRAPPED: json_schema_of(annotation)},
        "required": [_WRAPPED],
        "additionalProperties": False,
    }
    return Output(annotation, type_, record=record, schema=schema)


def declare_schema(tracer: Tracer, output: Output, place: Place) -> str | None:
    """Adds the output's schema to the graph and returns its symbol, if it has one."""
    if output.record is None or output.schema is None:
        return None
    content = json.dumps([str(output.record), output.schema], sort_keys=True)
    taken = {
        n: json.dumps([str(s.type), s.json_], sort_keys=True) for n, s in tracer.schemas.items()
    }
    others = [tracer.name, *tracer.tools, *tracer.indexes, *tracer.models]
    symbol = free_symbol(output.record.name, taken | dict.fromkeys(others, ""), content)
    tracer.schemas.setdefault(
        symbol,
        SchemaSymbol(type=output.record, json=output.schema, at=place.text(tracer.folder)),
    )
    return symbol


def emit_value(tracer: Tracer, output: Output, text: Traced, schema: str | None) -> Traced:
    """Emits the way from the model's text to the value."""
    origin = text._origin
    if output.type == t.I1:
        yes = tracer.emit_one(Constant, t.TEXT, value=YES, origin=origin)
        return tracer.emit_one(
            Compare, t.I1, predicate="eq", lhs=text._name, rhs=yes._name, origin=origin
        )
    if output.record is None:
        return text
    record = tracer.emit_one(Parse, output.record, schema_=schema, text=text._name, origin=origin)
    if not output.is_wrapped:
        return record
    return tracer.emit_one(
        GetField, output.type, record=record._name, field=_WRAPPED, origin=origin
    )


def read_text(output: Output, text: str, label: str) -> Any:
    """Reads a model's text into the Python value, outside a graph.

    Raises:
      RuntimeFault: kind "parse", the text is not valid JSON of the schema.
    """
    if output.type == t.I1:
        return text == YES
    if output.record is None and not output.choices:
        return text
    reader = adapter(output.annotation)
    try:
        value: Any = json.loads(text) if output.record is not None else text
        value = value[_WRAPPED] if output.is_wrapped else value
        return value if reader is None else reader.validate_python(value)
    except (ValueError, KeyError, TypeError) as problem:  # a ValidationError is a ValueError
        raise RuntimeFault(
            f"the answer of '{label}' is not of type {output.type}: found {text[:60]!r}; "
            "raise max_tokens, or simplify the output",
            kind="parse",
        ) from problem
