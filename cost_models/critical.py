"""Where the time of a run goes: the seconds that each stage puts on the critical path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentc.cost_models.evaluate import Evaluator, Timing, waves
from agentc.cost_models.problem import ORCHESTRATOR, Candidate
from agentc.cost_models.tree import Branch, Dag, Leaf, Loop, Map, Node, Par, Race, Seq, children_of

Shares = dict[int, float]
"""Seconds by stage id."""


@dataclass(frozen=True)
class _Path:
    """Time of a node, who makes it up, and the work of its stages by device class."""

    seconds: float
    shares: Shares
    loads: dict[str, Shares] = field(default_factory=dict)


def critical_path(
    evaluator: Evaluator, chosen: Mapping[int, Candidate], level: str = "p95"
) -> Shares:
    """Returns the seconds of each stage on the critical path of a run at a percentile level.

    They sum to the latency. Where the work on one device class binds a parallel node, the stages
    on that class share its time by their work.
    """
    return _path(evaluator, evaluator.problem.tree, level, _leaves(evaluator, chosen, level)).shares


def _leaves(evaluator: Evaluator, chosen: Mapping[int, Candidate], level: str) -> dict[int, _Path]:
    timings: dict[int, Timing] = evaluator.leaf_timings(chosen, level)
    return {
        stage: _Path(
            timing.seconds,
            {stage: timing.seconds},
            {d: {stage: s} for d, s in timing.loads.items() if d != ORCHESTRATOR},
        )
        for stage, timing in timings.items()
    }


def _path(evaluator: Evaluator, node: Node, level: str, leaf: Mapping[int, _Path]) -> _Path:
    if isinstance(node, Leaf):
        return leaf[node.stage]
    below = [_path(evaluator, child, level, leaf) for child in children_of(node)]
    loads = _loads(node, level, below)
    seconds, shares = _structure(node, level, below)
    if isinstance(node, Par | Dag | Map):
        for device, work in loads.items():
            slots = evaluator.slots[device]
            if sum(work.values()) / slots > seconds:
                seconds = sum(work.values()) / slots
                shares = {stage: s / slots for stage, s in work.items()}
    return _Path(seconds, shares, loads)


def _structure(node: Node, level: str, below: list[_Path]) -> tuple[float, Shares]:
    """Returns time and shares of a node by its shape alone."""
    if isinstance(node, Loop | Map):
        times = node.count.at(level) if isinstance(node, Loop) else waves(node, level)
        return times * below[0].seconds, _scaled(below[0].shares, times)
    if isinstance(node, Seq):
        return sum(path.seconds for path in below), _added([path.shares for path in below])
    if isinstance(node, Dag):
        return _longest_chain(node, below)
    if isinstance(node, Branch):
        pairs = zip(node.probabilities, below, strict=True)
        below = [path for probability, path in pairs if probability > 0]
    if not below:
        return 0.0, {}
    pick = min if isinstance(node, Race) else max
    chosen = pick(below, key=lambda path: path.seconds)
    return chosen.seconds, chosen.shares


def _longest_chain(node: Dag, below: list[_Path]) -> tuple[float, Shares]:
    ends: list[tuple[float, Shares]] = []
    for index, path in enumerate(below):
        before = [ends[a] for a, b in node.deps if b == index]
        start, shares = max(before, key=lambda end: end[0], default=(0.0, {}))
        ends.append((start + path.seconds, _added([shares, path.shares])))
    return max(ends, key=lambda end: end[0], default=(0.0, {}))


def _loads(node: Node, level: str, below: list[_Path]) -> dict[str, Shares]:
    """Returns the work of each stage by device class, as `evaluate.node_loads` counts it."""
    if isinstance(node, Loop | Map):
        times = node.count.at(level) if isinstance(node, Loop) else node.width.at(level)
        return {device: _scaled(work, times) for device, work in below[0].loads.items()}
    loads: dict[str, Shares] = {}
    for index, path in enumerate(below):
        if isinstance(node, Branch) and node.probabilities[index] <= 0:
            continue
        for device, work in path.loads.items():
            known = loads.get(device, {})
            if not isinstance(node, Branch):
                loads[device] = _added([known, work])
            elif sum(work.values()) > sum(known.values()) or not known:
                loads[device] = work
    return loads


def _scaled(shares: Shares, factor: float) -> Shares:
    return {stage: factor * seconds for stage, seconds in shares.items()}


def _added(parts: list[Shares]) -> Shares:
    total: Shares = {}
    for part in parts:
        for stage, seconds in part.items():
            total[stage] = total.get(stage, 0.0) + seconds
    return total
