"""Prompts: from a template and its arguments to pieces, each tokenised alone (docs/spec.md).

`{name}` is a placeholder, `{{` `}}` are escapes, `{|}` cuts a literal in two, `{<role}` and
`{role>}` stand for what the model's chat format writes before and after a role's text, and
`{<default>}` for the whole message that it writes when nobody gives a system text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agentc.errors import PackageError
from agentc.plan import ChatFormat
from agentc.runtime.types import ValueType, parse_type

_MARK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SCAFFOLD = re.compile(r"<(\w+)|(\w+)>")


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is tokenised alone; only scaffold may contain special tokens."""

    text: str
    scaffold: bool = False


@dataclass(frozen=True)
class Part:
    """One cut of a template. `kind` is "literal", "name", "cut", "begin" or "end" (of a role), or
    "default" (the default system message)."""

    kind: str
    text: str


@lru_cache(maxsize=4096)
def split_template(template: str) -> tuple[Part, ...]:
    """Returns the parts of `template` in order. Raises PackageError on a lone brace."""
    parts: list[Part] = []
    literal, position = "", 0
    for match in _MARK.finditer(template):
        literal += template[position : match.start()]
        position = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
            continue
        if match[1] is None or match[1] == "":
            raise PackageError(
                f"template has a lone '{match[0]}' at character {match.start()}; "
                "write '{{' or '}}' for a brace in the text"
            )
        if literal:
            parts.append(Part("literal", literal))
        literal = ""
        parts.append(_mark(match[1]))
    literal += template[position:]
    return (*parts, Part("literal", literal)) if literal else tuple(parts)


def _mark(inner: str) -> Part:
    if inner == "|":
        return Part("cut", "")
    if inner == "<default>":
        return Part("default", "")
    scaffold = _SCAFFOLD.fullmatch(inner)
    if scaffold is None:
        return Part("name", inner)
    return Part("begin", scaffold[1]) if scaffold[1] else Part("end", scaffold[2])


def pieces(
    template: str, arguments: Mapping[str, str], chat: ChatFormat | None = None
) -> list[Piece]:
    """Returns the pieces of `template` with `arguments` already formatted.

    Spaces at the end of a literal go to the placeholder or literal that follows, so that
    "Question: {q}" tokenises the space with the question's first word, as running text would.
    Empty pieces vanish. Scaffold marks need `chat`.
    """
    result: list[Piece] = []
    carried = ""
    parts = _joined(split_template(template), chat)
    for number, part in enumerate(parts):
        if not _content(part):
            result += [Piece(carried)] if carried else []
            result += _scaffold(part, chat)
            carried = ""
            continue
        text = carried + (arguments[part.text] if part.kind == "name" else part.text)
        carried = ""
        if part.kind == "cut":
            carried = text
            continue
        if part.kind == "literal" and number + 1 < len(parts) and _content(parts[number + 1]):
            stripped = text.rstrip(" ")
            carried = text[len(stripped) :]
            text = stripped
        if text:
            result.append(Piece(text))
    return [*result, Piece(carried)] if carried else result


def _content(part: Part) -> bool:
    return part.kind in ("literal", "name", "cut")


def _joined(parts: Sequence[Part], chat: ChatFormat | None) -> list[Part]:
    """Makes one mark of the end of a system message and the begin of a user message behind it,
    where the model's chat format puts both into one turn."""
    if chat is None or chat.system_to_user is None:
        return list(parts)
    joined: list[Part] = []
    for part in parts:
        if part == Part("begin", "user") and joined[-1:] == [Part("end", "system")]:
            joined[-1] = Part("joint", chat.system_to_user)
        else:
            joined.append(part)
    return joined


def _scaffold(part: Part, chat: ChatFormat | None) -> list[Piece]:
    if part.kind != "default":
        text = part.text if part.kind == "joint" else _scaffold_text(part, chat)
        return [Piece(text, scaffold=True)] if text else []
    if chat is None or not chat.default_system:
        return [Piece(chat.opening, scaffold=True)] if chat is not None and chat.opening else []
    begin, end = (_scaffold(Part(kind, "system"), chat) for kind in ("begin", "end"))
    return [*begin, Piece(chat.default_system), *end]


def _scaffold_text(part: Part, chat: ChatFormat | None) -> str:
    table = None if chat is None else chat.begin if part.kind == "begin" else chat.end
    if table is None or part.text not in table:
        raise PackageError(
            f"template uses the {part.kind} of role '{part.text}', which the model's chat format "
            "does not have; compile the graph again with a chat model"
        )
    return table[part.text]


def canonical_json(value: Any) -> str:
    """Compact JSON: fields in the value's order, no spaces, no escapes of non-ASCII text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def format_value(value: Any, type_: ValueType | str | None = None) -> str:
    """Writes a value as a prompt shows it; without a type, the value's own form decides."""
    if isinstance(type_, str):
        type_ = parse_type(type_)
    if type_ is None:
        return _format_untyped(value)
    if type_.kind == "docs":
        return _format_docs(value)
    if type_.kind == "list":
        return "\n".join(format_value(item, type_.element) for item in value)
    if type_.kind == "f64":
        return repr(float(value))
    return _format_untyped(value)


def _format_untyped(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        if value and all(isinstance(x, dict) and list(x) == _PASSAGE_FIELDS for x in value):
            return _format_docs(value)
        return "\n".join(_format_untyped(item) for item in value)
    return canonical_json(value)


_PASSAGE_FIELDS = ["id", "source", "text", "score"]


def _format_docs(docs: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"[{number}] ({passage['source']}) {passage['text']}"
        for number, passage in enumerate(docs, 1)
    )
