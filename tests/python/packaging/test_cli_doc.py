"""docs/cli.md has every command with every option, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from agentc.cli.main import app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yields the commands that do something, with their whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    for word, child in (inner or {}).items():
        yield from commands(child, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(app), "agentc"))


def section(name: str) -> str:
    return re.split(r"^## ", PAGE.split(f"\n## {name}\n")[1], flags=re.MULTILINE)[0]


def test_every_command_has_a_section() -> None:
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_has_the_options_of_its_command(name: str) -> None:
    rows = [line for line in section(name).splitlines() if line.startswith("| `-")]
    said = {option for row in rows for option in re.findall(r"`(-[\w-]+)`", row.split("|")[1])}
    parameters = [p for p in COMMANDS[name].params if p.param_type_name == "option"]
    options = {o for p in parameters for o in (*p.opts, *p.secondary_opts)}
    assert said == options - {"--help", "-h"}
    for parameter in parameters:
        row = next((row for row in rows if f"`{parameter.opts[0]}`" in row), "")
        assert ("(required)" in row) == bool(parameter.required)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_shows_a_call(name: str) -> None:
    assert f"`{name}" in section(name)
    if name != "agentc target schema":
        assert f"$ {name} " in section(name)


def test_exit_codes_are_those_of_the_errors() -> None:
    from agentc import errors

    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    codes = {c.exit_code for c in classes if issubclass(c, errors.AgentcError)}
    said = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert said == codes | {0, 130}
