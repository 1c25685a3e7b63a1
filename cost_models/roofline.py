"""How long a piece of work takes on a device class: a roofline with an interval.

    seconds = max(flops / (e_c * peak_flop_per_s), bytes / (e_b * bytes_per_s),
                  comm_bytes / link_bytes_per_s) + calls * launch_s

e_c and e_b are the fractions of the data sheet that programs reach; the interval of the estimate
comes from theirs (best efficiency and least overhead, worst efficiency and most overhead).
Calibration replaces them by fitted ones (a later issue); the formula stays.
"""

from __future__ import annotations

from agentc.cost_models.device import DeviceClass
from agentc.plan import Estimate, Work

_SOURCES = {"measured": "profiled", "declared": "declared", "fitted": "fitted"}


def estimate(
    work: Work, device: DeviceClass, precision: str, link_bytes_per_s: float | None = None
) -> Estimate:
    """Returns the time of `work` on `device`, with values stored as `precision` (canonical name).

    `link_bytes_per_s` is the rate between the devices that share the work, needed when
    `work.comm_bytes` > 0. `limit` is "compute", "memory", "network" or "latency" (the overhead of
    calls is more than half). Raises ValueError when the class cannot compute in `precision`.
    """
    rate = device.rate(precision)
    if rate is None:
        raise ValueError(f"device class '{device.name}' has no compute rate for {precision}")
    if work.comm_bytes > 0 and link_bytes_per_s is None:
        raise ValueError("work between devices needs the rate of the link between them")
    terms = _terms(work, device, rate[1], link_bytes_per_s)
    efficiency = device.efficiency
    compute, bandwidth, launch = efficiency.compute, efficiency.bandwidth, efficiency.launch_s
    nominal, limit = _time(terms, compute.nominal, bandwidth.nominal, work.calls * launch.nominal)
    low, _ = _time(terms, compute.high, bandwidth.high, work.calls * launch.low)
    high, _ = _time(terms, compute.low, bandwidth.low, work.calls * launch.high)
    source = _SOURCES.get(efficiency.provenance.kind, "datasheet")
    return Estimate(nominal, low, high, limit, source)


def _terms(
    work: Work, device: DeviceClass, peak_flop_per_s: float, link_bytes_per_s: float | None
) -> dict[str, float]:
    """Returns the seconds of each roof at efficiency 1."""
    moved = work.bytes_read + work.bytes_written
    return {
        "compute": work.flops / peak_flop_per_s,
        "memory": moved / device.bandwidth_bytes_per_s,
        "network": work.comm_bytes / link_bytes_per_s if link_bytes_per_s else 0.0,
    }


def _time(
    terms: dict[str, float], compute: float, bandwidth: float, overhead_s: float
) -> tuple[float, str]:
    """Returns (seconds, binding term) at given efficiencies."""
    reached = {
        "compute": terms["compute"] / compute,
        "memory": terms["memory"] / bandwidth,
        "network": terms["network"],
    }
    limit = max(reached, key=lambda name: reached[name])
    roof = reached[limit]
    return roof + overhead_s, "latency" if overhead_s > roof else limit


def intensity(work: Work) -> float:
    """Returns flop per byte of memory traffic; infinite when nothing is read or written."""
    moved = work.bytes_read + work.bytes_written
    return work.flops / moved if moved else float("inf")
