"""What a solver answers, and what the planner returns after checking it."""

from __future__ import annotations

import msgspec


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the records of an answer."""


class Answer(_Record):
    """The raw answer of a solver.

    `status` is "optimal" (proved), "feasible" (not proved), "infeasible" (proved) or "unknown"
    (nothing found in time, or a heuristic gave up). `choices` maps a stage id to the index of its
    candidate; `bound` is a proved lower bound of the objective in its own unit.
    """

    status: str
    choices: dict[int, int] | None = None
    bound: float = 0.0


class Metrics(_Record):
    """What a placement gives, recomputed from the problem in plain floating point.

    `latency_s` holds "mean", "p50", "p95" and "p99" of the whole run, `low_s` and `high_s` the
    p95 with every estimate at the end of its interval, `limits_s` the value of each latency limit
    by name, `memory_bytes` what is filled by device class; `cost_usd` is per run, and None when a
    price is unknown.
    """

    latency_s: dict[str, float]
    low_s: float
    high_s: float
    limits_s: dict[str, float]
    memory_bytes: dict[str, float]
    cost_usd: float | None
    hourly_usd: float | None


class Solution(_Record):
    """A verified placement: which candidate each stage takes, how good it is, and how near to the
    best possible. `gap` is (objective - bound) / objective."""

    choices: dict[int, int]
    metrics: Metrics
    objective: str
    objective_value: float
    bound: float
    gap: float
    status: str
    solver: str
    solve_s: float
    seed: int
