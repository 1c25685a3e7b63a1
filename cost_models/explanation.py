"""What `agentc explain` says: the placed program as a tree of rows, with the reasons.

Data only; `render.py` prints it. Times are of one execution at p95, costs of a thousand runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from agentc.cost_models.critical import critical_path
from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.limits import limits_of
from agentc.cost_models.problem import ORCHESTRATOR, Candidate, Problem
from agentc.cost_models.rejected import RUNS, rejections
from agentc.cost_models.solution import Solution
from agentc.cost_models.tree import Branch, Leaf, Loop, Map, Node, Seq, children_of


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the records of an explanation."""


class Row(_Record):
    """One line of the tree. Control nodes have no `op`, and only what is said of them.

    `latency_s` (`low_s` .. `high_s`) is one execution at p95, `executions` how often it is expected
    to run, `critical_share` its part of the critical path at p95, `bound_by` what limits it,
    `cost_usd` the device time and calls of a thousand runs; `measured_s` is there after a run, and
    `misestimate` is then measured / expected mean.
    """

    depth: int
    kind: str
    label: str
    source: str = ""
    op: int | None = None
    device: str = ""
    precision: str = ""
    mean_s: float | None = None
    latency_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    executions: float | None = None
    critical_share: float | None = None
    bound_by: str = ""
    estimate_source: str = ""
    cost_usd: float | None = None
    rejected: dict[str, str] = {}
    measured_s: float | None = None
    misestimate: float | None = None


class Move(_Record):
    """A value that moves between device classes: over which link, how large, how long."""

    what: str
    producer: str
    consumer: str
    link: str
    from_device: str
    to_device: str
    bytes: float
    seconds: float


class Check(_Record):
    """A constraint with what the plan makes of it. `used` is value / limit."""

    name: str
    value: float
    limit: float
    shown: str
    used: float


class Explanation(_Record):
    """Everything that `agentc explain` prints. `latency_s` is by "mean", "p50", "p95", "p99";
    `low_s` .. `high_s` is the interval of the p95, `cost_usd` of a thousand runs (None: not
    priced), `levers` are the three stages that most repay a change."""

    name: str
    objective: str
    latency_s: dict[str, float]
    low_s: float
    high_s: float
    cost_usd: float | None
    rows: tuple[Row, ...]
    moves: tuple[Move, ...]
    checks: tuple[Check, ...]
    levers: tuple[str, ...]
    notes: tuple[str, ...]
    solver: str
    status: str
    gap: float
    seed: int
    schema: str = "agentc.explain/v1"


def explain(problem: Problem, solution: Solution) -> Explanation:
    """Returns the explanation of a solution."""
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(solution.choices)
    shares = critical_path(evaluator, chosen)
    refused = rejections(problem, solution)
    rows = _Rows(evaluator, chosen, shares, refused)
    metrics = solution.metrics
    return Explanation(
        name=problem.name,
        objective=solution.objective,
        latency_s=metrics.latency_s,
        low_s=min(metrics.low_s, metrics.latency_s["p95"]),
        high_s=max(metrics.high_s, metrics.latency_s["p95"]),
        cost_usd=None if metrics.cost_usd is None else RUNS * metrics.cost_usd,
        rows=tuple(rows.of(problem.tree, 0)),
        moves=tuple(_moves(evaluator, chosen)),
        checks=tuple(_checks(problem, solution)),
        levers=tuple(_levers(evaluator, chosen, shares)),
        notes=problem.notes,
        solver=solution.solver,
        status=solution.status,
        gap=solution.gap,
        seed=solution.seed,
    )


def with_measurements(said: Explanation, measured_s: Mapping[int, float]) -> Explanation:
    """Returns an explanation with the measured seconds of one execution beside its estimates, for
    `explain --analyze`; rows of ops that were not measured are left as they are."""

    def measured(row: Row) -> Row:
        seconds = measured_s.get(row.op) if row.op is not None else None
        if seconds is None:
            return row
        factor = seconds / row.mean_s if row.mean_s else None
        return msgspec.structs.replace(row, measured_s=seconds, misestimate=factor)

    return msgspec.structs.replace(said, rows=tuple(measured(row) for row in said.rows))


