"""Strict reading of YAML files: every error names file and line, every misspelt key its neighbour.

The form of a file is a pydantic model below `Form`; quantities are fields marked with
`Quantity`. `read_yaml` keeps the lines, `validated` turns the first pydantic error into a
ClusterError.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError, core_schema
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from agentc.cost_models.units import DIMENSIONS, parse_quantity
from agentc.errors import ClusterError, SourceLine

KINDS = ("peak", "measured", "derived")
"""What a catalogue number may be."""


class Form(BaseModel):
    """Base of file forms: an unknown key is an error that names the nearest known one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise PydanticCustomError("form", "{message}", {"message": _not_a_mapping(cls, data)})
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in data:
            if key not in known:
                message = f"unknown key '{key}'{did_you_mean(str(key), known)}"
                context = {"message": message, "key": key}
                raise PydanticCustomError("unknown_key", "{message}", context)
        return data


def _not_a_mapping(form: type[Form], data: object) -> str:
    keys = ", ".join(sorted(form.model_fields)[:6])
    return f"expected a mapping with keys such as {keys}, found {_shown(data)}"


class Sourced(NamedTuple):
    """A number in SI units with where it comes from; all empty when written without."""

    value: float
    source: str = ""
    date: str = ""
    kind: str = "declared"


class Quantity:
    """Marks a field that holds a quantity of a dimension, in SI units:
    `bandwidth: Annotated[float, Quantity("bytes_per_s")]`."""

    def __init__(self, dimension_key: str) -> None:
        self.dimension = DIMENSIONS[dimension_key]

    def parse(self, value: object) -> Any:
        """Returns the quantity in SI units. Raises UnitError."""
        return parse_quantity(value, self.dimension)

    def json_schema(self) -> dict[str, Any]:
        """Returns the JSON schema of what a user may write."""
        return {
            "type": "string",
            "title": self.dimension.name,
            "examples": [self.dimension.example],
        }

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        return self.json_schema()


class SourcedQuantity(Quantity):
    """Marks a field that holds a `Sourced` quantity, written bare or with provenance:
    `80GB` or `{value: 80GB, source: .., date: 2026-04-03, kind: peak}`."""

    def parse(self, value: object) -> Any:
        """Returns a `Sourced`. Raises ValueError."""
        if not isinstance(value, Mapping):
            return Sourced(parse_quantity(value, self.dimension))
        if "value" not in value:
            raise ValueError("a number with a source needs 'value'")
        number = parse_quantity(value["value"], self.dimension)
        return Sourced(number, *parse_provenance(value))

    def json_schema(self) -> dict[str, Any]:
        """Returns the JSON schema of both forms."""
        text = super().json_schema()
        keys = {"value": text, "source": {"type": "string"}, "date": {"type": "string"}}
        mapping = {
            "type": "object",
            "properties": keys | {"kind": {"enum": list(KINDS)}},
            "required": ["value", "source", "date", "kind"],
            "additionalProperties": False,
        }
        return {"anyOf": [text, mapping]}


def parse_provenance(value: Mapping[str, Any], own: Iterable[str] = ("value",)) -> list[str]:
    """Returns [source, date, kind] of a sourced number. Raises ValueError when one is missing."""
    known = [*own, "source", "date", "kind"]
    for key in value:
        if key not in known:
            raise ValueError(f"unknown key '{key}'{did_you_mean(str(key), known)}")
    for key in ("source", "date", "kind"):
        if not value.get(key):
            raise ValueError(f"a number without '{key}' does not load; say where it comes from")
    if value["kind"] not in KINDS:
        raise ValueError(f"kind is '{value['kind']}', expected one of {', '.join(KINDS)}")
    try:
        date = datetime.date.fromisoformat(str(value["date"]))
    except ValueError:
        raise ValueError(f"date is '{value['date']}', expected a day such as 2026-04-03") from None
    return [str(value["source"]), date.isoformat(), str(value["kind"])]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns "; did you mean 'x'?", or the known words when none is near."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else f"; expected one of: {', '.join(known)}"


def read_yaml(path: Path, text: str | None = None) -> CommentedMap:
    """Returns the mapping that the file at `path` holds, with its line numbers kept."""
    try:
        source = path.read_text(encoding="utf-8") if text is None else text
        data = YAML(typ="rt").load(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = SourceLine(str(path), mark.line + 1 if mark else 0)
        problem = error.problem or error.context
        raise ClusterError(f"not valid YAML: {problem}", source=where) from None
    except (YAMLError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterError(f"not valid YAML: {first}", source=SourceLine(str(path))) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ClusterError(f"cannot be read: {reason}", source=SourceLine(str(path))) from None
    if not isinstance(data, CommentedMap):
        raise ClusterError(
            f"expected a mapping, found {_shown(data)}", source=SourceLine(str(path), 1)
        )
    return data


F = TypeVar("F", bound=Form)


def line_of(root: object, location: Sequence[int | str]) -> int:
    """Returns the 1-based line of a path into a document: the deepest part that is there."""
    line, node = 1, root
    for key in location:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(key)[0] + 1
            node = node[key]  # type: ignore[index]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def validated(
    form: type[F], data: object, root: object, file: str, location: Sequence[int | str] = ()
) -> F:
    """Returns `data` as `form`. Raises ClusterError for the first thing that is wrong; lines are
    looked up in `root`, in which `data` stands at `location`."""
    try:
        return form.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        context = first.get("ctx", {})
        path = [*location, *first["loc"], *([context["key"]] if "key" in context else [])]
        where = SourceLine(file, line_of(root, path))
        raise ClusterError(_message(first, path), source=where) from None
    except RecursionError:
        raise ClusterError("the file contains itself", source=SourceLine(file)) from None


def _message(error: Any, path: Sequence[int | str]) -> str:
    name = ".".join(str(part) for part in path)
    context = error.get("ctx", {})
    if error["type"] == "unknown_key":
        parent = ".".join(str(part) for part in path[:-1])
        return f"{context['message']} (in {parent})" if parent else str(context["message"])
    if error["type"] == "missing":
        return f"'{name}' is missing"
    if "error" in context:
        return f"{name}: {context['error']}"
    message = error["msg"][0].lower() + error["msg"][1:]
    found = "" if error["type"] == "form" else f", found {_shown(error['input'])}"
    return f"{name}: {message}{found}"


def _shown(value: object) -> str:
    is_scalar = isinstance(value, str | int | float | bool | None)
    text = repr(value) if is_scalar else type(value).__name__
    names = {"CommentedMap": "a mapping", "CommentedSeq": "a list", "None": "nothing"}
    return names.get(text, text if len(text) <= 60 else text[:57] + "...")
