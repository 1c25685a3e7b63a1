"""Graph inputs from the command line, and outputs back to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from agentc.errors import RuntimeFault
from agentc.plan import Port


def parse_inputs(arguments: Sequence[str], ports: Sequence[Port]) -> dict[str, Any]:
    """Turns `name=value` arguments into graph inputs.

    A text input takes the value as it is; any other type takes JSON. `name=@path` reads the value
    from a file; a value that begins with @@ begins with one @.

    Raises RuntimeFault (kind "input") on an unknown name or a value that is no JSON.
    """
    types = {port.name: port.type for port in ports}
    return dict(_parse_one(argument, types) for argument in arguments)


def _parse_one(argument: str, types: dict[str, str]) -> tuple[str, Any]:
    name, equals, value = argument.partition("=")
    if not equals:
        raise RuntimeFault(
            f"not an input: found '{argument}', expected name=value, as in "
            f"--input {next(iter(types), 'name')}=...",
            kind="input",
        )
    if name not in types:
        near = get_close_matches(name, types, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(types) or 'none'}"
        raise RuntimeFault(f"the graph has no input '{name}'; {hint}", kind="input")
    if value.startswith("@@"):
        value = value[1:]
    elif value.startswith("@"):
        value = _read(Path(value[1:]), name)
    return name, value if types[name] == "text" else _json(value, name, types[name])


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuntimeFault(f"input '{name}' cannot be read: {error}", kind="input") from error


def _json(value: str, name: str, type_: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise RuntimeFault(
            f"input '{name}' has type {type_}, found '{value}', expected JSON: {error}; "
            "mind the quotes of the shell",
            kind="input",
        ) from error


def typed(answer: str, type_: str) -> Any:
    """Turns what a person typed into a value of `type_`: text as it is, anything else as JSON."""
    return answer if type_ == "text" else _json(answer, "answer", type_)
