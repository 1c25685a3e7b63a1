"""What is known of a quantity before the run: mean, quantiles and samples of a distribution.

The records are `agentc.plan.Distribution`, the kinds those of `#agent.dist`.
"""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Sequence
from statistics import NormalDist

import msgspec

from agentc.plan import Distribution

LEVELS: dict[str, float] = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
"""The percentiles that the planner works with."""

_NORMAL = NormalDist()
_Z95 = _NORMAL.inv_cdf(0.95)


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One quantity at the levels the planner works with: its mean and three percentiles."""

    mean: float
    p50: float
    p95: float
    p99: float

    def at(self, level: str) -> float:
        """Returns the value at "mean", "p50", "p95" or "p99"."""
        return float(getattr(self, level))

    def scaled(self, factor: float) -> Band:
        """Returns this band times `factor` (>= 0)."""
        return Band(*(factor * self.at(level) for level in ("mean", *LEVELS)))


def constant_band(value: float) -> Band:
    """Returns the band of a quantity that does not vary."""
    return Band(value, value, value, value)


def check(distribution: Distribution) -> str | None:
    """Returns what is wrong with `distribution`, or None."""
    values, weights = distribution.values, distribution.weights
    arity = {"constant": 1, "uniform": 2, "lognormal": 2}.get(distribution.kind)
    if distribution.kind not in ("constant", "uniform", "lognormal", "categorical", "empirical"):
        return f"unknown distribution kind '{distribution.kind}'"
    if arity is not None and len(values) != arity:
        return f"a {distribution.kind} distribution has {arity} values, found {len(values)}"
    if not values or not all(math.isfinite(v) and v >= 0 for v in values):
        return "a distribution needs finite values that are not negative"
    if distribution.kind == "lognormal" and not 0 < values[0] <= values[1]:
        return f"a lognormal distribution needs 0 < p50 <= p95, found {values[0]} and {values[1]}"
    if distribution.kind in ("uniform", "empirical") and list(values) != sorted(values):
        return f"the values of a {distribution.kind} distribution must ascend"
    if distribution.kind == "categorical" and not _are_weights(weights, len(values)):
        return "a categorical distribution needs a weight >= 0 for each value, not all zero"
    return None


def _are_weights(weights: Sequence[float], count: int) -> bool:
    finite = all(math.isfinite(w) and w >= 0 for w in weights)
    return len(weights) == count and finite and sum(weights) > 0


def lognormal_parameters(p50: float, p95: float) -> tuple[float, float]:
    """Returns (mu, sigma) of ln X: mu = ln p50, sigma = ln(p95 / p50) / z(0.95)."""
    return math.log(p50), math.log(p95 / p50) / _Z95


def mean(distribution: Distribution) -> float:
    """Returns the expected value; the lognormal's is exp(mu + sigma^2 / 2)."""
    values = distribution.values
    if distribution.kind == "lognormal":
        mu, sigma = lognormal_parameters(*values)
        return math.exp(mu + sigma * sigma / 2)
    if distribution.kind == "categorical":
        weighted = sum(v * w for v, w in zip(values, distribution.weights, strict=True))
        return weighted / sum(distribution.weights)
    if distribution.kind == "empirical" and len(values) > 1:
        # the quantile function is piecewise linear, and its integral over [0, 1] is the mean
        return sum((a + b) / 2 for a, b in itertools.pairwise(values)) / (len(values) - 1)
    return sum(values) / len(values)


def quantile(distribution: Distribution, level: float) -> float:
    """Returns the smallest x with P(X <= x) >= level, for 0 < level < 1."""
    values = distribution.values
    if distribution.kind == "lognormal":
        mu, sigma = lognormal_parameters(*values)
        return math.exp(mu + sigma * _NORMAL.inv_cdf(level))
    if distribution.kind == "uniform":
        return values[0] + level * (values[1] - values[0])
    if distribution.kind == "categorical":
        return _categorical_quantile(values, distribution.weights, level)
    if distribution.kind == "empirical" and len(values) > 1:
        position = level * (len(values) - 1)
        left = min(int(position), len(values) - 2)
        return values[left] + (position - left) * (values[left + 1] - values[left])
    return values[0]


def _categorical_quantile(values: Sequence[float], weights: Sequence[float], level: float) -> float:
    ordered = sorted(zip(values, weights, strict=True))
    cumulative = list(itertools.accumulate(weight for _, weight in ordered))
    # the tolerance keeps P(X <= x) = 0.3 + 0.4 + 0.3 from missing level 1 by an ulp
    threshold = level * cumulative[-1] * (1 - 1e-12)
    return ordered[bisect.bisect_left(cumulative, threshold)][0]


def sample(distribution: Distribution, generator: random.Random) -> float:
    """Draws one value: the quantile function at a uniform number of `generator`."""
    level = generator.random()
    return quantile(distribution, min(max(level, 1e-12), 1 - 1e-12))


def band(distribution: Distribution) -> Band:
    """Returns the mean and the planner's percentiles of `distribution`."""
    levels = (quantile(distribution, level) for level in LEVELS.values())
    return Band(mean(distribution), *levels)


def band_from_mean_and_p95(mean_value: float, p95_value: float) -> Band:
    """Returns the band of the lognormal with this mean and 95th percentile.

        ln(p95 / mean) = z sigma - sigma^2 / 2,   p = mean exp(z_p sigma - sigma^2 / 2)

    The smaller root is taken; a p95 above exp(z^2 / 2) = 3.87 times the mean is beyond every
    lognormal, and then sigma = z and the given p95 is kept. A p95 at or below the mean is read as
    "does not vary".
    """
    if mean_value <= 0 or p95_value <= mean_value:
        return constant_band(max(mean_value, p95_value))
    discriminant = _Z95 * _Z95 - 2 * math.log(p95_value / mean_value)
    sigma = _Z95 - math.sqrt(max(discriminant, 0.0))
    median = mean_value * math.exp(-sigma * sigma / 2)
    p99 = max(p95_value * math.exp((_NORMAL.inv_cdf(0.99) - _Z95) * sigma), p95_value)
    return Band(mean_value, median, p95_value, p99)


def loop_band(max_iters: int, p_stop: float | None) -> Band:
    """Returns how often the body of a bounded loop runs.

    An iteration ends the loop with probability `p_stop`, and the body runs at most `max_iters`
    times: mean (1 - (1 - p)^max) / p; the quantile at level q is the least k with
    1 - (1 - p)^k >= q, at most `max_iters`. Without `p_stop` every loop runs to its bound.
    """
    if p_stop is None or p_stop <= 0:
        return constant_band(float(max_iters))
    if p_stop >= 1:
        return constant_band(1.0)
    expected = (1 - (1 - p_stop) ** max_iters) / p_stop
    quantiles = (
        float(min(max_iters, math.ceil(math.log(1 - level) / math.log(1 - p_stop) - 1e-9)))
        for level in LEVELS.values()
    )
    return Band(expected, *quantiles)


def count_band(distribution: Distribution, at_most: int | None = None) -> Band:
    """Returns the band of a count (a map's width, a loop's iterations): quantiles are rounded up
    to whole numbers, and everything is cut at `at_most`."""
    raw = band(distribution)
    top = math.inf if at_most is None else float(at_most)
    return Band(min(raw.mean, top), *(min(float(math.ceil(raw.at(p) - 1e-9)), top) for p in LEVELS))
