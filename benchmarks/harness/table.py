"""Results as tables of plain text (a terminal) and of Markdown (the results page)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.harness.bars import judge
from benchmarks.harness.measure import Sample
from benchmarks.harness.results import CaseResult

HEADER = ("case", "system", "median", "best", "settings")


def lines(result: CaseResult) -> str:
    """One case for a terminal: a line a system, then the ratio and the verdict."""
    rows = [
        (
            f"{name}",
            f"{number(sample.median)}",
            f"{number(best(result, sample))}",
            f"{len(sample.values)} x",
            sample.settings,
        )
        for name, sample in result.samples.items()
    ]
    notes = [f"  {note}" for note in result.notes]
    return "\n".join(
        [f"{result.title} ({result.unit})", *aligned(rows), *notes, _conclusion(result)]
    )


def _conclusion(result: CaseResult) -> str:
    if result.ratio is None:
        return ""
    verdict = judge(result)
    bar = f", bar {verdict.bar:g}: {verdict.text}" if verdict.bar is not None else ""
    return f"  ratio {result.ratio:.2f} (best {result.best_ratio:.2f}) to {result.rival}{bar}\n"


def best(result: CaseResult, sample: Sample) -> float:
    """The least disturbed value of a sample of `result`."""
    return sample.maximum if result.higher_is_better else sample.minimum


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows with their columns aligned: the first to the left, numbers to the right."""
    rows = [tuple(row) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if i in (0, len(row) - 1) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}", *body])
