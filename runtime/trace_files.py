"""Trace files: JSON lines, and the Chrome trace format that Perfetto opens.

Chrome form (format description: "Trace Event Format", Google): a process is a device class, a
thread a lane in which calls do not overlap, a slice one attempt of a work operation, a flow arrow
the data edge that a call waited for last. Simulated and real runs load side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from agentc.plan import Op, Plan, Region
from agentc.runtime.trace import Event

_ENDS = ("op_finished", "op_failed", "op_cancelled", "op_retry")
_MICROSECONDS = 1e6


def to_jsonl(events: Iterable[Event]) -> str:
    """Returns one JSON object a line; values that JSON lacks are written as text."""
    encoder = msgspec.json.Encoder(enc_hook=str)
    return "".join(encoder.encode(event).decode() + "\n" for event in events)


def from_jsonl(text: str) -> list[Event]:
    """Reads what `to_jsonl` wrote. Only a newline ends a line; texts may have other breaks."""
    return [msgspec.json.decode(line, type=Event) for line in text.split("\n") if line]


@dataclass
class Slice:
    """One attempt of one work operation, from its start to its end (clock seconds)."""

    op: Op
    path: tuple[int, ...]
    attempt: int
    start_s: float
    end_s: float
    queue_s: float
    outcome: str
    data: dict[str, Any]
    lane: int = 0


def operations(region: Region) -> Iterator[Op]:
    """Gives all operations of a region, nested ones included, in program order."""
    for op in region.ops:
        yield op
        for inner in op.regions:
            yield from operations(inner)


def slices(plan: Plan, events: Iterable[Event]) -> list[Slice]:
    """Pairs the starts and ends of a run's operations, ordered by start."""
    ops = {op.id: op for op in operations(plan.body)}
    open_: dict[tuple[Any, ...], tuple[float, float]] = {}
    found: list[Slice] = []
    for event in events:
        key = (event.run_id, event.op, event.path)
        if event.kind == "op_started":
            open_[key] = (event.time_s, float(event.data.get("queue_s", 0.0)))
        elif event.kind in _ENDS and key in open_ and event.op is not None:
            start_s, queue_s = open_.pop(key)
            outcome = event.kind.removeprefix("op_")
            found.append(
                Slice(
                    ops[event.op], event.path, event.attempt, start_s, event.time_s, queue_s,
                    outcome, event.data,
                )
            )  # fmt: skip
            if event.kind == "op_retry":
                open_[key] = (event.time_s + float(event.data.get("backoff_s", 0.0)), 0.0)
    return sorted(found, key=lambda s: (s.start_s, s.op.id, s.path))


def to_chrome(plan: Plan, events: Iterable[Event]) -> bytes:
    """Returns a Chrome trace of one or several runs of `plan`."""
    found = slices(plan, events)
    _assign_lanes(found)
    processes = sorted({_process(s) for s in found})
    records: list[dict[str, Any]] = []
    for pid, name in enumerate(processes, 1):
        records.append(_meta("process_name", pid, 0, name))
        lanes = {s.lane for s in found if _process(s) == name}
        records += [_meta("thread_name", pid, lane, f"lane {lane}") for lane in sorted(lanes)]
    ids = {name: pid for pid, name in enumerate(processes, 1)}
    origin_s = min((s.start_s for s in found), default=0.0)
    for s in found:
        records.append(_slice_record(s, ids[_process(s)], origin_s))
    for number, (source, target) in enumerate(_edges(plan, found)):
        records += _arrow(number, source, target, ids, origin_s)
    return msgspec.json.encode({"displayTimeUnit": "ms", "traceEvents": records}, enc_hook=str)


def _process(s: Slice) -> str:
    return s.op.device or "orchestrator"


def _meta(kind: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "args": {"name": name}}


def _slice_record(s: Slice, pid: int, origin_s: float) -> dict[str, Any]:
    estimate = s.op.estimate
    args = {
        "op": s.op.id,
        "path": list(s.path),
        "attempt": s.attempt,
        "source": s.op.source,
        "outcome": s.outcome,
        "queue_s": s.queue_s,
        "measured_s": s.end_s - s.start_s,
        "estimate_s": None if estimate is None else estimate.latency_s,
        **s.data,
    }
    return {
        "ph": "X",
        "name": s.op.label or s.op.kind,
        "cat": s.op.kind,
        "pid": pid,
        "tid": s.lane,
        "ts": (s.start_s - origin_s) * _MICROSECONDS,
        "dur": (s.end_s - s.start_s) * _MICROSECONDS,
        "args": args,
    }


def _assign_lanes(found: list[Slice]) -> None:
    """Puts each slice into the first lane of its device that is free at its start."""
    busy_until_s: dict[str, list[float]] = {}
    for s in found:
        lanes = busy_until_s.setdefault(_process(s), [])
        s.lane = next((i for i, end_s in enumerate(lanes) if end_s <= s.start_s), len(lanes))
        if s.lane == len(lanes):
            lanes.append(s.end_s)
        lanes[s.lane] = s.end_s


def work_sources(plan: Plan) -> dict[int, set[int]]:
    """Returns, for each operation, the work operations whose results reach its operands, through
    data operations, control flow and region arguments."""
    reach: dict[int, set[int]] = {}
    sources: dict[int, set[int]] = {}

    def visit(region: Region, incoming: set[int]) -> set[int]:
        for argument in region.args:
            reach[argument] = set(incoming)
        for op in region.ops:
            into = set().union(*(reach.get(v, set()) for v in op.operands))
            sources[op.id] = into
            yielded = set().union(*(visit(r, into) for r in op.regions))
            is_work = (not op.regions and op.device is not None) or op.kind == "stage.call"
            for result in op.results:
                reach[result] = {op.id} if is_work else into | yielded
        return set().union(*(reach.get(v, set()) for v in region.yields))

    visit(plan.body, set())
    return sources


def _edges(plan: Plan, found: list[Slice]) -> Iterator[tuple[Slice, Slice]]:
    """Gives each slice with the slice it waited for last on each of its data edges."""
    sources = work_sources(plan)
    by_op: dict[int, list[Slice]] = {}
    for s in found:
        if s.outcome == "finished":
            by_op.setdefault(s.op.id, []).append(s)
    for target in found:
        for source in sorted(sources.get(target.op.id, ())):
            before = [s for s in by_op.get(source, ()) if s.end_s <= target.start_s]
            if before:
                nearest = max(_shared(s.path, target.path) for s in before)
                close = [s for s in before if _shared(s.path, target.path) == nearest]
                yield max(close, key=lambda s: s.end_s), target


def _shared(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    """Length of the common beginning of two iteration paths."""
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return count


def _arrow(
    number: int, source: Slice, target: Slice, ids: dict[str, int], origin_s: float
) -> list[dict[str, Any]]:
    common = {"name": "data", "cat": "data", "id": number}
    start = {"ph": "s", "pid": ids[_process(source)], "tid": source.lane}
    end = {"ph": "f", "bp": "e", "pid": ids[_process(target)], "tid": target.lane}
    return [
        {**common, **start, "ts": (source.end_s - origin_s) * _MICROSECONDS},
        {**common, **end, "ts": (target.start_s - origin_s) * _MICROSECONDS},
    ]
