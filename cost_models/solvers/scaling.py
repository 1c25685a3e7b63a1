"""Seconds, USD and bytes as the integers that CP-SAT works with.

One quantum is the largest value of a quantity divided by 2^30, rounded to a power of two, so that
multiplying and dividing by it is exact. Values are rounded up, and limits (with their tolerance,
`limits.REL_TOLERANCE`) down: an integer solution is feasible in floating point too. Each rounded
term is less than one quantum too large, so a sum of n terms exceeds the true one by less than n
quanta, n * 2^-29 of the largest value. Up to about 500 terms that is below the tolerance of 1e-6,
and a placement exactly at a limit is found; with more, one that near may be called infeasible.

Not finer, because CP-SAT 9.15 returned a wrong optimum with coefficients of 38 bits (its presolve;
tests/python/cost_models/test_cpsat.py keeps the instance). 30 bits, and the check of every bound
against the greedy placement in planner.py, keep clear of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from agentc.cost_models.limits import REL_TOLERANCE

BITS = 30
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
