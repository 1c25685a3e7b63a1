"""Turns a lit test into documentation: its command, its input and what comes out.

    python tools/lit_to_doc.py tests/passes/normalize/doctest.mlir

The example in a pass's documentation is thus a test, and cannot be out of date. `agentc-opt` is
`$AGENTC_OPT`, or the installed one.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

_RUN = re.compile(r"^\s*//\s*RUN:\s*(.*)$")
_CHECK = re.compile(r"^\s*//\s*[A-Z][A-Z_-]*(-NEXT|-SAME|-NOT|-DAG|-LABEL|-EMPTY)?:")


class DocError(Exception):
    """A file cannot be turned into documentation; the message says why."""


def command_of(test: str, path: Path) -> list[str]:
    """Returns the words of the first RUN line up to its first pipe or redirection.

    They start with "not" when the test is that agentc-opt refuses the file.

    Raises:
      DocError: there is no RUN line, or it does not run agentc-opt.
    """
    for line in test.splitlines():
        if found := _RUN.match(line):
            words = shlex.split(re.split(r"2>&1|\|", found[1])[0])
            if words[words[:1] == ["not"] :][:1] != ["agentc-opt"]:
                raise DocError(f"{path} runs {words[0]!r}, expected 'agentc-opt'")
            return words
    raise DocError(f"{path} has no RUN line; add '// RUN: agentc-opt --some-pass %s'")


def program_of(test: str) -> str:
    """Returns the test without its RUN and CHECK lines and without blank lines at either end."""
    lines = [line for line in test.splitlines() if not (_RUN.match(line) or _CHECK.match(line))]
    return "\n".join(lines).strip("\n")


def find_opt() -> str:
    """Returns the path of agentc-opt: `$AGENTC_OPT`, beside this Python, or on the path.

    Raises:
      DocError: it is in none of these places.
    """
    beside = Path(sys.executable).parent
    found = os.environ.get("AGENTC_OPT") or shutil.which("agentc-opt", path=str(beside))
    found = found or shutil.which("agentc-opt")
    if not found:
        raise DocError("there is no agentc-opt; build it, or set AGENTC_OPT to its path")
    return found


def output_of(words: list[str], path: Path) -> str:
    """Returns what the command prints for the file at `path`; of one that refuses it, its error.

    Raises:
      DocError: the command failed (or, behind "not", did not); the message holds what it said.
    """
    refuses = words[0] == "not"
    arguments = words[2:] if refuses else words[1:]
    command = [find_opt(), *(str(path) if word == "%s" else word for word in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if (done.returncode != 0) != refuses:
        ends = "accepts" if refuses else "fails on"
        raise DocError(f"{' '.join(command[1:])} {ends} {path}: {done.stderr.strip()}")
    text = done.stderr if refuses else done.stdout
    return text.replace(str(path), path.name).strip("\n")


def lit_to_doc(path: Path) -> str:
    """Returns the Markdown for the test at `path`: Command, Input, Output."""
    test = path.read_text(encoding="utf-8")
    words = command_of(test, path)
    shown = " ".join(path.name if word == "%s" else word for word in words if word != "not")
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