class _Rows:
    """Makes the rows of a tree, in program order."""

    def __init__(
        self,
        evaluator: Evaluator,
        chosen: Mapping[int, Candidate],
        shares: Mapping[int, float],
        refused: Mapping[int, dict[str, str]],
    ) -> None:
        self.evaluator, self.chosen, self.refused = evaluator, chosen, refused
        self.shares = shares
        self.whole_s = sum(shares.values())

    def of(self, node: Node, depth: int) -> Iterator[Row]:
        """Yields the rows of `node`. Plain sequences and regions have no line of their own."""
        if isinstance(node, Leaf):
            yield self._stage(node.stage, depth)
            return
        said = _said_of(node)
        if said:
            name = f"{node.label} {said}".strip()
            yield Row(depth, type(node).__name__.lower(), name, node.source)
            depth += 1
        for index, child in enumerate(children_of(node)):
            if isinstance(node, Branch):
                share = f"{node.probabilities[index]:.0%}"
                empty = " (nothing)" if isinstance(child, Seq) and not child.children else ""
                yield Row(depth, "case", f"case {index + 1}, {share}{empty}")
                yield from self.of(child, depth + 1)
            else:
                yield from self.of(child, depth)

    def _stage(self, stage_id: int, depth: int) -> Row:
        stage, candidate = self.evaluator.stages[stage_id], self.chosen[stage_id]
        p95 = candidate.time_s.p95
        estimate = candidate.estimate_p95
        executions = self.evaluator.multiplicity[stage_id].expected
        cost = candidate.cost_usd
        return Row(
            depth=depth,
            kind=stage.kind or "stage",
            label=stage.label,
            source=stage.source,
            op=stage_id,
            device=candidate.device,
            precision=candidate.precision,
            mean_s=candidate.time_s.mean,
            latency_s=p95,
            low_s=estimate.low_s if estimate else p95,
            high_s=estimate.high_s if estimate else p95,
            executions=executions,
            critical_share=self.shares.get(stage_id, 0.0) / self.whole_s if self.whole_s else 0.0,
            bound_by=estimate.limit if estimate else "declared",
            estimate_source=estimate.source if estimate else "declared",
            cost_usd=None if cost is None else RUNS * executions * cost,
            rejected=self.refused[stage_id],
        )


def _said_of(node: Node) -> str:
    """Returns what a control node's line says, or "" for one without a line."""
    if isinstance(node, Loop):
        return f"x{node.count.mean:.3g}, at most {node.count.p99:.0f} at p99"
    if isinstance(node, Map):
        together = f", {node.max_parallel} at once" if node.max_parallel else ""
        return f"x{node.width.mean:.3g} in parallel{together}"
    named = {"Branch": "one of", "Race": "first of"}
    return named.get(type(node).__name__, "")


def _moves(evaluator: Evaluator, chosen: Mapping[int, Candidate]) -> Iterator[Move]:
    for edge in evaluator.problem.edges:
        ends = chosen[edge.producer].device, chosen[edge.consumer].device
        transfer = evaluator.transfer_of(edge, chosen, edge.bytes_p95)
        if ends[0] != ends[1] and ORCHESTRATOR not in ends:
            yield Move(
                what=edge.what,
                producer=evaluator.stages[edge.producer].label,
                consumer=evaluator.stages[edge.consumer].label,
                link=transfer.link,
                from_device=ends[0],
                to_device=ends[1],
                bytes=edge.bytes_p95,
                seconds=transfer.seconds,
            )


def _checks(problem: Problem, solution: Solution) -> Iterator[Check]:
    for limit in limits_of(problem):
        value = limit.of(solution.metrics)
        if limit.kind == "memory" and value == 0:
            continue
        shown = f"{limit.show(value)} of {limit.show(limit.value)}"
        used = value / limit.value if limit.value else 0.0
        yield Check(limit.title(), value, limit.value, shown, used)


def _levers(
    evaluator: Evaluator, chosen: Mapping[int, Candidate], shares: Mapping[int, float]
) -> Iterator[str]:
    whole = sum(shares.values())
    for stage in sorted(shares, key=lambda s: -shares[s])[:3]:
        if whole <= 0 or shares[stage] < LEAST_LEVER * whole:
            continue
        candidate = chosen[stage]
        estimate = candidate.estimate_p95
        limit = estimate.limit if estimate else "declared"
        yield (
            f"{evaluator.stages[stage].label} is {shares[stage] / whole:.0%} of the critical path, "
            f"{_BOUND[limit]} on {candidate.device}"
        )


LEAST_LEVER = 0.05
"""A stage with less of the critical path than this is not worth a remark."""

_BOUND = {
    "compute": "bound by compute",
    "memory": "bound by memory bandwidth",
    "network": "bound by the network",
    "latency": "bound by the overhead of each call",
    "declared": "a declared latency",
}
