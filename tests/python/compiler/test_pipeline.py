"""From a traced graph to a placement, on the real weights' sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentc.compiler import place_graph
from agentc.cost_models.cluster import load_cluster
from agentc.cost_models.promise import to_promise
from agentc.errors import CompileError, InfeasibleError
from agentc.frontend.loader import load_program

CLUSTER = Path(__file__).parents[3] / "samples" / "cluster.yaml"
PROGRAM = """
import agentc as ag

@ag.llm(model="smollm2-135m-instruct", max_tokens=4)
def say(text: str) -> str:
    '''{text}'''

@ag.graph(sla=ag.SLA(p95="%s"))
def small(text: str) -> str:
    return say(text)
"""


def program(tmp_path: Path, p95: str = "60s") -> str:
    file = tmp_path / "small.py"
    file.write_text(PROGRAM % p95)
    return str(file)


def test_a_graph_can_be_placed_again_and_stays_as_written(tmp_path: Path) -> None:
    traced = load_program(program(tmp_path))
    before = str(traced.module)
    first, second = (place_graph(traced, CLUSTER) for _ in range(2))
    assert str(traced.module) == before
    assert first.graph_sha256 == second.graph_sha256
    assert to_promise(first.problem, first.solution) == to_promise(second.problem, second.solution)


def test_a_promise_that_cannot_be_kept_names_the_line_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InfeasibleError, match=r"small\.py:8: .* p95_s = 1 ms; raise p95_s to"):
        place_graph(program(tmp_path, "1ms"), CLUSTER)


def test_objectives_are_cost_and_latency(tmp_path: Path) -> None:
    cluster, file = load_cluster(CLUSTER), program(tmp_path)
    assert place_graph(file, cluster, objective="latency").solution.objective == "latency"
    with pytest.raises(CompileError, match="expected cost or latency"):
        place_graph(file, cluster, objective="speed")
