"""Turns a lit test into documentation: its command, its input and what comes out.

    python tools/lit_to_doc.py tests/passes/normalize/doctest.mlir

The example in a pass's documentation is thus a test, and cannot be out of date. `agentc-opt` is
`$AGENTC_OPT`, or the one on the path.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
from pathlib import Path

_RUN = re.compile(r"^\s*//\s*RUN:\s*(.*)$")
_CHECK = re.compile(r"^\s*//\s*[A-Z][A-Z_-]*(-NEXT|-SAME|-NOT|-DAG|-LABEL|-EMPTY)?:")


class DocError(Exception):
    """A file cannot be turned into documentation; the message says why."""


def command_of(test: str, path: Path) -> list[str]:
    """Returns the words of the first RUN line up to its first pipe.

    Raises:
      DocError: there is no RUN line, or it does not run agentc-opt.
    """
    for line in test.splitlines():
        if found := _RUN.match(line):
            words = shlex.split(found[1].split("|")[0])
            if words[:1] != ["agentc-opt"]:
                raise DocError(f"{path} runs {words[0]!r}, expected 'agentc-opt'")
            return words
    raise DocError(f"{path} has no RUN line; add '// RUN: agentc-opt --some-pass %s'")


def program_of(test: str) -> str:
    """Returns the test without its RUN and CHECK lines and without blank lines at either end."""
    lines = [line for line in test.splitlines() if not (_RUN.match(line) or _CHECK.match(line))]
    return "\n".join(lines).strip("\n")


def output_of(words: list[str], path: Path) -> str:
    """Returns what the command prints for the file at `path`.

    Raises:
      DocError: the command failed; the message holds what it said.
    """
    opt = os.environ.get("AGENTC_OPT", "agentc-opt")
    command = [opt, *(str(path) if word == "%s" else word for word in words[1:])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DocError(f"{' '.join(words)} fails on {path}: {done.stderr.strip()}")
    return done.stdout.strip("\n")


def lit_to_doc(path: Path) -> str:
    """Returns the Markdown for the test at `path`: Command, Input, Output."""
    test = path.read_text(encoding="utf-8")
    words = command_of(test, path)
    shown = " ".join(path.name if word == "%s" else word for word in words)
    parts = [
        ("Command", "sh", shown),
        ("Input", "mlir", program_of(test)),
        ("Output", "mlir", output_of(words, path)),
    ]
    return "\n\n".join(f"{title}:\n\n```{kind}\n{text}\n```" for title, kind, text in parts)


def main() -> None:
    """Prints the documentation of one test."""
    parser = argparse.ArgumentParser(description="Turn a lit test into documentation.")
    parser.add_argument("test", type=Path, help="a .mlir file with a RUN line")
    try:
        print(lit_to_doc(parser.parse_args().test))
    except (DocError, OSError) as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
