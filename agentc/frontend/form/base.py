"""What every operation of the graph form shares, and the marks that say how a field is emitted.

An operation is one pydantic class: it is the JSON form's schema, the tracer's record, and (by the
marks on its fields) the description of the dialect's operation. Values are named by strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
)

from agentc.frontend.dists import Dist
from agentc.frontend.types import Type, parse_type


@dataclass(frozen=True)
class Operand:
    """Marks a field that names values. `names` is the attribute that gets the keys of a dict."""

    names: str = ""


@dataclass(frozen=True)
class Attr:
    """Marks a field that is an attribute. `kind` selects the conversion (attributes.py); `enum` is
    the dialect's enumeration of kind "enum"; `key` the dialect's name for the attribute where it
    is not the field's."""

    kind: str
    enum: str = ""
    key: str = ""

    def name(self, field: str) -> str:
        """Returns the dialect's name of the attribute that `field` holds."""
        return self.key or field.rstrip("_")


@dataclass(frozen=True)
class Body:
    """Marks a field that holds a region, or several."""


def _read_type(value: object) -> object:
    return parse_type(value) if isinstance(value, str) else value


def _write_dist(value: Dist | None) -> dict[str, Any] | None:
    if value is None:
        return None
    weights = {"weights": list(value.weights)} if value.weights else {}
    written = {"kind": value.kind, "values": list(value.values), **weights}
    return written | ({} if value.provenance == "declared" else {"provenance": value.provenance})


TypeText = Annotated[
    Type,
    BeforeValidator(_read_type),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "description": "text, i1, i64, f64, docs, session, list<T>, embedding<N>, "
            'tensor<4x?xf32>, record<"Name", field: T, ...>',
        }
    ),
]
ValueName = Annotated[str, Operand(), Field(description="the name of a value")]
MaybeValue = Annotated[str | None, Operand(), Field(description="the name of a value")]
ValueNames = Annotated[list[str], Operand(), Field(description="names of values")]
Str = Annotated[str, Attr("str")]
MaybeStr = Annotated[str | None, Attr("str")]
Strs = Annotated[list[str] | None, Attr("strs")]
Symbol = Annotated[str, Attr("symbol")]
MaybeSymbol = Annotated[str | None, Attr("symbol")]
Count = Annotated[int, Attr("i64"), Field(ge=1)]
MaybeCount = Annotated[int | None, Attr("i64"), Field(ge=1)]
MaybeInt = Annotated[int | None, Attr("i64")]
MaybeFloat = Annotated[float | None, Attr("f64")]
Probability = Annotated[float | None, Attr("f64"), Field(ge=0.0, le=1.0)]
MaybeDist = Annotated[Dist | None, Attr("dist"), PlainSerializer(_write_dist)]
Flag = Annotated[bool, Attr("unit")]


class Form(BaseModel):
    """Base of all records of the form: unknown keys are errors, defaults are not written out."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, arbitrary_types_allowed=True, strict=False
    )
    always: ClassVar[frozenset[str]] = frozenset({"op", "format", "name", "type"})

    @model_serializer(mode="wrap")
    def _without_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = dump(self)
        for name, field in type(self).model_fields.items():
            key = field.alias or name
            default = field.get_default(call_default_factory=True)
            if key in written and name not in self.always and getattr(self, name) == default:
                del written[key]
        return written


class Value(Form):
    """A value as it comes into being: its name and its type."""

    name: str
    type: TypeText


class Op(Form):
    """Base of all operations.

    `results` are the values it makes; `at` is "file:line:column" of the user's line. `sized` says
    that the dialect's operation records the size of each operand group.
    """

    sized: ClassVar[bool] = False
    op: str
    results: list[Value] = []
    at: str = ""


class Work(Op):
    """Base of operations that cost something; `label` is the user's name for it."""

    label: MaybeStr = None
