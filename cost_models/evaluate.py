"""What a placement costs and how long it takes: the plain, floating-point meaning of a problem.

Every solver is judged by this file. The rules, at a percentile level:

    leaf    time = execution + transfers charged to it         load = execution on its class
    seq     sum                                                 sum
    loop    count * body                                        count * body
    branch  max over children with probability > 0              max, class by class
    par     max(longest child,  load / slots of every class)    sum
    dag     max(longest chain,  load / slots of every class)    sum
    map     max(ceil(width / max_parallel) * body,  ...)        width * body
    race    shortest child                                      sum

At level "mean" a branch is the probability-weighted sum. Adding percentiles along a path treats
the stages as slow together, so a percentile of the run errs on the safe side; so does counting a
whole device as busy during an execution, although batching would share it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agentc.cost_models.problem import ORCHESTRATOR, Candidate, Edge, Problem
from agentc.cost_models.solution import Metrics
from agentc.cost_models.transfer import LinkTable, Transfer
from agentc.cost_models.tree import (
    Branch,
    Dag,
    Leaf,
    Loop,
    Map,
    Node,
    Par,
    Race,
    Seq,
    children_of,
    multiplicities,
    until,
)

Choices = Mapping[int, int]
"""Stage id -> index into the stage's candidates."""

_P95_ENDS = ("low", "high")


class NoLinkError(Exception):
    """Two stages that share an edge stand on device classes that no link joins."""

    def __init__(self, edge: Edge, source: str, target: str) -> None:
        self.edge, self.source, self.target = edge, source, target
        super().__init__(f"no link joins '{source}' and '{target}'")


def waves(node: Map, level: str) -> float:
    """Returns how many bodies of a map follow each other: ceil(width / max_parallel)."""
    width = node.width.at(level)
    if node.max_parallel is None:
        return min(width, 1.0)
    if level == "mean":
        return max(width / node.max_parallel, min(width, 1.0))
    return float(math.ceil(width / node.max_parallel - 1e-9))


@dataclass(frozen=True)
class Timing:
    """Time of a node, and seconds of work by device class below it."""

    seconds: float
    loads: dict[str, float] = field(default_factory=dict)


