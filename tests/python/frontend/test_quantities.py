"""Units, distributions, SLA and budget."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentc as ag
from agentc.frontend import units
from agentc.frontend.dists import Dist, as_dist

from .helpers import program, refused

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


@given(st.floats(0, 1e6, allow_nan=False), st.sampled_from(sorted(_UNITS)), st.booleans())
def test_a_duration_is_its_number_times_its_unit(number: float, unit: str, space: bool) -> None:
    text = f"{number!r}{' ' if space else ''}{unit}"
    assert units.seconds(text, "x") == pytest.approx(number * _UNITS[unit], rel=1e-12)


@pytest.mark.parametrize("text", ["$0.002/call", "0.002 USD/call", "$ 2e-3 / call"])
def test_prices(text: str) -> None:
    assert units.usd_per_call(text, "x") == 0.002


@pytest.mark.parametrize("value", [5, 0.4, "5", "5 m", "-1s", "1e", "", None, "s", "1,5s", True])
def test_what_is_no_duration_is_refused(value: Any) -> None:
    assert refused(lambda: units.seconds(value, "timeout")).message.startswith("timeout ")


def test_a_bare_number_is_answered_with_the_text_to_write() -> None:
    assert refused(lambda: ag.SLA(p95=6)).message == (
        "p95 of the SLA has no unit: found 6, expected a duration with a unit (us, ms, s, min, h); "
        'write "6s"'
    )


def test_the_distributions() -> None:
    assert ag.constant(3) == Dist("constant", (3.0,))
    assert ag.uniform("1ms", "2ms") == Dist("uniform", (0.001, 0.002))
    assert ag.lognormal(p50=90, p95=220) == Dist("lognormal", (90.0, 220.0))
    assert ag.dist({1: 0.25, 4: 0.75}) == Dist("categorical", (1.0, 4.0), (0.25, 0.75))
    assert ag.empirical([3, 1, 2]) == Dist("empirical", (1.0, 2.0, 3.0))
    assert as_dist("40ms", "x", duration=True) == Dist("constant", (0.04,))
    assert as_dist(2, "x", duration=False) == Dist("constant", (2.0,))
    assert as_dist(None, "x", duration=True) is None


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=200))
def test_empirical_keeps_order_and_ends(samples: list[int]) -> None:
    values = ag.empirical(samples).values
    assert list(values) == sorted(values) and len(values) == min(33, len(samples))
    assert (values[0], values[-1]) == (min(samples), max(samples))
    assert set(values) <= {float(x) for x in samples}


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: ag.uniform(2, 1), "uniform has low = 2 above high = 1"),
        (lambda: ag.lognormal(p50=0, p95=1), "lognormal has p50 = 0, expected more than 0"),
        (lambda: ag.lognormal(p50="1s", p95=2), "lognormal mixes durations and bare numbers"),
        (lambda: ag.lognormal(p50=True, p95=2), "lognormal has True, expected a number"),
        (lambda: ag.dist({}), "dist is empty"),
        (lambda: ag.dist({1: 0.5}), "weights of dist sum to 0.5, expected 1"),
        (lambda: ag.dist({1: 2.0}), "weight of 1 in dist is 2.0"),
        (lambda: ag.empirical([1]), "empirical has 1 samples"),
        (lambda: ag.constant(-1), "constant has -1"),
        (lambda: ag.SLA(), 'SLA is empty, expected a limit; write ag.SLA(p95="6s")'),
        (lambda: ag.SLA(p50="2s", p95="1s"), "the SLA has p50 = 2 s above p95 = 1 s"),
        (lambda: ag.SLA(availability=1), "availability of the SLA is 1, expected a share"),
        (lambda: ag.SLA(availability=2), "availability of the SLA is 2"),
        (lambda: ag.Budget(), "Budget is empty"),
        (lambda: ag.Budget(usd="2"), "usd of the budget is '2'"),
        (lambda: ag.Budget(tokens=0), "tokens of the budget is 0"),
        (lambda: ag.Budget(wall=60), 'write "60s"'),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, problem: str) -> None:
    assert problem in refused(make).message


def test_sla_and_budget_reach_the_graph() -> None:
    def graph(q: str) -> str:
        return q

    sla = ag.SLA(p50="500ms", p95="6s", p99="10s", ttft_p95="1.5s", availability=0.5)
    budget = ag.Budget(usd=0.25, tokens=40_000, wall="2min")
    text = str(program(graph, sla=sla, budget=budget).module)
    assert (
        "sla = #agent.sla<p50_s = 5.000000e-01, p95_s = 6.000000e+00, p99_s = 1.000000e+01, "
        "ttft_p95_s = 1.500000e+00, availability = 5.000000e-01>"
    ) in text
    assert "#agent.budget<usd = 2.500000e-01, tokens = 40000, wall_s = 1.200000e+02>" in text
