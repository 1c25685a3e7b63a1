"""KV while waiting: keep, or give back."""

from __future__ import annotations

from dataclasses import dataclass

from agentc.plan import Distribution


@dataclass(frozen=True)
class KeepForShortWaits:
    """Keeps KV unless the device is nearly full and the wait is expected to be long.

    Rule: park if pages in use >= `full` and the expected wait is over `long_s`; a wait of unknown
    length is long if another stage operation stands between it and the next use.
    Assumes that computing a parked sequence again costs less than `long_s` of held pages, which
    holds for sequences of some thousand tokens; the cost-aware rules are other policies.
    """

    full: float = 0.9
    long_s: float = 1.0

    def park(
        self, tokens: int, idle: Distribution | None, steps_to_use: int | None, pressure: float
    ) -> bool:
        """See KvWhileWaiting."""
        if pressure < self.full:
            return False
        if idle is None:
            return steps_to_use is None or steps_to_use > 0
        return expected(idle) > self.long_s


def expected(distribution: Distribution) -> float:
    """Returns a central value of a distribution: the median of a lognormal, else the mean."""
    values, weights = distribution.values, distribution.weights
    if distribution.kind in ("constant", "lognormal"):
        return values[0]
    if weights:
        return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    return sum(values) / len(values)
