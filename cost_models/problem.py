"""The placement problem as data: what must run, where it could run, and what must hold.

A `Problem` knows nothing of solvers. It can check its own inputs (`check`), verify anybody's
answer (`agentc.cost_models.verification`), and be written down and read back as text, so that an
instance is a file that every solver can be run on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agentc.cost_models.distributions import Band, constant_band
from agentc.cost_models.tree import Node, problems_of
from agentc.plan import Estimate

ORCHESTRATOR = "orchestrator"
"""The pseudo device class of what runs in the orchestrator's own process (tools, waiting for a
person): it has no price, no memory limit, and all links to it are free."""


MAX_SLOTS = 64
"""Most stages that one device class may run at once; keeps the solver's integers small."""


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all records of a problem: immutable, and an unknown field is an error."""


class Candidate(_Record):
    """One way to run a stage: a device class and a precision, with what that takes.

    `time_s` is the time of one execution at the planner's levels; `estimate` and `estimate_p95`
    hold the same with interval, binding term and source. `cost_usd` is the expected cost of one
    execution (device time and price per call); None means that no price is known.
    `weights_bytes` count once per (weights group, device class, precision), `state_bytes` per
    execution under way.
    """

    device: str
    time_s: Band
    precision: str = ""
    cost_usd: float | None = 0.0
    weights_bytes: float = 0.0
    state_bytes: float = 0.0
    estimate: Estimate | None = None
    estimate_p95: Estimate | None = None


class Stage(_Record):
    """One placeable piece of work.

    Stages with the same `weights` group run one model: its weights are counted once per device
    class and precision. Stages with the same `state_group` work on one sequence: of their state
    only the largest counts. Stages with the same `colocate` key take the same device class and
    precision. `rejected` says of each device class that is no candidate why.
    """

    id: int
    label: str
    candidates: tuple[Candidate, ...]
    kind: str = ""
    source: str = ""
    weights: str | None = None
    state_group: str | None = None
    colocate: str | None = None
    streams: bool = False
    first_output_fraction: float = 1.0
    rejected: dict[str, str] = {}


class Edge(_Record):
    """A value that one stage makes and another uses. `bytes` is its expected size, `bytes_p95`
    the size that percentiles are computed with. An edge costs time only between different device
    classes, and is charged to the end that runs less often (ties: the consumer)."""

    producer: int
    consumer: int
    bytes: float
    bytes_p95: float
    what: str = "value"


class LinkSpec(_Record):
    """What it takes to move bytes between two device classes, in either direction.

    seconds = latency_s + bytes / bytes_per_s
    """

    name: str
    between: tuple[str, str]
    bytes_per_s: float
    latency_s: float
    price_usd_per_byte: float = 0.0


class DeviceLimit(_Record):
    """A device class as the problem sees it: what fits and what it costs to keep one.

    `memory_bytes` is what plans may fill (None: no limit), `slots` how many stages it runs at
    once without slowing down, `price_usd_per_hour` the price of one device while it is kept.
    """

    name: str
    memory_bytes: float | None = None
    slots: int = 1
    price_usd_per_hour: float | None = 0.0


class LatencyLimit(_Record):
    """A percentile of the run must stay within `limit_s`. `level` is "p50", "p95" or "p99";
    `until` cuts the run short after that stage's first output (time to first token)."""

    name: str
    level: str
    limit_s: float
    source: str = ""
    until: int | None = None


class Limits(_Record):
    """What must hold besides memory. `run_usd` bounds the expected cost of one run,
    `hourly_usd` the price of one device of every class that the plan uses."""

    latency: tuple[LatencyLimit, ...] = ()
    run_usd: float | None = None
    run_usd_source: str = ""
    hourly_usd: float | None = None
    hourly_usd_source: str = ""


class Objective(_Record):
    """What to minimise: "cost" (expected USD of one run), "latency" (`level` of the whole run, or
    up to the first output of `until`), "memory" (bytes on the device class `device`), "hourly"
    (USD per hour of the device classes in use). The last two serve to find relaxations."""

    kind: str = "cost"
    level: str = "p95"
    until: int | None = None
    device: str = ""


