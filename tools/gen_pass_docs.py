"""Writes docs/generated/passes.md from passes/Passes.td and the doctests of the passes.

python tools/gen_pass_docs.py           # write the page
python tools/gen_pass_docs.py --check   # say whether it is up to date
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lit_to_doc import DocError, lit_to_doc

ROOT = Path(__file__).resolve().parents[1]
PASSES = ROOT / "passes" / "Passes.td"
PAGE = ROOT / "docs" / "generated" / "passes.md"

_EXAMPLE = re.compile(r"^\(\* example filepath=(\S+) \*\)$", re.MULTILINE)
_PASS = re.compile(r"^def \w+\s*: Pass<\s*\"([a-z-]+)\".*?^}$", re.MULTILINE | re.DOTALL)
_SUMMARY = re.compile(r'let summary = "(.*?)";', re.DOTALL)
_DESCRIPTION = re.compile(r"let description = \[\{\n(.*?)\n\s*\}\];", re.DOTALL)
_OPTION = re.compile(
    r'((?:^ *//[^\n]*\n)*) *(?:List)?Option<"\w+",\s*"([a-z0-9-]+)",\s*"[\w:]+",\s*'
    r'(?:"([^"]*)",\s*)?"([^"]*)">',
    re.MULTILINE,
)
_STATISTIC = re.compile(r'Statistic<"\w+",\s*"([a-z-]+)",\s*"([^"]*)">')

_INTRODUCTION = """\
# Passes

In the order in which they stand in `passes/Passes.td`, which is the order in which they run.
Made by `tools/gen_pass_docs.py` from that file and from tests: do not edit. The examples are
tests, and what they show is what the tool printed.
"""


@dataclass(frozen=True)
class PassDoc:
    """What Passes.td says about one pass. An option is (name, default, what, why)."""

    flag: str
    summary: str
    description: str
    options: tuple[tuple[str, str, str, str], ...]
    statistics: tuple[tuple[str, str], ...]


def _comment(text: str) -> str:
    return " ".join(line.strip().removeprefix("//").strip() for line in text.splitlines())


def read_pass(flag: str, text: str) -> PassDoc:
    """Reads one `def`.

    Raises:
      DocError: it has no summary that is a sentence, no description or no statistic.
    """
    summary, description = _SUMMARY.search(text), _DESCRIPTION.search(text)
    if not summary or not summary[1].endswith("."):
        raise DocError(f"{flag} has no summary that is a sentence with a full stop")
    if not description or not description[1].strip():
        raise DocError(f"{flag} has no description")
    options = tuple(
        (name, default, what, _comment(above))
        for above, name, default, what in _OPTION.findall(text)
    )
    if unexplained := [name for name, _, _, why in options if not why]:
        raise DocError(f"{flag} has options without a comment on why: {unexplained}")
    statistics = tuple(_STATISTIC.findall(text))
    if not statistics:
        raise DocError(f"{flag} counts nothing; give it a Statistic")
    return PassDoc(flag, summary[1], textwrap.dedent(description[1]), options, statistics)


def read_passes(source: str) -> list[PassDoc]:
    """Returns the passes that a TableGen source declares, in order."""
    return [read_pass(found[1], found[0]) for found in _PASS.finditer(source)]


def section(doc: PassDoc) -> str:
    """Returns the section of one pass, with its example in place of the reference to it.

    Raises:
      DocError: the description names no example, or the example is not a test that runs.
    """
    example = _EXAMPLE.search(doc.description)
    if not example:
        raise DocError(f"{doc.flag} has no example; add '(* example filepath=.. *)'")
    parts = [f"## {doc.flag}", doc.summary, _EXAMPLE.sub("", doc.description).strip()]
    if doc.options:
        lines = (
            f"- `{n}` (default {d or 'none'}): {what}. {why}" for n, d, what, why in doc.options
        )
        parts += ["Options:", "\n".join(lines)]
    parts += ["Counts:", "\n".join(f"- `{name}`: {what}" for name, what in doc.statistics)]
    return "\n\n".join([*parts, lit_to_doc(ROOT / example[1])]) + "\n"


def page() -> str:
    """Returns the page as it should be."""
    docs = read_passes(PASSES.read_text(encoding="utf-8"))
    contents = "\n".join(f"{i}. [{doc.flag}](#{doc.flag})" for i, doc in enumerate(docs, 1))
    return "\n".join([_INTRODUCTION, contents, "", *map(section, docs)])


def main() -> None:
    """Writes the page, or with --check compares it."""
    parser = argparse.ArgumentParser(description="Write docs/generated/passes.md.")
    parser.add_argument("--check", action="store_true", help="fail when the page is out of date")
    check = parser.parse_args().check
    try:
        wanted = page()
    except (DocError, OSError) as error:
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
