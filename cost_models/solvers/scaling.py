"""Seconds, USD and bytes as the integers that CP-SAT works with.

One quantum is the largest value of a quantity divided by 2^38, rounded to a power of two, so that
multiplying and dividing by it is exact. Values are rounded up, and limits are those of
`limits.REL_TOLERANCE`, rounded down: an integer solution is feasible in floating point too. Each
rounded term is less than one quantum too large, so a sum of n terms exceeds the true one by less
than n quanta, n * 2^-37 of the largest value. Up to about 130 terms that is below the tolerance of
1e-9, and a placement exactly at a limit is found; with more, one that near may be called
infeasible.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from agentc.cost_models.limits import REL_TOLERANCE

BITS = 38
"""A quantity's largest value becomes an integer of at most this many bits."""


@dataclass(frozen=True)
class Scale:
    """The value of one integer step, in the unit of the quantity."""

    quantum: float

    def up(self, value: float) -> int:
        """Returns the least integer whose value is at least `value`."""
        return math.ceil(value / self.quantum)

    def down(self, limit: float) -> int:
        """Returns the greatest integer whose value is at most `limit` and its tolerance."""
        return math.floor(limit * (1 + REL_TOLERANCE) / self.quantum)

    def value(self, steps: float) -> float:
        """Returns the value of so many steps."""
        return steps * self.quantum


def scale_for(largest: float) -> Scale:
    """Returns the scale for a quantity that is at most `largest`."""
    if largest <= 0:
        return Scale(1.0)
    return Scale(2.0 ** (math.ceil(math.log2(largest)) - BITS))
