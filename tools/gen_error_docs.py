"""Writes docs/errors.md from agentc/errors.py: a section for each error, with an example that ran.

python tools/gen_error_docs.py           # write the page
python tools/gen_error_docs.py --check   # say whether it is up to date

Every docstring holds "Causes", "Fix" and an example: named blocks are files, the `sh` block holds
commands. They run here, in an empty folder with samples/cluster.yaml as cluster.yaml; the last one
has to fail with this error, and what it said goes into the page.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import inspect
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from agentc import errors
from agentc.cli.main import main as agentc_main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"

_FILE = re.compile(r"^`([\w./]+)`\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_INTRODUCTION = """\
# Errors

Every error that a user can meet, with an example that fails and what it says. Made by
`tools/gen_error_docs.py` from `agentc/errors.py`, which runs the examples: do not edit.

All are `agentc.AgentcError`: `error.message` is the text, `error.source` the file and line or None.
A message says, in this order: what is wrong, what was found, what was expected, what to do. The
command line prints it on standard error and ends with the exit code.
"""


class DocError(Exception):
    """A docstring does not hold what a section needs, or its example does not fail as it should."""


@dataclass(frozen=True)
class Example:
    """Files by path, and the commands to run beside them."""

    files: dict[str, str]
    commands: tuple[str, ...]


def public_errors() -> list[type[errors.AgentcError]]:
    """Returns the error classes of agentc.errors but the base, in the order of the file."""
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    own = [c for c in classes if issubclass(c, errors.AgentcError) and c is not errors.AgentcError]
    return sorted(own, key=lambda c: inspect.getsourcelines(c)[1])


def read_example(name: str, text: str) -> Example:
    """Returns the example of a docstring. Raises DocError if a part of the section is missing."""
    for word in ("Causes", "Fix:"):
        if not re.search(rf"^{word}", text, re.MULTILINE):
            raise DocError(f"{name} says nothing under '{word}'")
    commands = _COMMANDS.search(text)
    if commands is None:
        raise DocError(f"{name} has no example that ends in commands")
    return Example(dict(_FILE.findall(text)), tuple(commands[1].strip().splitlines()))


@contextlib.contextmanager
def _laid_out(example: Example) -> Iterator[Path]:
    """An empty folder with the files of an example, as the working directory."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shutil.copy(ROOT / "samples" / "cluster.yaml", "cluster.yaml")
        for name, text in example.files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        yield Path(folder)


def _call(command: str) -> tuple[int, str]:
    """Runs an agentc command in this process; returns its exit code and its standard error."""
    program, *arguments = shlex.split(command)
    said = io.StringIO()
    terminal = {"NO_COLOR": "1", "COLUMNS": "10000"}
    with (
        mock.patch.object(sys, "argv", [program, *arguments]),
        mock.patch.dict(os.environ, terminal),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(said),
    ):
        try:
            agentc_main()
        except SystemExit as end:
            return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def message_of(name: str, example: Example, call: Callable[[str], tuple[int, str]] = _call) -> str:
    """Runs an example and returns what its last command said.

    Raises:
      DocError: a command before the last fails, or the last does not fail with this error's code.
    """
    wanted = [0] * (len(example.commands) - 1) + [getattr(errors, name).exit_code]
    said = ""
    with _laid_out(example) as folder:
        for command, code in zip(example.commands, wanted, strict=True):
            found, said = call(command)
            if found != code:
                raise DocError(f"{name}: '{command}' ended with {found}, expected {code}: {said}")
        said = said.replace(f"{folder}/", "").replace(f"{folder.resolve()}/", "")
    return "\n".join(line for line in said.splitlines() if line.startswith("error: "))


def section(error: type[errors.AgentcError]) -> str:
    """Returns the section of one error class, after its example has run."""
    text = inspect.getdoc(error) or ""
    message = message_of(error.__name__, read_example(error.__name__, text))
    if not message:
        raise DocError(f"{error.__name__}: the example ends without a message")
    bases = ", ".join(f"`{base.__name__}`" for base in error.__bases__)
    facts = f"A {bases}. Exit code {error.exit_code}."
    summary, _, rest = text.partition("\n\n")
    return "\n\n".join([f"## {error.__name__}", summary, facts, rest, f"```text\n{message}\n```"])


def page() -> str:
    """Returns the page as it should be."""
    classes = public_errors()
    contents = "\n".join(f"- [{c.__name__}](#{c.__name__.lower()})" for c in classes)
    return "\n".join([_INTRODUCTION, contents, "", "\n\n".join(map(section, classes)), ""])


def main() -> None:
    """Writes the page, or with --check compares it."""
    parser = argparse.ArgumentParser(description="Write docs/errors.md.")
    parser.add_argument("--check", action="store_true", help="fail when the page is out of date")
    check = parser.parse_args().check
    try:
        wanted = page()
    except DocError as error:
        raise SystemExit(f"error: {error}") from error
    if not check:
        PAGE.write_text(wanted, encoding="utf-8")
        return
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if found != wanted:
        lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), lineterm="", n=0)
        print("\n".join(list(lines)[:20]))
        raise SystemExit("error: docs/errors.md is stale; run tools/gen_error_docs.py")


if __name__ == "__main__":
    main()
