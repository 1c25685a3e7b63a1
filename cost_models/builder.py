"""From the stages of a program and a fleet to a `Problem`: the compiler's entry.

    problem = build_problem(stages, tree, edges, cluster, sla=sla, objective="cost")

The caller describes every placeable operation by a `StageSpec`, in the units of the IR, and says
nothing of devices; this file finds the candidates, their estimates and prices, and says of every
device class that is no candidate why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentc.cost_models.candidates import Offer, candidates_of, offers_of
from agentc.cost_models.cluster import Cluster
from agentc.cost_models.distributions import check as check_distribution
from agentc.cost_models.problem import (
    DeviceLimit,
    Edge,
    LatencyLimit,
    Limits,
    Objective,
    Problem,
    Stage,
)
from agentc.cost_models.specs import EdgeSpec, StageSpec
from agentc.cost_models.topology import pair_links
from agentc.cost_models.tree import Branch, Loop, Map, Node, children_of
from agentc.errors import CompileError, SourceLine
from agentc.plan import Budget, Sla

_LEVELS = {"p50_s": "p50", "p95_s": "p95", "p99_s": "p99"}


def build_problem(
    stages: Sequence[StageSpec],
    tree: Node,
    edges: Iterable[EdgeSpec],
    cluster: Cluster,
    sla: Sla | None = None,
    objective: str = "cost",
    *,
    budget: Budget | None = None,
    name: str = "",
    sla_source: str = "",
) -> Problem:
    """Returns the placement problem of a program on a fleet.

    Args:
      stages: one per placeable op, `StageSpec.op` unique.
      tree: leaves are `Leaf(op)`; every stage stands in it exactly once.
      edges: values that pass between stages.
      cluster: from `load_cluster`.
      sla, budget: as on the graph; `sla_source` is "graph.py:12" for messages.
      objective: "cost" (USD per run) or "latency" (the highest percentile of the SLA, else p95).

    Raises:
      ClusterError: a device class that plans may use has no price, and the objective is cost or
        the budget names USD; a hint names a device class that is not in the fleet.
      CompileError: the description contradicts itself (our own caller's mistake).
    """
    if objective not in ("cost", "latency"):
        raise CompileError(f"unknown objective '{objective}', expected cost or latency")
    _check_specs(stages)
    needs_price = objective == "cost" or (budget is not None and budget.usd is not None)
    offers = offers_of(cluster, needs_price)
    placed = tuple(_stage(spec, offers, cluster, needs_price) for spec in stages)
    limits = _limits(stages, cluster, sla, budget, sla_source)
    problem = Problem(
        stages=placed,
        tree=tree,
        devices=tuple(_device_limit(offer) for offer in offers),
        edges=tuple(_edge(edge) for edge in edges),
        links=pair_links(cluster),
        limits=limits,
        objective=_objective(objective, sla),
        name=name,
        notes=_notes(stages, tree, sla),
    )
    errors = problem.check()
    if errors:
        raise CompileError("the placement problem contradicts itself: " + "; ".join(errors))
    return problem


def _check_specs(stages: Sequence[StageSpec]) -> None:
    for spec in stages:
        where = _where(spec)
        if (spec.fixed is None and spec.service is None) == (not spec.work):
            raise CompileError(
                f"stage '{spec.name}' needs either work or a fixed latency", source=where
            )
        problem = check_distribution(spec.fixed) if spec.fixed is not None else None
        if problem is not None:
            raise CompileError(f"latency of '{spec.name}': {problem}", source=where)


def _where(spec: StageSpec) -> SourceLine | None:
    file, _, line = spec.source.rpartition(":")
    return SourceLine(file, int(line)) if file and line.isdigit() else None


def _stage(spec: StageSpec, offers: Sequence[Offer], cluster: Cluster, needs_price: bool) -> Stage:
    candidates, rejected = candidates_of(spec, offers, cluster, needs_price)
    fraction = 1.0 / max(spec.steps, 1.0) if spec.streams else 1.0
    return Stage(
        id=spec.op,
        label=spec.name,
        candidates=candidates,
        kind=spec.kind,
        source=spec.source,
        weights=spec.model,
        state_group=spec.state_group,
        colocate=spec.colocate,
        streams=spec.streams,
        first_output_fraction=fraction,
        rejected=rejected,
    )


def _device_limit(offer: Offer) -> DeviceLimit:
    device = offer.device
    usable = device.memory_bytes * device.usable_memory
    return DeviceLimit(device.name, usable, offer.slots, offer.price_usd_per_hour)


def _edge(edge: EdgeSpec) -> Edge:
    larger = edge.bytes if edge.bytes_p95 is None else edge.bytes_p95
    return Edge(edge.producer, edge.consumer, edge.bytes, larger, edge.what)


def _limits(
    stages: Sequence[StageSpec],
    cluster: Cluster,
    sla: Sla | None,
    budget: Budget | None,
    sla_source: str,
) -> Limits:
    """Turns SLA, budget and the fleet's limits into named constraints."""
    latency = []
    for field, level in _LEVELS.items():
        value = getattr(sla, field) if sla else None
        if value is not None:
            latency.append(LatencyLimit(f"sla {field}", level, value, sla_source))
    if sla and sla.ttft_p95_s is not None:
        streaming = [spec.op for spec in stages if spec.streams]
        until = streaming[-1] if streaming else None
        limit = LatencyLimit("sla ttft_p95_s", "p95", sla.ttft_p95_s, sla_source, until)
        latency.append(limit)
    if budget and budget.wall_s is not None:
        latency.append(LatencyLimit("budget wall_s", "p95", budget.wall_s, sla_source))
    return Limits(
        latency=tuple(latency),
        run_usd=budget.usd if budget else None,
        run_usd_source=sla_source,
        hourly_usd=cluster.max_hourly_usd,
        hourly_usd_source=str(cluster.source("limits.max_hourly_cost")),
    )


def _objective(kind: str, sla: Sla | None) -> Objective:
    declared = [level for field, level in _LEVELS.items() if sla and getattr(sla, field)]
    return Objective(kind, level=declared[-1] if declared and kind == "latency" else "p95")


def _notes(stages: Sequence[StageSpec], tree: Node, sla: Sla | None) -> tuple[str, ...]:
    """Returns what the answer rests on although nobody declared it."""
    notes = [
        f"{_place(node.label, node.source)}: nobody declared how often; {_assumption(node)}"
        for node in _walk(tree)
        if isinstance(node, Branch | Loop | Map) and node.assumed
    ]
    for spec in stages:
        is_unpriced = spec.cost_usd is None and spec.service is None
        if spec.kind == "stage.call" and is_unpriced:
            notes.append(f"{_place(spec.name, spec.source)}: no price per call is declared")
    if sla and sla.availability is not None:
        notes.append("availability is not planned for in this version")
    return tuple(dict.fromkeys(notes))


def _place(label: str, source: str) -> str:
    return f"{label} ({source})" if source else label


def _assumption(node: Branch | Loop | Map) -> str:
    if isinstance(node, Branch):
        return "probabilities " + ", ".join(f"{p:.2g}" for p in node.probabilities)
    band = node.count if isinstance(node, Loop) else node.width
    return f"assumed {band.mean:g} on average, {band.p95:g} at p95"


def _walk(node: Node) -> Iterable[Node]:
    yield node
    for child in children_of(node):
        yield from _walk(child)
