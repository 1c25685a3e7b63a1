"""Every solver on every instance of tests/problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from agentc.cost_models.planner import solve
from agentc.cost_models.problem import Problem, decode, encode, from_mapping
from agentc.cost_models.promise import placements
from agentc.cost_models.solvers.base import solver_named
from agentc.cost_models.verification import verify
from agentc.errors import CompileError, InfeasibleError

FILES = sorted((Path(__file__).parents[2] / "problems").glob("*.yaml"))
SOLVERS = ("cpsat", "exhaustive", "greedy")


def _load(path: Path) -> tuple[Problem, dict[str, Any]]:
    data = YAML(typ="safe").load(path.read_text())
    return from_mapping(data["problem"]), data["expect"]


def test_there_are_instances() -> None:
    """The folder is found, whatever the working directory."""
    assert len(FILES) >= 9


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("solver", SOLVERS)
def test_solver_gives_what_the_instance_expects(path: Path, solver: str) -> None:
    """Exact solvers reach the expected optimum and placement; greedy is feasible or gives up."""
    problem, expect = _load(path)
    if "infeasible" in expect:
        error = CompileError if solver == "greedy" else InfeasibleError
        with pytest.raises(error) as caught:
            solve(problem, solver=solver)
        if solver != "greedy":
            assert all(words in str(caught.value) for words in expect["infeasible"])
        return
    solution = solve(problem, solver=solver)
    assert verify(problem, solution) == []
    if solver == "greedy":
        assert solution.objective_value >= expect["objective"] * (1 - 1e-9)
        return
    assert solution.objective_value == pytest.approx(expect["objective"], rel=1e-9)
    assert solution.status == "optimal"
    assert solution.gap == 0.0
    labels = {stage.id: stage.label for stage in problem.stages}
    placed = {labels[i]: p.device for i, p in placements(problem, solution).items()}
    assert {k: placed[k] for k in expect["placed"]} == expect["placed"]
    if "p95_s" in expect:
        assert solution.metrics.latency_s["p95"] == pytest.approx(expect["p95_s"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_instance_survives_a_round_trip_as_text(path: Path) -> None:
    """A problem is data: written and read back it is the same."""
    problem, _ = _load(path)
    assert problem.check() == []
    assert decode(encode(problem)) == problem


def test_equal_seeds_give_equal_answers() -> None:
    """Determinism, which a compile cache and every test rely on."""
    problem, _ = _load(FILES[0])
    first, second = (solver_named("cpsat")(problem, seed=3, time_limit_s=10) for _ in range(2))
    assert first == second


def test_an_unknown_solver_is_refused() -> None:
    """The message lists the known ones."""
    with pytest.raises(ValueError, match="expected cpsat, greedy or exhaustive"):
        solver_named("magic")
