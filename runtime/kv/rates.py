"""How long things take, learned while they are done: what a tier policy weighs."""

from __future__ import annotations

from dataclasses import dataclass

WEIGHT = 0.2
"""Share of a new measurement in the mean: some ten measurements forget what was before."""


@dataclass
class Rate:
    """Seconds for one unit (a token, a page): an exponential mean, None until measured."""

    seconds: float | None = None

    def observe(self, units: int, elapsed_s: float) -> None:
        """`units` took `elapsed_s` together. A clock that stood still measures nothing."""
        if units <= 0 or elapsed_s <= 0:
            return
        found = elapsed_s / units
        old = self.seconds
        self.seconds = found if old is None else old + WEIGHT * (found - old)