class Evaluator:
    """Evaluates placements of one problem. Building it does what does not depend on a placement."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.stages = {stage.id: stage for stage in problem.stages}
        self.multiplicity = multiplicities(problem.tree)
        self.links = LinkTable(problem.links)
        self.slots = {device.name: device.slots for device in problem.devices}
        self.charged: dict[int, list[Edge]] = {stage.id: [] for stage in problem.stages}
        for edge in problem.edges:
            self.charged[self.charged_to(edge)].append(edge)

    def charged_to(self, edge: Edge) -> int:
        """Returns the stage that pays for an edge: the end that runs less often, else the
        consumer."""
        producer, consumer = (self.multiplicity[s].expected for s in (edge.producer, edge.consumer))
        return edge.producer if producer < consumer else edge.consumer

    def counts(self, level: str) -> dict[int, float]:
        """Returns an upper bound of how often each stage runs at a percentile level: every branch
        is taken, every loop and map runs at least once."""
        found: dict[int, float] = {}
        _count(self.problem.tree, level, 1.0, found)
        return found

    def chosen(self, choices: Choices) -> dict[int, Candidate]:
        """Returns the candidate of every stage, in the problem's order whatever that of `choices`:
        sums of floats are then the same for the same placement."""
        return {i: stage.candidates[choices[i]] for i, stage in self.stages.items()}

    def transfer_of(self, edge: Edge, chosen: Mapping[int, Candidate], size: float) -> Transfer:
        """Returns the move that `edge` needs. Raises NoLinkError when there is no way."""
        source, target = chosen[edge.producer].device, chosen[edge.consumer].device
        transfer = self.links.transfer(size, source, target)
        if transfer is None:
            raise NoLinkError(edge, source, target)
        return transfer

    def leaf_timings(self, chosen: Mapping[int, Candidate], level: str) -> dict[int, Timing]:
        """Returns the timing of every stage at "mean", "p50", "p95", "p99", "low" or "high"."""
        return {i: self._leaf_timing(i, chosen, level) for i in self.stages}

    def _leaf_timing(self, stage: int, chosen: Mapping[int, Candidate], level: str) -> Timing:
        candidate = chosen[stage]
        execution = time_at(candidate, level)
        moved = sum(
            self.transfer_of(e, chosen, e.bytes if level == "mean" else e.bytes_p95).seconds
            for e in self.charged[stage]
        )
        loads = {} if candidate.device == ORCHESTRATOR else {candidate.device: execution}
        return Timing(execution + moved, loads)

    def latency(
        self, chosen: Mapping[int, Candidate], level: str, until_stage: int | None = None
    ) -> float:
        """Returns the latency of the run in seconds, or up to the first output of a stage."""
        timings = self.leaf_timings(chosen, level)
        tree = self.problem.tree
        if until_stage is not None:
            cut = until(tree, until_stage)
            assert cut is not None
            tree = cut
            timings[until_stage] = self.first_output(until_stage, timings[until_stage])
        tree_level = "p95" if level in _P95_ENDS else level
        return self.timing(tree, tree_level, timings).seconds

    def first_output(self, stage: int, timing: Timing) -> Timing:
        """Returns the part of a stage's time after which its first output is there."""
        fraction = self.stages[stage].first_output_fraction
        return Timing(timing.seconds * fraction, {d: s * fraction for d, s in timing.loads.items()})

    def timing(self, node: Node, level: str, leaf: Mapping[int, Timing]) -> Timing:
        """Returns time and loads of `node` by the table at the top of this file."""
        if isinstance(node, Leaf):
            return leaf[node.stage]
        below = [self.timing(child, level, leaf) for child in children_of(node)]
        loads = node_loads(node, level, [timing.loads for timing in below])
        times = [timing.seconds for timing in below]
        structure = _RULES[type(node)](node, level, times)
        if isinstance(node, Par | Dag | Map):
            structure = max([structure, *(s / self.slots[d] for d, s in loads.items())])
        return Timing(structure, loads)

    def cost_usd(self, chosen: Mapping[int, Candidate]) -> float | None:
        """Returns the expected cost of one run: executions times their cost, and traffic."""
        total = 0.0
        for stage, candidate in chosen.items():
            if candidate.cost_usd is None:
                return None
            total += self.multiplicity[stage].expected * candidate.cost_usd
        for edge in self.problem.edges:
            moves = self.multiplicity[self.charged_to(edge)].expected
            total += moves * self.transfer_of(edge, chosen, edge.bytes).usd
        return total

    def memory_bytes(self, chosen: Mapping[int, Candidate]) -> dict[str, float]:
        """Returns the bytes in use by device class: weights once per (group, precision), state
        once per sequence and execution under way."""
        parts: dict[str, dict[object, float]] = {}
        for stage_id, candidate in chosen.items():
            stage = self.stages[stage_id]
            part = parts.setdefault(candidate.device, {})
            weights = ("weights", stage.weights or stage_id, candidate.precision)
            part[weights] = max(part.get(weights, 0.0), candidate.weights_bytes)
            state = ("state", stage.state_group or stage_id)
            held = candidate.state_bytes * self.multiplicity[stage_id].parallel
            part[state] = max(part.get(state, 0.0), held)
        parts.pop(ORCHESTRATOR, None)
        return {device: sum(part.values()) for device, part in sorted(parts.items())}

    def hourly_usd(self, chosen: Mapping[int, Candidate]) -> float | None:
        """Returns the price per hour of one device of every class in use."""
        used = {candidate.device for candidate in chosen.values()} - {ORCHESTRATOR}
        prices = [self.problem.device(name).price_usd_per_hour for name in sorted(used)]
        return None if None in prices else sum(price for price in prices if price is not None)

    def metrics(self, choices: Choices) -> Metrics:
        """Returns everything a placement gives. Raises NoLinkError."""
        chosen = self.chosen(choices)
        latency = {level: self.latency(chosen, level) for level in ("mean", "p50", "p95", "p99")}
        limits = self.problem.limits.latency
        return Metrics(
            latency_s=latency,
            low_s=self.latency(chosen, "low"),
            high_s=self.latency(chosen, "high"),
            limits_s={lim.name: self.latency(chosen, lim.level, lim.until) for lim in limits},
            memory_bytes=self.memory_bytes(chosen),
            cost_usd=self.cost_usd(chosen),
            hourly_usd=self.hourly_usd(chosen),
        )

    def objective(self, chosen: Mapping[int, Candidate]) -> float:
        """Returns the value that is minimised, in seconds, USD or bytes."""
        objective = self.problem.objective
        if objective.kind == "latency":
            return self.latency(chosen, objective.level, objective.until)
        if objective.kind == "memory":
            return self.memory_bytes(chosen).get(objective.device, 0.0)
        value = self.cost_usd(chosen) if objective.kind == "cost" else self.hourly_usd(chosen)
        assert value is not None, "check() refuses unpriced candidates under a cost objective"
        return value


