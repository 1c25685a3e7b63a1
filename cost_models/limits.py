"""The named constraints of a problem: their value under a placement, and how to speak of them.

One list serves verification, diagnosis of infeasibility and the explanation, so that all use the
same names: those the user wrote.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from agentc.cost_models.problem import Limits, Objective, Problem
from agentc.cost_models.solution import Metrics
from agentc.cost_models.units import format_bytes, format_seconds, format_usd

REL_TOLERANCE = 1e-6
"""A limit holds when value <= limit * (1 + this): far below what any estimate is good for, and
above what the rounding of floats and of the solver's integers can add up to."""


@dataclass(frozen=True)
class Limit:
    """One constraint. `kind` is "latency", "run_usd", "hourly_usd" or "memory", `name` the latency
    limit's or the device class's name, `value` its right-hand side in s, USD or bytes, `source`
    the file and line it was written at."""

    kind: str
    name: str
    value: float
    source: str = ""

    def of(self, metrics: Metrics) -> float:
        """Returns the constrained quantity under a placement."""
        if self.kind == "latency":
            return metrics.limits_s[self.name]
        if self.kind == "memory":
            return metrics.memory_bytes.get(self.name, 0.0)
        found = metrics.cost_usd if self.kind == "run_usd" else metrics.hourly_usd
        assert found is not None, "check() refuses unpriced candidates under a price limit"
        return found

    def holds(self, metrics: Metrics) -> bool:
        """Says whether the limit holds, up to the rounding of floating-point sums."""
        return self.of(metrics) <= self.value * (1 + REL_TOLERANCE)

    def show(self, value: float) -> str:
        """Returns a value of this limit's quantity for a reader."""
        if self.kind == "latency":
            return format_seconds(value)
        return format_bytes(value) if self.kind == "memory" else format_usd(value)

    def title(self) -> str:
        """Returns the name of the limit as the user wrote it, without its value."""
        names = {
            "latency": self.name,
            "memory": f"memory of {self.name}",
            "run_usd": "budget usd",
            "hourly_usd": "max_hourly_cost",
        }
        return names[self.kind]

    def words(self, with_source: bool = True) -> str:
        """Returns the constraint in the user's words, with the place where it was written."""
        where = f" ({self.source})" if self.source and with_source else ""
        unit = {"memory": " usable", "hourly_usd": "/h"}.get(self.kind, "")
        return f"{self.title()} = {self.show(self.value)}{unit}{where}"

    def relaxation(self, needed: float) -> str:
        """Returns the advice that lets `needed` pass, rounded up so that it really does."""
        shown = round_up(needed)
        if self.kind == "latency":
            return f"raise {self.name.removeprefix('sla ')} to {format_seconds(shown)}"
        if self.kind == "memory":
            return f"give {self.name} {format_bytes(_round_up_bytes(needed))} of usable memory"
        if self.kind == "run_usd":
            return f"raise the budget to usd = {format_usd(shown).removeprefix('$')}"
        return f"raise max_hourly_cost to {format_usd(shown)}/h"

    def relaxed(self, problem: Problem) -> Problem:
        """Returns `problem` without this limit, minimising the limit's quantity instead."""
        if self.kind == "memory":
            devices = tuple(
                msgspec.structs.replace(d, memory_bytes=None) if d.name == self.name else d
                for d in problem.devices
            )
            objective = Objective(kind="memory", device=self.name)
            return msgspec.structs.replace(problem, devices=devices, objective=objective)
        limits, objective = self._without(problem)
        return msgspec.structs.replace(problem, limits=limits, objective=objective)

    def _without(self, problem: Problem) -> tuple[Limits, Objective]:
        limits = problem.limits
        if self.kind == "run_usd":
            return msgspec.structs.replace(limits, run_usd=None), Objective("cost")
        if self.kind == "hourly_usd":
            return msgspec.structs.replace(limits, hourly_usd=None), Objective("hourly")
        own = next(lim for lim in limits.latency if lim.name == self.name)
        rest = tuple(lim for lim in limits.latency if lim.name != self.name)
        objective = Objective("latency", level=own.level, until=own.until)
        return msgspec.structs.replace(limits, latency=rest), objective


def limits_of(problem: Problem) -> list[Limit]:
    """Returns every constraint of `problem` that a placement can break."""
    limits = problem.limits
    found = [Limit("latency", lim.name, lim.limit_s, lim.source) for lim in limits.latency]
    if limits.run_usd is not None:
        found.append(Limit("run_usd", "budget", limits.run_usd, limits.run_usd_source))
    if limits.hourly_usd is not None:
        found.append(Limit("hourly_usd", "hourly", limits.hourly_usd, limits.hourly_usd_source))
    for device in problem.devices:
        if device.memory_bytes is not None:
            found.append(Limit("memory", device.name, device.memory_bytes))
    return found


def round_up(value: float, digits: int = 3) -> float:
    """Returns the least number with `digits` significant digits that is >= `value`."""
    if value <= 0:
        return 0.0
    exponent = math.floor(math.log10(value)) - digits + 1
    scaled = math.ceil(value / 10.0**exponent * (1 - 1e-12))
    return float(f"{scaled}e{exponent}")


def _round_up_bytes(value: float) -> float:
    """Rounds up in the binary prefix that the number is shown with."""
    unit = 2.0 ** (10 * max(0, int(math.log2(max(value, 1.0)) // 10)))
    return round_up(value / unit) * unit
