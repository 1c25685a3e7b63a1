"""Means, quantiles and samples agree with each other and with scipy."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from agentc.cost_models.distributions import (
    LEVELS,
    band,
    band_from_mean_and_p95,
    check,
    constant_band,
    count_band,
    lognormal_parameters,
    loop_band,
    mean,
    quantile,
    sample,
)
from agentc.plan import Distribution

VALUES = st.floats(0.001, 1e4)


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    """A valid distribution of any kind."""
    kind = draw(st.sampled_from(["constant", "uniform", "lognormal", "categorical", "empirical"]))
    count = {"constant": 1, "uniform": 2, "lognormal": 2}.get(kind, draw(st.integers(1, 5)))
    values = draw(st.lists(VALUES, min_size=count, max_size=count))
    if kind == "categorical":
        weights = draw(st.lists(st.floats(0.01, 5), min_size=count, max_size=count))
        return Distribution(kind, tuple(values), tuple(weights))
    return Distribution(kind, tuple(sorted(values)))


@given(distributions(), st.floats(0.01, 0.98))
def test_quantiles_ascend_and_stay_in_range(made: Distribution, level: float) -> None:
    """More probability is never less of the quantity."""
    assert check(made) is None
    assert quantile(made, level) <= quantile(made, level + 0.01) * (1 + 1e-12)
    if made.kind != "lognormal":
        assert min(made.values) <= quantile(made, level) <= max(made.values)
        assert min(made.values) * (1 - 1e-9) <= mean(made) <= max(made.values) * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(distributions())
def test_mean_is_the_integral_of_the_quantile_function(made: Distribution) -> None:
    """Holds for every kind, within what a grid of 1000 points can tell of steps and tails."""
    assume(made.kind != "lognormal" or made.values[1] / made.values[0] < 5)
    steps = 1000
    integral = sum(quantile(made, (i + 0.5) / steps) for i in range(steps)) / steps
    one_step = len(made.values) * (max(made.values) - min(made.values)) / steps
    assert mean(made) == pytest.approx(integral, rel=0.02, abs=one_step)


@given(distributions(), st.integers(0, 2**32))
def test_samples_are_seeded(made: Distribution, number: int) -> None:
    """Equal seeds draw equal values."""
    first, second = random.Random(number), random.Random(number)
    assert [sample(made, first) for _ in range(3)] == [sample(made, second) for _ in range(3)]


def test_samples_follow_the_distribution() -> None:
    """A seeded Kolmogorov-Smirnov test for the lognormal."""
    made = Distribution("lognormal", (0.4, 2.0))
    generator = random.Random(5)
    drawn = [sample(made, generator) for _ in range(2000)]
    mu, sigma = lognormal_parameters(0.4, 2.0)
    assert stats.kstest(drawn, stats.lognorm(s=sigma, scale=2.718281828459045**mu).cdf)[1] > 0.01


@given(VALUES, st.floats(1.001, 20))
def test_lognormal_agrees_with_scipy(p50: float, ratio: float) -> None:
    """p50 and p95 come back, mean and p99 are scipy's."""
    made = Distribution("lognormal", (p50, p50 * ratio))
    _, sigma = lognormal_parameters(*made.values)
    reference = stats.lognorm(s=sigma, scale=p50)
    found = band(made)
    assert found.p50 == pytest.approx(p50)
    assert found.p95 == pytest.approx(p50 * ratio)
    assert found.p99 == pytest.approx(reference.ppf(0.99))
    assert found.mean == pytest.approx(reference.mean())


def test_categorical_and_empirical_by_hand() -> None:
    """Step function and piecewise-linear quantiles."""
    steps = Distribution("categorical", (1, 2, 3), (0.3, 0.4, 0.3))
    assert [quantile(steps, q) for q in (0.2, 0.3, 0.5, 0.7, 0.95)] == [1, 1, 2, 2, 3]
    assert mean(steps) == pytest.approx(2.0)
    grid = Distribution("empirical", (0, 10, 100))
    assert quantile(grid, 0.25) == 5
    assert quantile(grid, 0.75) == 55
    assert mean(grid) == pytest.approx((5 + 55) / 2)


