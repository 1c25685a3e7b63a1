"""Work: what an operation asks of a device, apart from any device.

The record is `agentc.plan.Work`; this file makes it from the IR's attributes and adds it up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from agentc.plan import Work

FIELDS: tuple[str, ...] = Work.__struct_fields__
"""The names of the quantities, as in `#stage.work`."""


class WorkBand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The work of one execution at the mean and at the p95 of the token distributions."""

    mean: Work
    p95: Work


def work_from_mapping(values: Mapping[str, float]) -> Work:
    """Returns the work written as a mapping of `FIELDS` (absent ones are 0). Raises ValueError
    for an unknown name, and for a number that is negative or not finite."""
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"work has the unknown quantity '{min(unknown)}', expected {FIELDS}")
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"work has {name} = {value}, expected a finite number >= 0")
    return Work(**{name: float(value) for name, value in values.items()})


def work_band(mean: Mapping[str, float], p95: Mapping[str, float] | None = None) -> WorkBand:
    """Returns mean and p95 work from the IR's `work` and `work_p95`; without the latter the work
    does not vary."""
    return WorkBand(work_from_mapping(mean), work_from_mapping(mean if p95 is None else p95))


def scaled(work: Work, factor: float) -> Work:
    """Returns `factor` executions of `work`. State is held, not spent, so it does not grow."""
    values = {name: factor * getattr(work, name) for name in FIELDS}
    return Work(**(values | {"state_bytes": work.state_bytes}))


def added(first: Work, second: Work) -> Work:
    """Returns both works one after the other; of the state the larger is held."""
    values = {name: getattr(first, name) + getattr(second, name) for name in FIELDS}
    return Work(**(values | {"state_bytes": max(first.state_bytes, second.state_bytes)}))
