"""Writes docs/benchmarks.md from benchmarks/results/*.json.

python benchmarks/page.py
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from benchmarks.harness import results, table  # noqa: E402
from benchmarks.harness.bars import BARS, judge  # noqa: E402
from benchmarks.harness.results import OURS, CaseResult  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"
NOTES = Path(__file__).with_name("page_notes.md")
HEAD = """\
# Benchmarks

agentc beside the field's own tools: the same weights, the same tokens, the same number of threads,
one machine, one run, systems taking turns. Written by `python benchmarks/page.py`; how it is
measured: [benchmarks/README.md](../benchmarks/README.md).
"""
COMMANDS = """\
## Commands

```
benchmarks/peers.sh
python benchmarks/llm.py
python benchmarks/quality.py
python benchmarks/page.py
```
"""


def main() -> None:
    """Reads the results and writes the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args()
    quality = given.results / "quality.json"
    given.page.write_text(
        page(
            *results.load(given.results / "llm.json"),
            json.loads(quality.read_text()) if quality.exists() else None,
            NOTES.read_text() if NOTES.exists() else "",
        )
    )
    print(given.page)


def page(
    machine: dict[str, str],
    cases: list[CaseResult],
    quality: dict[str, Any] | None,
    notes: str = "",
) -> str:
    """The page: machine, bars, every case with all its systems, quality, commands."""
    parts = [HEAD, _machine(machine), _bars(cases)]
    if notes:
        parts.append(notes)
    parts += ["## All cases\n", *map(_case, cases)]
    if quality:
        parts.append(_quality(quality))
    return "\n".join([*parts, COMMANDS]).rstrip() + "\n"


def _machine(machine: dict[str, str]) -> str:
    return "## Machine\n\n" + table.markdown(("", ""), machine.items()) + "\n"


def _bars(cases: Iterable[CaseResult]) -> str:
    """The cases that have a bar, in its order."""
    found = {case.key: case for case in cases}
    rows = [_bar(found[key]) for key in BARS if key in found]
    missing = [key for key in BARS if key not in found]
    header = ("case", "agentc", "best peer", "ratio", "of best values", "bar", "verdict")
    text = "## Bars\n\nRatios of medians, to the peer with the best median.\n\n"
    text += table.markdown(header, rows) + "\n"
    return text + (f"\nNot measured: {', '.join(missing)}.\n" if missing else "")


def _bar(case: CaseResult) -> tuple[str, ...]:
    verdict = judge(case)
    ratio, best = case.ratio, case.best_ratio
    return (
        case.title,
        _value(case, OURS),
        f"{_value(case, case.rival)}, {case.rival}" if case.rival else "",
        f"{ratio:.2f}" if ratio is not None else "",
        f"{best:.2f}" if best is not None else "",
        f"{verdict.bar:g}",
        verdict.text,
    )


def _value(case: CaseResult, system: str) -> str:
    if system not in case.samples:
        return ""
    return f"{table.number(case.samples[system].median)} {case.unit}"


def _case(case: CaseResult) -> str:
    rows = [
        (
            name,
            table.number(sample.median),
            table.number(table.best(case, sample)),
            str(len(sample.values)),
            sample.settings,
        )
        for name, sample in case.samples.items()
    ]
    header = ("system", f"median, {case.unit}", f"best, {case.unit}", "values", "settings")
    notes = "".join(f"\n{note[0].upper()}{note[1:]}.\n" for note in case.notes)
    return f"### {case.title}\n\n{table.markdown(header, rows)}\n{notes}"


def _quality(quality: dict[str, Any]) -> str:
    rows = [
        (
            name,
            f"{row['perplexity']:.3f} ± {row['standard_error']:.3f}",
            f"{100 * row['to_peer']:+.2f} %",
            f"{100 * row['identical']:.1f} %",
            f"{100 * row['common_prefix']:.1f} %",
        )
        for name, row in quality["systems"].items()
    ]
    header = (
        "system", "perplexity", f"to {quality['peer']}", "answers equal to f32",
        "tokens before the first difference",
    )  # fmt: skip
    return (
        f"## Quality\n\nPerplexity over {quality['tokens']} tokens ({quality['text']}) in windows "
        "of 512 whose second half is scored; the first 32 greedy tokens of "
        f"{quality['prompts']} questions, against agentc's f32 program. Bar: equal answers at "
        f"least 95 %, or perplexity within 1 % of {quality['peer']}.\n\n"
        f"{table.markdown(header, rows)}\n"
    )


if __name__ == "__main__":
    main()
