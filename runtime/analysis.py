"""Measured beside estimated: what `agentc explain --analyze` shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentc.plan import Estimate, Op, Plan
from agentc.runtime.trace import Event
from agentc.runtime.trace_files import operations, slices

_Row = tuple[float, float, bool]  # seconds of work, seconds in the queue, failed


@dataclass(frozen=True)
class OpSummary:
    """One operation over all its calls in a trace. Times are seconds of work, without queueing.

    `factor` is the measured median over the estimate: 2 means twice as slow as promised; None
    without an estimate. `share` is this operation's part of all measured seconds.
    """

    op: int
    kind: str
    label: str
    source: str
    device: str | None
    calls: int
    failures: int
    p50_s: float
    p95_s: float
    total_s: float
    queue_p50_s: float
    share: float
    estimate: Estimate | None
    factor: float | None


def analyze(plan: Plan, events: Iterable[Event]) -> list[OpSummary]:
    """Returns a summary of each work operation that ran, in program order.

    `events` may be those of several runs of `plan`. Cancelled calls are left out: how long they
    would have taken is not known.
    """
    measured: dict[int, list[_Row]] = {}
    for s in slices(plan, events):
        if s.outcome != "cancelled":
            failed = s.outcome != "finished"
            measured.setdefault(s.op.id, []).append((s.end_s - s.start_s, s.queue_s, failed))
    all_s = sum(duration_s for rows in measured.values() for duration_s, _, _ in rows)
    return [
        _summary(op, measured[op.id], all_s) for op in operations(plan.body) if op.id in measured
    ]


def _summary(op: Op, rows: list[_Row], all_s: float) -> OpSummary:
    good = [duration_s for duration_s, _, failed in rows if not failed]
    times = sorted(good or [duration_s for duration_s, _, _ in rows])
    p50_s, total_s = percentile(times, 0.5), sum(d for d, _, _ in rows)
    estimate_s = op.estimate.latency_s if op.estimate is not None else 0.0
    return OpSummary(
        op=op.id,
        kind=op.kind,
        label=op.label,
        source=op.source,
        device=op.device,
        calls=len(rows),
        failures=sum(failed for _, _, failed in rows),
        p50_s=p50_s,
        p95_s=percentile(times, 0.95),
        total_s=total_s,
        queue_p50_s=percentile(sorted(q for _, q, _ in rows), 0.5),
        share=total_s / all_s if all_s > 0 else 0.0,
        estimate=op.estimate,
        factor=p50_s / estimate_s if estimate_s > 0 else None,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Returns the value at `share` (0 to 1) of sorted values, linear between neighbours."""
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
