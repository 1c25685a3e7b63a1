"""The bars: how many times better than the best peer each case has to be."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.harness.results import CaseResult

BARS: dict[str, float] = {
    "decode-1-128": 1.7,
    "decode-1-1000": 2.0,
    "decode-8-128": 3.0,
    "decode-8-1000": 4.0,
    "continuous-32": 3.0,
    "prefill-512": 2.2,
    "prefill-2048": 2.2,
    "shared-prefix": 3.0,
    "speculation": 2.0,
    "floor": 0.7,
    **{f"encoder-fp32-{shape}": 1.5 for shape in ("1x64", "8x64", "32x128")},
    **{f"encoder-int8-{shape}": 1.0 for shape in ("1x64", "8x64", "32x128")},
    "memory": 1.0,
    "memory-used": 1.0,
}
"""Ratios of medians by case. A case that is not here is reported without a verdict."""


@dataclass(frozen=True)
class Verdict:
    """Whether a case reaches its bar; `ratio` is None when it was not compared with anything."""

    bar: float | None
    ratio: float | None

    @property
    def text(self) -> str:
        """For the table: "met", "missed by 12 %", or "" without a bar."""
        if self.bar is None:
            return ""
        if self.ratio is None:
            return "not measured"
        if self.ratio >= self.bar:
            return "met"
        return f"missed by {100 * (1 - self.ratio / self.bar):.0f} %"


def judge(result: CaseResult) -> Verdict:
    """The verdict on a case, by the ratio of medians."""
    return Verdict(BARS.get(result.key), result.ratio)