def _count(node: Node, level: str, times: float, found: dict[int, float]) -> None:
    if isinstance(node, Leaf):
        found[node.stage] = times
    elif isinstance(node, Loop | Map):
        band = node.count if isinstance(node, Loop) else node.width
        times *= max(band.at(level), 1.0)
    for child in children_of(node):
        _count(child, level, times, found)


def time_at(candidate: Candidate, level: str) -> float:
    """Returns the time of one execution at a level; "low" and "high" are the ends of the p95's
    interval, or the p95 itself when the candidate has no estimate."""
    if level not in _P95_ENDS:
        return candidate.time_s.at(level)
    estimate = candidate.estimate_p95
    if estimate is None:
        return candidate.time_s.p95
    return estimate.low_s if level == "low" else estimate.high_s


def node_loads(node: Node, level: str, below: list[dict[str, float]]) -> dict[str, float]:
    """Returns the seconds of work by device class of `node`, from those of its children."""
    if isinstance(node, Loop | Map):
        times = node.count.at(level) if isinstance(node, Loop) else node.width.at(level)
        return {device: times * seconds for device, seconds in below[0].items()}
    loads: dict[str, float] = {}
    for index, child in enumerate(below):
        for device, seconds in child.items():
            if not isinstance(node, Branch):
                loads[device] = loads.get(device, 0.0) + seconds
            elif level == "mean":
                loads[device] = loads.get(device, 0.0) + node.probabilities[index] * seconds
            elif node.probabilities[index] > 0:
                loads[device] = max(loads.get(device, 0.0), seconds)
    return loads


def _branch_time(node: Branch, level: str, times: list[float]) -> float:
    weighted = list(zip(node.probabilities, times, strict=True))
    if level == "mean":
        return sum(probability * seconds for probability, seconds in weighted)
    return max(seconds for probability, seconds in weighted if probability > 0)


def _dag_time(node: Dag, level: str, times: list[float]) -> float:
    ends: list[float] = []
    for index, seconds in enumerate(times):
        start = max((ends[a] for a, b in node.deps if b == index), default=0.0)
        ends.append(start + seconds)
    return max(ends, default=0.0)


_RULES: dict[type, Callable[..., float]] = {
    Branch: _branch_time,
    Dag: _dag_time,
    Loop: lambda node, level, times: node.count.at(level) * times[0],
    Map: lambda node, level, times: waves(node, level) * times[0],
    Par: lambda node, level, times: max(times, default=0.0),
    Race: lambda node, level, times: min(times),
    Seq: lambda node, level, times: sum(times),
}
