"""From a solution to what the plan carries: estimates by op, devices, and the promise."""

from __future__ import annotations

import msgspec

from agentc.cost_models.cluster import Cluster
from agentc.cost_models.critical import critical_path
from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.problem import ORCHESTRATOR, Problem
from agentc.cost_models.rejected import rejections
from agentc.cost_models.solution import Solution
from agentc.plan import Choice, Device, Estimate, Promise


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a stage runs; `device` is `ORCHESTRATOR` for what computes nothing."""

    device: str
    precision: str


def placements(problem: Problem, solution: Solution) -> dict[int, Placement]:
    """Returns the placement of every stage by op id."""
    chosen = Evaluator(problem).chosen(solution.choices)
    return {stage: Placement(c.device, c.precision) for stage, c in chosen.items()}


def stage_estimates(problem: Problem, solution: Solution) -> dict[int, Estimate]:
    """Returns the expected time and cost of one execution of every stage, by op id."""
    chosen = Evaluator(problem).chosen(solution.choices)
    return {stage: c.estimate for stage, c in chosen.items() if c.estimate is not None}


def run_estimate(problem: Problem, solution: Solution) -> Estimate:
    """Returns the p95 of the whole run, with its interval, and the expected cost of one run.

    `limit` is what binds the stage with the largest share of the critical path; `source` is the
    weakest among the stages, in the order fitted, profiled, declared, datasheet.
    """
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(solution.choices)
    metrics = solution.metrics
    shares = critical_path(evaluator, chosen)
    largest = max(shares, key=lambda stage: shares[stage], default=None)
    top = chosen[largest].estimate_p95 if largest is not None else None
    order = ("fitted", "profiled", "declared", "datasheet")
    sources = [c.estimate.source for c in chosen.values() if c.estimate is not None]
    return Estimate(
        latency_s=metrics.latency_s["p95"],
        low_s=min(metrics.low_s, metrics.latency_s["p95"]),
        high_s=max(metrics.high_s, metrics.latency_s["p95"]),
        limit=top.limit if top is not None else "declared",
        source=max(sources, key=order.index, default="declared"),
        cost_usd=metrics.cost_usd,
    )


def to_promise(problem: Problem, solution: Solution) -> Promise:
    """Returns the plan's record of what the planner answered, with a choice for every stage."""
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(solution.choices)
    shares = critical_path(evaluator, chosen)
    whole = sum(shares.values()) or 1.0
    refused = rejections(problem, solution)
    choices = tuple(
        Choice(stage, c.device, shares.get(stage, 0.0) / whole, refused[stage])
        for stage, c in chosen.items()
    )
    return Promise(
        objective=solution.objective,
        objective_value=solution.objective_value,
        bound=solution.bound,
        gap=solution.gap,
        status=solution.status,
        solver=solution.solver,
        seed=solution.seed,
        run=run_estimate(problem, solution),
        choices=choices,
    )


def plan_devices(problem: Problem, solution: Solution, cluster: Cluster) -> tuple[Device, ...]:
    """Returns the device classes that the plan uses, by name.

    `memory_bytes` is what is left for state on one of them: the usable memory less the weights
    that the plan puts there.
    """
    evaluator = Evaluator(problem)
    chosen = evaluator.chosen(solution.choices)
    used = sorted({c.device for c in chosen.values()} - {ORCHESTRATOR})
    made = []
    for name in used:
        device = cluster.devices[name]
        weights = {
            (problem.stage(stage).weights or stage, c.precision): c.weights_bytes
            for stage, c in chosen.items()
            if c.device == name
        }
        left = device.memory_bytes * device.usable_memory - sum(weights.values())
        price = problem.device(name).price_usd_per_hour
        driver = device.iree.device if device.iree else ""
        made.append(
            Device(name, device.kind, driver, 1, max(int(left), 0), device.cores or 0, price)
        )
    return tuple(made)