@given(st.floats(1e-6, 1e3), st.floats(1.0, 3.8))
def test_band_from_mean_and_p95_is_a_lognormal(mean_value: float, ratio: float) -> None:
    """The lognormal that is found has this mean and this p95."""
    found = band_from_mean_and_p95(mean_value, mean_value * ratio)
    assert found.mean == pytest.approx(mean_value)
    assert found.p95 == pytest.approx(mean_value * ratio)
    assert found.p50 <= found.mean * (1 + 1e-9)
    assert found.p50 <= found.p95 <= found.p99
    if found.p95 > found.p50 * 1.0001:
        again = band(Distribution("lognormal", (found.p50, found.p95)))
        assert again.mean == pytest.approx(found.mean, rel=1e-6)
        assert again.p99 == pytest.approx(found.p99, rel=1e-6)


def test_band_from_mean_and_p95_at_its_ends() -> None:
    """No spread, a p95 below the mean, and a ratio beyond every lognormal."""
    assert band_from_mean_and_p95(2.0, 2.0) == constant_band(2.0)
    assert band_from_mean_and_p95(2.0, 1.0) == constant_band(2.0)
    assert band_from_mean_and_p95(0.0, 0.0) == constant_band(0.0)
    far = band_from_mean_and_p95(1.0, 50.0)
    assert far.p95 == 50.0
    assert far.p99 >= far.p95 >= far.p50


@given(st.integers(1, 50), st.floats(0.01, 0.99))
def test_loop_counts_are_those_of_a_truncated_geometric(most: int, p_stop: float) -> None:
    """Against the distribution written out."""
    chance = [p_stop * (1 - p_stop) ** (k - 1) for k in range(1, most)]
    chance.append(1 - sum(chance))
    found = loop_band(most, p_stop)
    assert found.mean == pytest.approx(sum(k * p for k, p in enumerate(chance, 1)))
    for level, value in LEVELS.items():
        k = int(found.at(level))
        assert 1 <= k <= most
        assert sum(chance[:k]) >= value - 1e-9
        assert k == 1 or sum(chance[: k - 1]) < value + 1e-9


def test_loops_without_a_stop_run_to_their_bound() -> None:
    """Unknown is read as the worst."""
    assert loop_band(4, None) == constant_band(4.0)
    assert loop_band(4, 0.0) == constant_band(4.0)
    assert loop_band(4, 1.0) == constant_band(1.0)


def test_count_band_is_whole_and_bounded() -> None:
    """A width of 2.3 at p95 is three bodies; a bound cuts all."""
    made = count_band(Distribution("uniform", (1, 5)))
    assert (made.p50, made.p95, made.p99) == (3, 5, 5)
    assert count_band(Distribution("uniform", (1, 5)), at_most=2).p95 == 2


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Distribution("normal", (1.0,)), "unknown distribution kind"),
        (Distribution("constant", (1.0, 2.0)), "has 1 values, found 2"),
        (Distribution("constant", (-1.0,)), "not negative"),
        (Distribution("constant", (float("nan"),)), "finite"),
        (Distribution("lognormal", (2.0, 1.0)), "0 < p50 <= p95"),
        (Distribution("uniform", (2.0, 1.0)), "must ascend"),
        (Distribution("empirical", ()), "finite values"),
        (Distribution("categorical", (1.0,), ()), "weight"),
        (Distribution("categorical", (1.0,), (0.0,)), "weight"),
    ],
)
def test_check_says_what_is_wrong(made: Distribution, words: str) -> None:
    """Each defect has its sentence."""
    found = check(made)
    assert found is not None
    assert words in found
