"""From Python annotations to graph types, and from types to JSON schemas."""

from __future__ import annotations

import dataclasses
import enum
import types as python_types
import typing
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from agentc.frontend import types as t
from agentc.frontend.passage import Passage
from agentc.frontend.places import Place, error

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_PLAIN: dict[object, t.Type] = {
    str: t.TEXT,
    bool: t.I1,
    int: t.I64,
    float: t.F64,
    Passage: t.PASSAGE,
}


class Tensor:
    """Annotation of a tensor: `Tensor[(4, None), "f32"]`; None is a size known at run time only.

    Elements are "f32" or "i64".
    """

    def __class_getitem__(cls, item: object) -> t.Tensor:
        if not isinstance(item, tuple) or len(item) != 2 or item[1] not in t.TENSOR_DTYPES:
            raise error(
                f'ag.Tensor has {item!r}, expected a shape and "f32" or "i64"; '
                'write ag.Tensor[(4, None), "f32"]'
            )
        shape = item[0] if isinstance(item[0], tuple) else (item[0],)
        return t.Tensor(shape, item[1])


class Embedding:
    """Annotation of an embedding of a known size: `Embedding[384]`."""

    def __class_getitem__(cls, size: int) -> t.Embedding:
        return t.Embedding(size)


def type_of(
    annotation: Any, what: str, place: Place | None = None, inside: tuple[type, ...] = ()
) -> t.Type:
    """Returns the graph type of a Python annotation.

    Args:
      what: what is annotated, for the error ("parameter 'docs' of 'answer'").
      inside: the record classes around it, to notice one that contains itself.

    Raises:
      FrontendError: the annotation has no graph type; the message lists those that have one.
    """
    if isinstance(annotation, t.Type):
        return annotation
    if isinstance(annotation, Hashable) and annotation in _PLAIN:
        return _PLAIN[annotation]
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return type_of(get_args(annotation)[0], what, place, inside)
    if origin is Literal and all(isinstance(value, str) for value in get_args(annotation)):
        return t.TEXT
    if origin is list and len(get_args(annotation)) == 1:
        return t.list_of(type_of(get_args(annotation)[0], f"item of {what}", place, inside))
    if isinstance(annotation, type):
        found = _type_of_class(annotation, what, place, inside)
        if found is not None:
            return found
    raise _unsupported(annotation, what, place)


def choices_of(annotation: Any) -> tuple[str, ...] | None:
    """Returns the texts that a Literal or an Enum of texts allows, or None for others."""
    if get_origin(annotation) is Literal:
        return tuple(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return tuple(member.value for member in annotation)
    return None


def is_record_class(annotation: Any) -> bool:
    """Says whether a class is a record: a pydantic model, a dataclass or a TypedDict."""
    if not isinstance(annotation, type):
        return False
    return (
        dataclasses.is_dataclass(annotation)
        or typing.is_typeddict(annotation)
        or hasattr(annotation, "model_fields")
    )


def json_schema_of(annotation: Any) -> dict[str, Any]:
    """Returns the JSON schema of an annotation that `type_of` accepts.

    References are written out, every property is required and no other is allowed: a record of
    the graph always has all its fields.
    """
    if isinstance(annotation, t.Type):
        return _schema_of_type(annotation)
    reader = adapter(annotation)
    if reader is None and typing.is_typeddict(annotation):
        return _schema_of_typed_dict(annotation)
    if reader is None:
        return _schema_of_type(type_of(annotation, "output"))
    schema = reader.json_schema()
    closed: dict[str, Any] = _closed(schema, schema.get("$defs", {}))
    return closed


def adapter(annotation: Any) -> TypeAdapter[Any] | None:
    """Returns what reads values of an annotation, or None where pydantic has nothing to offer:
    `typing.TypedDict` before Python 3.12, and graph types."""
    from pydantic import PydanticUserError, TypeAdapter

    if isinstance(annotation, t.Type):
        return None
    try:
        return TypeAdapter(annotation)
    except PydanticUserError:
        return None


def _schema_of_typed_dict(annotation: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(annotation, include_extras=True)
    properties = {name: json_schema_of(hint) for name, hint in hints.items()}
    closed: dict[str, Any] = _closed({"type": "object", "properties": properties}, {})
    return closed


def _schema_of_type(type_: t.Type) -> dict[str, Any]:
    if isinstance(type_, t.Record):
        properties = {name: _schema_of_type(field) for name, field in type_.fields}
        closed: dict[str, Any] = _closed({"type": "object", "properties": properties}, {})
        return closed
    element = t.element_of(type_)
    if element is not None:
        return {"type": "array", "items": _schema_of_type(element)}
    names = {t.TEXT: "string", t.I64: "integer", t.F64: "number", t.I1: "boolean"}
    return {"type": names[type_]} if type_ in names else {}


def _type_of_class(
    annotation: type, what: str, place: Place | None, inside: tuple[type, ...]
) -> t.Type | None:
    if issubclass(annotation, enum.Enum):
        texts = all(isinstance(member.value, str) for member in annotation)
        return t.TEXT if texts else None
    if is_record_class(annotation):
        return _record(annotation, what, place, inside)
    return None


def _record(annotation: Any, what: str, place: Place | None, inside: tuple[type, ...]) -> t.Type:
    name = annotation.__name__
    if annotation in inside:
        raise error(
            f"{what} contains itself: found '{name}' inside '{name}', expected a record of finite "
            "depth; hold the nested part as text or a list of text",
            place,
        )
    try:
        hints = typing.get_type_hints(annotation, include_extras=True)
    except NameError as problem:
        raise error(
            f"{what} cannot be read: {problem}, expected annotations that resolve; define the "
            "classes at module level",
            place,
        ) from None
    names = getattr(annotation, "model_fields", hints)
    deeper = (*inside, annotation)
    fields = [(n, type_of(hints[n], f"field '{n}' of '{name}'", place, deeper)) for n in names]
    return t.Record(name, tuple(fields))


def _closed(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_closed(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _closed(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    dropped = ("$defs", "default", "title")
    result = {k: v for k, v in schema.items() if k not in dropped or isinstance(v, dict)}
    result.pop("$defs", None)
    if "properties" in schema:
        result["properties"] = {
            name: _closed(field, definitions) for name, field in schema["properties"].items()
        }
        result |= {"required": list(schema["properties"]), "additionalProperties": False}
    for key in ("items", "anyOf", "allOf", "prefixItems"):
        if key in result:
            result[key] = _closed(result[key], definitions)
    return result


def _unsupported(annotation: Any, what: str, place: Place | None) -> Exception:
    shown = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    expected = (
        "expected str, int, float, bool, list[T], a pydantic model, dataclass or TypedDict, "
        "ag.Passage, Literal or Enum of str, ag.Embedding[n] or ag.Tensor[shape, dtype]"
    )
    fix = "write one of these"
    if get_origin(annotation) in (typing.Union, python_types.UnionType):
        fix = "a graph value has one type: use an empty text or list, or a bool field beside it"
    elif annotation is dict or get_origin(annotation) is dict:
        fix = "name the fields in a pydantic model"
    elif annotation is list:
        fix = "write the item type, as in list[str]"
    return error(f"{what} has an unsupported annotation: found '{shown}', {expected}; {fix}", place)
