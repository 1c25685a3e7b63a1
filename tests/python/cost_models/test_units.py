"""Quantities are parsed once, to SI; what has no unit, or the wrong one, is refused."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.cost_models.units import (
    BYTES,
    BYTES_PER_S,
    DIMENSIONS,
    FLOP_PER_S,
    SECONDS,
    USD,
    USD_PER_BYTE,
    USD_PER_CALL,
    USD_PER_J,
    USD_PER_S,
    USD_PER_TOKEN,
    WATTS,
    Dimension,
    UnitError,
    format_bytes,
    format_seconds,
    format_usd,
    parse_count,
    parse_quantity,
)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("80GiB", BYTES, 80 * 2**30),
        ("80 GB", BYTES, 80e9),
        ("4TiB", BYTES, 4 * 2**40),
        ("512B", BYTES, 512),
        ("3.35TB/s", BYTES_PER_S, 3.35e12),
        ("400Gbit/s", BYTES_PER_S, 50e9),
        ("989TFLOP/s", FLOP_PER_S, 989e12),
        ("1979TOP/s", FLOP_PER_S, 1979e12),
        ("4us", SECONDS, 4e-6),
        ("4µs", SECONDS, 4e-6),
        ("1.8s", SECONDS, 1.8),
        ("36mo", SECONDS, 3 * 365.25 * 86400),
        ("2min", SECONDS, 120),
        ("700W", WATTS, 700),
        ("1.2kW", WATTS, 1200),
        ("$9000", USD, 9000),
        ("$9_000.50", USD, 9000.5),
        ("$24/h", USD_PER_S, 24 / 3600),
        ("$0.12/kWh", USD_PER_J, 0.12 / 3.6e6),
        ("$2/Mtok", USD_PER_TOKEN, 2e-6),
        ("$0.002/call", USD_PER_CALL, 0.002),
        ("$0.02/GB", USD_PER_BYTE, 2e-11),
    ],
)
def test_parses_to_si(text: str, dimension: Dimension, value: float) -> None:
    """Every unit that a file may contain."""
    assert parse_quantity(text, dimension) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        (80, BYTES, 'found the bare number 80; write "80GiB"'),
        ("80", BYTES, 'needs a unit, found "80"; write "80GiB"'),
        (3.35, BYTES_PER_S, 'write "3.35TB/s"'),
        (24, USD_PER_S, 'write "$24/h"'),
        ("80GiX", BYTES, 'unknown unit "GiX"'),
        ("400Gb/s", BYTES_PER_S, 'for bits write "Gbit"'),
        ("80GB/s", BYTES, '"80GB/s" is not a size'),
        ("$24", USD_PER_S, 'write for example "$24/h"'),
        ("24/h", USD_PER_S, "is not a price of time"),
        ("-3s", SECONDS, '"-3s" is not a duration'),
        ("nans", SECONDS, "is not a duration"),
        ("1e999s", SECONDS, "too large"),
        ("", SECONDS, "is not a duration"),
        (None, SECONDS, "expected a duration, found None"),
        (True, SECONDS, "expected a duration, found True"),
        ([1], SECONDS, "expected a duration"),
    ],
)
def test_refuses_with_what_to_write(text: object, dimension: Dimension, message: str) -> None:
    """The message says what was found and what to write."""
    with pytest.raises(UnitError) as caught:
        parse_quantity(text, dimension)
    assert message in str(caught.value)


@pytest.mark.parametrize("key", sorted(DIMENSIONS))
def test_every_example_parses(key: str) -> None:
    """What messages tell users to write is accepted."""
    assert parse_quantity(DIMENSIONS[key].example, DIMENSIONS[key]) > 0


@given(st.text(max_size=20))
def test_any_text_is_a_quantity_or_a_unit_error(text: str) -> None:
    """No other exception, and no infinity, comes out."""
    for dimension in (BYTES, USD_PER_S):
        with contextlib.suppress(UnitError):
            assert math.isfinite(parse_quantity(text, dimension))


@given(st.integers(0, 10**6), st.sampled_from(["B", "KiB", "MB", "GiB", "TB"]))
def test_bytes_are_linear_in_the_number(number: int, unit: str) -> None:
    """Twice the number is twice the size."""
    one = parse_quantity(f"1{unit}", BYTES)
    assert parse_quantity(f"{number}{unit}", BYTES) == pytest.approx(number * one)


def test_counts() -> None:
    """Rate limits are counts, with a decimal prefix if any."""
    assert [parse_count(c) for c in (500, "2M", "1.5k", 0)] == [500, 2e6, 1500, 0]
    for bad in ("2X", -1, None, "", True, "M"):
        with pytest.raises(UnitError):
            parse_count(bad)


def test_formats_for_readers() -> None:
    """Three significant digits, the unit that fits."""
    assert format_seconds(3.2) == "3.2 s"
    assert format_seconds(0.08) == "80 ms"
    assert format_seconds(4e-6) == "4 us"
    assert format_seconds(1240.0) == "1240 s"
    assert format_seconds(0) == "0 s"
    assert format_seconds(5e-9) == "5 ns"
    assert format_bytes(38 * 2**30) == "38 GiB"
    assert format_bytes(12) == "12 B"
    assert format_usd(0.00123) == "$0.00123"
    assert format_usd(24) == "$24"
    assert format_usd(12345.6) == "$12346"
