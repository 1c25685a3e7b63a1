"""Interleaved timing: systems take turns in short bursts, so that a noisy moment hits all alike.

A thread pool that spins after its work (libgomp does, for some milliseconds) steals a core from
whoever comes next. So every turn begins with a pause and a call that is thrown away.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Call = Callable[[], float]
"""Does the work once and returns its own value: seconds, or whatever the case counts."""

SETTLE_S = 0.01


@dataclass(frozen=True)
class Sample:
    """What one system showed. `settings` say how it was configured, for the reader."""

    values: tuple[float, ...]
    settings: str = ""

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    @property
    def minimum(self) -> float:
        """The smallest value: the least disturbed one, where values are times."""
        return min(self.values)

    @property
    def maximum(self) -> float:
        """The largest value: the least disturbed one, where values are rates."""
        return max(self.values)


def interleave(
    systems: Mapping[str, Call],
    bursts: int,
    calls: int,
    *,
    discard: int = 1,
    settle_s: float = SETTLE_S,
) -> dict[str, tuple[float, ...]]:
    """Runs `bursts` rounds; in each every system does `calls` measured calls.

    Before them come a pause of `settle_s` and `discard` calls that do not count (0 only for calls
    of seconds, where the first milliseconds do not matter). The order of the systems rotates from
    round to round, so none always follows the same other.

    Returns:
      The values of every system, `bursts * calls` of them, in order of measurement.
    """
    if bursts < 1 or calls < 1 or not systems:
        raise ValueError(f"nothing to measure: {len(systems)} systems, {bursts} x {calls} calls")
    names = list(systems)
    values: dict[str, list[float]] = {name: [] for name in names}
    for burst in range(bursts):
        shift = burst % len(names)
        for name in names[shift:] + names[:shift]:
            time.sleep(settle_s)
            for _ in range(discard):
                systems[name]()
            values[name] += [systems[name]() for _ in range(calls)]
    return {name: tuple(seen) for name, seen in values.items()}


def timed(work: Callable[[], object]) -> Call:
    """`work` as a Call that returns the seconds it took."""

    def call() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return call