class Problem(_Record):
    """A placement problem (PartitionProblem). `notes` are assumptions that the reader of the
    answer must know, such as a branch probability that nobody declared."""

    stages: tuple[Stage, ...]
    tree: Node
    devices: tuple[DeviceLimit, ...]
    edges: tuple[Edge, ...] = ()
    links: tuple[LinkSpec, ...] = ()
    limits: Limits = Limits()
    objective: Objective = Objective()
    name: str = ""
    notes: tuple[str, ...] = ()

    def stage(self, stage_id: int) -> Stage:
        """Returns the stage with this id. Raises KeyError."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise KeyError(stage_id)

    def device(self, name: str) -> DeviceLimit:
        """Returns the device class of this name; the orchestrator is always there."""
        for device in self.devices:
            if device.name == name:
                return device
        if name == ORCHESTRATOR:
            return DeviceLimit(ORCHESTRATOR, slots=1_000_000)
        raise KeyError(name)

    def check(self) -> list[str]:
        """Returns every inconsistency of the problem itself, or an empty list.

        A stage without candidates is not one: it is an infeasible, well-formed problem.
        """
        ids = [stage.id for stage in self.stages]
        errors = [f"stage id {i} is used twice" for i in {*ids} if ids.count(i) > 1]
        errors += problems_of(self.tree, frozenset(ids))
        errors += self._check_candidates()
        errors += [
            f"device class '{device.name}' has {device.slots} slots, expected 1 to {MAX_SLOTS}"
            for device in self.devices
            if not 1 <= device.slots <= MAX_SLOTS
        ]
        for edge in self.edges:
            if edge.producer not in ids or edge.consumer not in ids:
                errors.append(f"edge {edge.producer} -> {edge.consumer} names an unknown stage")
            if edge.bytes < 0 or edge.bytes_p95 < 0:
                errors.append(f"edge {edge.producer} -> {edge.consumer} has negative bytes")
        for limit in self.limits.latency:
            if limit.level not in ("p50", "p95", "p99"):
                errors.append(f"limit '{limit.name}' has the unknown level '{limit.level}'")
            if limit.until is not None and limit.until not in ids:
                errors.append(f"limit '{limit.name}' names an unknown stage")
        if self.objective.kind not in ("cost", "latency", "memory", "hourly"):
            errors.append(f"unknown objective '{self.objective.kind}'")
        return errors

    def _check_candidates(self) -> list[str]:
        known = {device.name for device in self.devices} | {ORCHESTRATOR}
        priced = self.objective.kind == "cost" or self.limits.run_usd is not None
        errors = []
        for stage in self.stages:
            keys = [(candidate.device, candidate.precision) for candidate in stage.candidates]
            if len({*keys}) < len(keys):
                errors.append(f"stage '{stage.label}' has the same candidate twice")
            for candidate in stage.candidates:
                where = f"stage '{stage.label}' on '{candidate.device}'"
                if candidate.device not in known:
                    errors.append(f"{where}: the device class is not defined")
                if priced and candidate.cost_usd is None:
                    errors.append(f"{where} has no price, which a cost objective needs")
                if min(candidate.time_s.at(p) for p in ("mean", "p50", "p95", "p99")) < 0:
                    errors.append(f"{where} has a negative time")
        return errors


def encode(problem: Problem) -> bytes:
    """Returns the problem as JSON (also valid YAML), keys in declaration order."""
    return msgspec.json.format(msgspec.json.encode(problem), indent=1)


def decode(text: bytes) -> Problem:
    """Reads what `encode` wrote. Raises msgspec.ValidationError on anything else."""
    return msgspec.json.decode(text, type=Problem)


def from_mapping(data: Mapping[str, Any]) -> Problem:
    """Builds a problem from plain data, as loaded from an instance file. A number where a band
    stands means "does not vary". Raises msgspec.ValidationError."""
    return msgspec.convert(_with_bands(data), type=Problem)


def _with_bands(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {k: _band_of(v) if k in _BAND_FIELDS else _with_bands(v) for k, v in data.items()}
    if isinstance(data, list | tuple):
        return [_with_bands(item) for item in data]
    return data


_BAND_FIELDS = frozenset({"time_s", "count", "width"})


def _band_of(value: Any) -> Any:
    is_number = isinstance(value, int | float)
    return msgspec.to_builtins(constant_band(float(value))) if is_number else value
