"""The compiler, readable from top to bottom."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agentc import plan
from agentc._mlir import ir
from agentc.compiler import binaries, precisions, stages, tables
from agentc.compiler.lower_plan import PlanBuilder, source_line
from agentc.compiler.passes import run_pipeline
from agentc.compiler.placement import write_placement, write_work
from agentc.compiler.shape import shape_of
from agentc.compiler.symbols import Described, describe_symbols
from agentc.cost_models.builder import build_problem
from agentc.cost_models.cluster import Cluster, load_cluster
from agentc.cost_models.explanation import Explanation, explain
from agentc.cost_models.planner import solve
from agentc.cost_models.problem import Problem
from agentc.cost_models.promise import placements, plan_devices, stage_estimates, to_promise
from agentc.cost_models.solution import Solution
from agentc.frontend.graph import TracedGraph
from agentc.frontend.loader import load_program

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Placed:
    """A graph at stage level with the planner's answer written into it."""

    traced: TracedGraph
    cluster: Cluster
    graph_sha256: str
    described: Described
    offered: dict[str, precisions.Offered]
    problem: Problem
    solution: Solution

    @property
    def graph(self) -> ir.OpView:
        return stages.symbols(self.traced.module)[self.traced.name]


@dataclass(frozen=True)
class Compiled:
    """What compiling gives: the plan, the placed module, and the files that they refer to.

    `files` maps a path inside the package to a file on this machine, `texts` to its content.
    `passages` are those of every index; their vectors are not computed yet.
    """

    plan: plan.Plan
    explanation: Explanation
    graph_bytecode: bytes
    files: dict[str, Path]
    texts: dict[str, str]
    parameters: dict[str, Path]
    passages: dict[str, list[dict[str, object]]]
    notes: tuple[str, ...]


def compile_graph(
    graph: str | TracedGraph,
    target: str | Path | Cluster,
    *,
    objective: str = "cost",
    seed: int = 0,
    precision: str = "",
    progress: Progress = lambda text: None,
) -> Compiled:
    """Compiles a graph for a fleet.

    Args:
      graph: "graph.py:name" (the file is executed), graph.json, or a traced graph.
      target: path of cluster.yaml, or a loaded one.
      objective: "cost" (USD per run) or "latency".
      seed: of the solver; equal inputs and seeds give equal plans.
      precision: of all models, "f32", "f16", "i8" or "i4"; "" leaves it to the planner, among those
        that lose nothing of a model's file.

    Raises:
      FrontendError, CompileError, ClusterError, ModelFormatError: what is wrong, and where.
      InfeasibleError: no placement satisfies all constraints.
    """
    placed = place_graph(
        graph, target, objective=objective, seed=seed, precision=precision, progress=progress
    )
    with placed.traced.module.context, ir.Location.unknown():
        return _generate_code(placed, progress)


def place_graph(
    graph: str | TracedGraph,
    target: str | Path | Cluster,
    *,
    objective: str = "cost",
    seed: int = 0,
    precision: str = "",
    progress: Progress = lambda text: None,
) -> Placed:
    """The first half of `compile_graph`: everything up to the placement, no code generated."""
    cluster = target if isinstance(target, Cluster) else load_cluster(target)
    progress("tracing the graph")
    # A module of its own: the passes change it, and the caller may compile the graph again.
    traced = load_program(graph) if isinstance(graph, str) else replace(graph)
    with traced.module.context, ir.Location.unknown():
        return _place(traced, cluster, objective, seed, precision, progress)


def _place(
    traced: TracedGraph,
    cluster: Cluster,
    objective: str,
    seed: int,
    precision: str,
    progress: Progress,
) -> Placed:
    module = traced.module
    graph_sha256 = hashlib.sha256(str(module).encode()).hexdigest()

    # Sizes of models and indexes: the passes estimate work with them.
    progress("reading models and documents")
    described = describe_symbols(traced)
    offered = precisions.offered(described.sources, cluster, precision)

    # agent -> stage: pieces of work and the state that they share.
    progress("lowering")
    run_pipeline(module, "agentc-lower-to-stage")

    # Where everything runs: a problem as data, a solver, an answer that is checked.
    progress("placing")
    graph = stages.symbols(module)[traced.name]
    shape = shape_of(graph)
    specs = stages.stage_specs(module, graph, offered)
    problem = build_problem(
        specs,
        shape.tree,
        stages.edge_specs(graph, shape, offered),
        cluster,
        tables.sla(graph),
        objective,
        budget=tables.budget(graph),
        name=traced.name,
        sla_source=source_line(graph),
    )
    solution = solve(problem, seed=seed)
    taken = placements(problem, solution)
    write_placement(module, graph, taken)

    # Moves between device classes become operations; the C++ gate checks the whole.
    run_pipeline(module, "agentc-finalize-placement")
    write_work(graph, taken, specs)
    return Placed(traced, cluster, graph_sha256, described, offered, problem, solution)


def _generate_code(placed: Placed, progress: Progress) -> Compiled:
    module, graph, described = placed.traced.module, placed.graph, placed.described
    problem, solution = placed.problem, placed.solution

    # A binary for every (model, device class) that the plan uses.
    built = binaries.build(placed, progress)

    # Everything that the runtime needs, as data.
    inputs, outputs = tables.ports(graph)
    made = plan.Plan(
        name=placed.traced.name,
        graph_sha256=placed.graph_sha256,
        inputs=inputs,
        outputs=outputs,
        body=PlanBuilder(stage_estimates(problem, solution)).body(graph),
        models=built.models,
        tools=tables.tools(module),
        indexes=described.index_records(),
        schemas=tables.schemas(module),
        devices=plan_devices(problem, solution, placed.cluster),
        sla=tables.sla(graph),
        budget=tables.budget(graph),
        promise=to_promise(problem, solution),
    )
    return Compiled(
        plan=made,
        explanation=explain(problem, solution),
        graph_bytecode=_bytecode(module),
        files=built.files,
        texts=built.texts,
        parameters=built.parameters,
        passages=described.passages,
        notes=(*problem.notes, *built.notes),
    )


def _bytecode(module: ir.Module) -> bytes:
    buffer = io.BytesIO()
    module.operation.write_bytecode(buffer)
    return buffer.getvalue()
