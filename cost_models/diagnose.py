"""Why nothing fits, in the user's words, and the cheapest way out of each conflict.

1. A stage that no device class can run is the whole answer.
2. Else a minimal set of conflicting limits is found by deletion: a limit without which there is
   still no placement does not belong to the conflict.
3. Each limit of the set is then dropped and its own quantity minimised, all others kept: the
   smallest value of that limit for which the rest can be satisfied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.limits import Limit, limits_of
from agentc.cost_models.problem import Limits, Problem, Stage
from agentc.cost_models.solution import Answer
from agentc.errors import InfeasibleError, SourceLine

Find = Callable[[Problem], Answer]
"""Solves a problem with the settings of the failed run."""


def diagnose(problem: Problem, find: Find) -> InfeasibleError:
    """Returns the error that explains why `problem` has no placement."""
    for stage in problem.stages:
        if not stage.candidates:
            return InfeasibleError(_no_class(stage), source=_source_of(stage.source))
    limits = limits_of(problem)
    if find(_without(problem, limits)).choices is None:
        return InfeasibleError(
            "no placement joins all stages even without any limit: stages that pass values to each "
            "other stand on device classes that no link joins, or stages that must stand together "
            "have no device class in common; add a link or allow more device classes"
        )
    core = _core(problem, limits, find)
    advice = [(limit, _needed(problem, limit, find)) for limit in core]
    source = next((s for s in (_source_of(limit.source) for limit in core) if s), None)
    return InfeasibleError(_conflict(advice, str(source)), source=source)


def _no_class(stage: Stage) -> str:
    reasons = "; ".join(f"{device} {reason}" for device, reason in stage.rejected.items())
    return (
        f"no device class can run '{stage.label}': {reasons or 'the fleet has no device'}; "
        "add a device class to cluster.yaml that can, or allow one in the graph"
    )


def _source_of(source: str) -> SourceLine | None:
    file, _, line = source.rpartition(":")
    return SourceLine(file, int(line)) if file and line.isdigit() else None


def _without(problem: Problem, limits: Sequence[Limit]) -> Problem:
    """Returns `problem` without these limits."""
    dropped = {(limit.kind, limit.name) for limit in limits}
    kept = tuple(lim for lim in problem.limits.latency if ("latency", lim.name) not in dropped)
    devices = tuple(
        msgspec.structs.replace(d, memory_bytes=None) if ("memory", d.name) in dropped else d
        for d in problem.devices
    )
    own = problem.limits
    rest = Limits(
        latency=kept,
        run_usd=None if ("run_usd", "budget") in dropped else own.run_usd,
        hourly_usd=None if ("hourly_usd", "hourly") in dropped else own.hourly_usd,
    )
    return msgspec.structs.replace(problem, limits=rest, devices=devices)


def _core(problem: Problem, limits: Sequence[Limit], find: Find) -> list[Limit]:
    """Returns a minimal set of limits that cannot hold together. Prices and latencies come last,
    so that what stays is what a user can most easily change."""
    order = {"memory": 0, "hourly_usd": 1, "run_usd": 2, "latency": 3}
    dropped: list[Limit] = []
    for limit in sorted(limits, key=lambda limit: order[limit.kind]):
        if find(_without(problem, [*dropped, limit])).choices is None:
            dropped.append(limit)
    return [limit for limit in limits if limit not in dropped]


def _needed(problem: Problem, limit: Limit, find: Find) -> float | None:
    """Returns the smallest value of `limit` with which all else holds, or None when there is
    none."""
    relaxed = limit.relaxed(problem)
    answer = find(relaxed)
    if answer.choices is None:
        return None
    return limit.of(Evaluator(problem).metrics(answer.choices))


def _conflict(advice: Sequence[tuple[Limit, float | None]], place: str) -> str:
    """Returns the message; `place` stands before it already, and is not said again."""
    names = [limit.words(with_source=limit.source != place) for limit, _ in advice]
    ways = [limit.relaxation(needed) for limit, needed in advice if needed is not None]
    if len(names) == 1:
        what = f"no placement satisfies {names[0]}"
    else:
        what = f"no placement satisfies {', '.join(names[:-1])} and {names[-1]} together"
    if len(ways) == 1:
        return f"{what}; {ways[0]}"
    if ways:
        return f"{what}; one of these would do: {'; '.join(ways)}"
    return f"{what}, and other limits conflict besides; relax these first and plan again"
