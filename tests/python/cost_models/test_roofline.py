"""Work and the roofline: the formula, its interval, and which roof binds."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.cost_models.device import (
    DeviceClass,
    Efficiency,
    Interval,
    Provenance,
    canonical_precision,
)
from agentc.cost_models.roofline import estimate, intensity
from agentc.cost_models.work import FIELDS, added, scaled, work_band, work_from_mapping
from agentc.plan import Work

DEVICE = DeviceClass(
    name="d",
    kind="gpu",
    memory_bytes=16e9,
    bandwidth_bytes_per_s=1e12,
    peak_flop_per_s={"f32": 1e13, "bf16": 1e14},
    efficiency=Efficiency(
        Interval(0.25, 0.5, 1.0),
        Interval(0.4, 0.8, 1.0),
        Interval(1e-5, 1e-4, 1e-3),
        Provenance("test", "2026-11-21", "derived"),
    ),
)
AMOUNT = st.floats(0, 1e15)


def test_compute_bound_by_hand() -> None:
    """5e12 flop at half of 1e13 flop/s is a second; the interval is that of the efficiency."""
    made = estimate(Work(flops=5e12, bytes_read=1e9, calls=10), DEVICE, "f32")
    assert made.latency_s == pytest.approx(1.0 + 1e-3)
    assert made.low_s == pytest.approx(0.5 + 1e-4)
    assert made.high_s == pytest.approx(2.0 + 1e-2)
    assert (made.limit, made.source) == ("compute", "datasheet")


def test_memory_bound_by_hand() -> None:
    """Reads and writes count alike."""
    made = estimate(Work(flops=1e9, bytes_read=3e11, bytes_written=1e11), DEVICE, "bf16")
    assert made.latency_s == pytest.approx(0.5)
    assert made.limit == "memory"


def test_many_small_calls_are_bound_by_their_overhead() -> None:
    """A thousand calls of 100 us."""
    made = estimate(Work(flops=1e9, calls=1000), DEVICE, "f32")
    assert made.limit == "latency"
    assert made.latency_s == pytest.approx(0.1, rel=0.01)


def test_shared_work_needs_the_link() -> None:
    """Bytes between devices are their own roof."""
    work = Work(flops=1e9, comm_bytes=1e9)
    with pytest.raises(ValueError, match="needs the rate of the link"):
        estimate(work, DEVICE, "f32")
    made = estimate(work, DEVICE, "f32", link_bytes_per_s=1e9)
    assert (made.latency_s, made.limit) == (pytest.approx(1.0), "network")


def test_narrow_formats_compute_in_the_next_wider_one() -> None:
    """i8 weights on a class without i8 run at its bf16 rate; f64 has none."""
    assert DEVICE.rate("i8") == ("bf16", 1e14)
    assert DEVICE.rate("f16") == ("bf16", 1e14)
    assert DEVICE.rate("f64") is None
    with pytest.raises(ValueError, match="no compute rate for f64"):
        estimate(Work(flops=1.0), DEVICE, "f64")


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("measured", "profiled"),
        ("declared", "declared"),
        ("fitted", "fitted"),
        ("peak", "datasheet"),
    ],
)
def test_the_source_is_that_of_the_efficiency(kind: str, source: str) -> None:
    """Where a number comes from is part of it."""
    efficiency = msgspec.structs.replace(
        DEVICE.efficiency, provenance=Provenance("x", "2026-11-21", kind)
    )
    device = msgspec.structs.replace(DEVICE, efficiency=efficiency)
    assert estimate(Work(flops=1.0), device, "f32").source == source


@given(AMOUNT, AMOUNT, AMOUNT, st.floats(0, 1e6), st.floats(1, 100))
def test_more_work_never_takes_less_time(
    flops: float, read: float, written: float, calls: float, factor: float
) -> None:
    """Monotone, inside its interval, and linear when everything grows together."""
    work = Work(flops=flops, bytes_read=read, bytes_written=written, calls=calls)
    one, more = estimate(work, DEVICE, "f32"), estimate(scaled(work, factor), DEVICE, "f32")
    assert one.low_s <= one.latency_s <= one.high_s
    assert more.latency_s == pytest.approx(factor * one.latency_s)
    assert more.latency_s >= one.latency_s * (1 - 1e-12)


def test_work_is_read_strictly() -> None:
    """Names as in the IR, no negative and no infinite amounts."""
    assert work_from_mapping({"flops": 1, "calls": 2}) == Work(flops=1.0, calls=2.0)
    with pytest.raises(ValueError, match="unknown quantity 'flop'"):
        work_from_mapping({"flop": 1})
    for bad in (-1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="expected a finite number"):
            work_from_mapping({"flops": bad})
    assert work_band({"flops": 1}).p95 == Work(flops=1.0)
    assert work_band({"flops": 1}, {"flops": 3}).p95.flops == 3.0


def test_work_adds_up_but_state_is_held() -> None:
    """Two ops on one sequence hold its state once."""
    one = Work(*[float(i + 1) for i in range(len(FIELDS))])
    both = added(one, scaled(one, 2))
    assert both.flops == 3 * one.flops
    assert both.state_bytes == one.state_bytes
    assert intensity(Work(flops=10, bytes_read=4, bytes_written=1)) == 2.0
    assert intensity(Work(flops=10)) == float("inf")


def test_precisions_have_one_name() -> None:
    """The spellings of data sheets are understood."""
    assert [canonical_precision(p) for p in ("fp32", "f32", "int8", "bf16", "fp8", "x")] == [
        "f32",
        "f32",
        "i8",
        "bf16",
        "f8",
        None,
    ]
