"""What every solver is, and what the simple ones share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agentc.cost_models.problem import Problem, Stage
from agentc.cost_models.solution import Answer


class Solver(Protocol):
    """Answers a problem. The answer is checked by the caller, so a solver may be anything."""

    def __call__(self, problem: Problem, *, seed: int, time_limit_s: float) -> Answer:
        """Returns the answer; it must be the same for the same problem and seed unless the time
        limit is reached."""
        ...


@dataclass(frozen=True)
class Unit:
    """Stages that move together: one stage, or all that share a `colocate` key. `options` are the
    ways to place them, each a candidate index by stage id."""

    stages: tuple[int, ...]
    options: tuple[Mapping[int, int], ...]


def units_of(problem: Problem) -> list[Unit]:
    """Returns the independent choices of `problem`, in the order of its stages."""
    groups: dict[object, list[Stage]] = {}
    for stage in problem.stages:
        groups.setdefault(stage.colocate or stage.id, []).append(stage)
    return [Unit(tuple(s.id for s in group), tuple(_options(group))) for group in groups.values()]


def _options(group: list[Stage]) -> list[dict[int, int]]:
    """Returns one option per (device class, precision) that all stages of a group have."""
    indexed = [
        {(c.device, c.precision): index for index, c in enumerate(stage.candidates)}
        for stage in group
    ]
    shared = [key for key in indexed[0] if all(key in index for index in indexed)]
    return [
        {stage.id: index[key] for stage, index in zip(group, indexed, strict=True)}
        for key in shared
    ]


def solver_named(name: str) -> Callable[..., Answer]:
    """Returns the solver called "cpsat", "greedy" or "exhaustive". Raises ValueError.

    The import is inside, so that only those who solve with CP-SAT load OR-Tools.
    """
    if name == "cpsat":
        from agentc.cost_models.solvers.cpsat import solve_cpsat

        return solve_cpsat
    if name == "greedy":
        from agentc.cost_models.solvers.greedy import solve_greedy

        return solve_greedy
    if name == "exhaustive":
        from agentc.cost_models.solvers.exhaustive import solve_exhaustive

        return solve_exhaustive
    raise ValueError(f"unknown solver '{name}', expected cpsat, greedy or exhaustive")
