"""Counts lines: a table per folder with source and test lines, and the files over their budget.

python tools/lines.py            # the table
python tools/lines.py --check    # only the files over budget; fails when there is one

A file may be longer than its budget if one of its first lines gives the reason:
`longer than 300 lines: <reason>`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = {".py": 300, ".c": 400, ".cpp": 400, ".h": 400, ".td": 400}
"""The most lines of a file, by suffix. Tests in MLIR count as lines and have no budget."""

_TESTS = (".mlir", ".yaml")  # these suffixes are code below tests/ only
_REASON = re.compile(r"longer than (\d+) lines: [^\s<{].{9,}")
_HEAD = 12  # lines of a file in which its reason may stand


@dataclass(frozen=True)
class File:
    """A tracked file of code: its path below the root, and its text."""

    path: Path
    text: str

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def is_test(self) -> bool:
        return self.path.parts[0] == "tests"

    @property
    def folder(self) -> str:
        """The row of the table: one level, two below agentc and tests, three in tests/python."""
        top, *rest = self.path.parts
        depth = 2 if top in ("agentc", "tests") else 1
        depth += top == "tests" and rest[0] == "python"
        return "/".join(self.path.parts[:-1][:depth]) or "."


def excess(file: File) -> str | None:
    """Returns what is wrong with the length of a file, None if nothing is."""
    budget = BUDGETS.get(file.path.suffix)
    reason = _REASON.search("\n".join(file.text.splitlines()[:_HEAD]))
    if budget is None:
        return None
    if file.lines <= budget:
        stale = f"{file.path}: gives a reason for its length, but has {file.lines} lines; remove it"
        return stale if reason else None
    if reason and int(reason[1]) == budget:
        return None
    return (
        f"{file.path}: has {file.lines} lines, expected at most {budget}; split it, or say "
        f"'longer than {budget} lines: <reason>' at its top"
    )


def tracked() -> list[File]:
    """Returns the files of code that git tracks, by path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = sorted(Path(name) for name in names.split("\0") if name and (ROOT / name).is_file())
    return [File(p, (ROOT / p).read_text(encoding="utf-8")) for p in paths if _is_code(p)]


def _is_code(path: Path) -> bool:
    return path.suffix in BUDGETS or (path.suffix in _TESTS and path.parts[0] == "tests")


def table(files: Iterable[File]) -> str:
    """Returns files, source lines and test lines of every folder, and their sums."""
    counts, source, tests = Counter[str](), Counter[str](), Counter[str]()
    for file in files:
        counts[file.folder] += 1
        (tests if file.is_test else source)[file.folder] += file.lines
    rows = [(name, counts[name], source[name], tests[name]) for name in sorted(counts)]
    rows.append(("all", counts.total(), source.total(), tests.total()))
    width = max(len(name) for name, *_ in rows)
    lines = [f"{'folder':{width}} {'files':>6} {'source':>7} {'tests':>7}"]
    lines += [f"{name:{width}} {n:6} {s or '':>7} {t or '':>7}" for name, n, s, t in rows]
    ratio = tests.total() / max(source.total(), 1)
    return "\n".join([*lines, f"test lines per source line: {ratio:.2f}"])


def main() -> None:
    """Prints the table and what is over budget; fails when something is and --check is given."""
    parser = argparse.ArgumentParser(description="Count lines of source and tests.")
    parser.add_argument("--check", action="store_true", help="fail when a file is over budget")
    check = parser.parse_args().check
    files = tracked()
    if not check:
        print(table(files))
    over = [found for file in files if (found := excess(file))]
    print("\n".join(over), end="\n" if over else "")
    if check and over:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
