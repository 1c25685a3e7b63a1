"""Prompt templates: `{name}` placeholders, `{{` and `}}` escapes, `{|}` piece boundaries.

A template is cut into pieces that are tokenised one by one: each literal run and each placeholder
is a piece, and spaces at the end of a literal belong to the piece that follows.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentc.frontend.places import Place, error

_PART = re.compile(r"\{\{|\}\}|\{\|\}|\{([^{}]*)\}|\{|\}")
_NAME = re.compile(r"[A-Za-z_]\w*")
BOUNDARY = "|"


@dataclass(frozen=True)
class Slot:
    """A placeholder of a template; `name` is BOUNDARY for `{|}`."""

    name: str


def split(template: str, what: str = "template", place: Place | None = None) -> list[str | Slot]:
    """Cuts a template into literals and placeholders, a literal (maybe empty) at both ends.

    Raises:
      FrontendError: a brace without its partner, or a placeholder that is not a name.
    """
    parts: list[str | Slot] = []
    literal, end = "", 0
    for match in _PART.finditer(template):
        literal += template[end : match.start()]
        end = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
            continue
        name = BOUNDARY if match[0] == "{|}" else match[1]
        if name is None or (name != BOUNDARY and not _NAME.fullmatch(name)):
            raise _bad_brace(match[0], what, place)
        parts += [literal, Slot(name)]
        literal = ""
    return [*parts, literal + template[end:]]


def placeholders(template: str, what: str = "template", place: Place | None = None) -> list[str]:
    """Returns the placeholders of a template, each once, in order of first appearance."""
    names = [part.name for part in split(template, what, place) if isinstance(part, Slot)]
    return list(dict.fromkeys(name for name in names if name != BOUNDARY))


def check(template: str, inputs: Collection[str], what: str, place: Place | None) -> list[str]:
    """Checks that every placeholder is one of `inputs`; returns the placeholders.

    Raises:
      FrontendError: the template is empty, or names something that is not an input.
    """
    if not template.strip():
        raise error(
            f"{what} is empty: found no docstring, expected the prompt template there; "
            'write """Question: {question}""" under the def line, or pass prompt=',
            place,
        )
    names = placeholders(template, what, place)
    for name in names:
        if name not in inputs:
            raise error(
                f"{what} has an unknown placeholder '{{{name}}}': expected one of "
                f"{listed(inputs)}; {suggest(name, inputs)}or write {{{{{name}}}}} for the text "
                "itself",
                place,
            )
    return names


def pieces(template: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the pieces of a template whose values are already formatted, empty ones left out."""
    found: list[str] = []
    carried = ""
    parts = split(template)
    for number, part in enumerate(parts):
        if isinstance(part, Slot):
            if part.name != BOUNDARY:
                found.append(carried + values[part.name])
                carried = ""
            continue
        is_last = number + 1 == len(parts)
        kept = part if is_last else part.rstrip(" ")
        if kept:
            found.append(carried + kept)
            carried = ""
        carried += part[len(kept) :]
    return tuple(piece for piece in [*found, carried] if piece)


def format_value(value: object) -> str:
    """Shows a plain value in a prompt, as the run time does: text as is, numbers in Python's
    form, true/false, list items on lines, passages numbered, records as compact JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, Sequence):
        if value and all(isinstance(v, Mapping) and set(v) == _PASSAGE_KEYS for v in value):
            lines = [f"[{n}] ({v['source']}) {v['text']}" for n, v in enumerate(value, 1)]
            return "\n".join(lines)
        return "\n".join(format_value(item) for item in value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def plain(value: Any) -> Any:
    """Returns a Python value as JSON data: records become dicts."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value)


_PASSAGE_KEYS = {"id", "source", "text", "score"}


def listed(names: Collection[str]) -> str:
    """Returns names for a message: `'a', 'b'`, or "nothing"."""
    return ", ".join(f"'{name}'" for name in names) or "nothing"


def suggest(name: str, names: Collection[str]) -> str:
    """Returns "did you mean 'x'? " when one of `names` is near to `name`, else ""."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'? " if close else ""


def _bad_brace(found: str, what: str, place: Place | None) -> Exception:
    return error(
        f"{what} has a brace that is not a placeholder: found '{found}', expected {{name}} with "
        "the name of an input; double a brace that is meant as text: {{ or }}",
        place,
    )
