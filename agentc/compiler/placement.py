"""Writes the planner's answer into the module: a `#stage.placement` on the stage ops.

The planner places what has work; tokenising and opening a sequence stand where their model runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from agentc._mlir import ir
from agentc._mlir.dialects import stage
from agentc.compiler.lower_plan import walk
from agentc.compiler.shape import PLACEABLE, op_id
from agentc.cost_models.problem import ORCHESTRATOR
from agentc.cost_models.promise import Placement
from agentc.cost_models.specs import StageSpec
from agentc.cost_models.work import FIELDS

ENGINE_BATCH = 8  # sequences that one engine serves at once
IN_ORCHESTRATOR = Placement(ORCHESTRATOR, "")


def write_placement(module: ir.Module, graph: ir.OpView, taken: dict[int, Placement]) -> None:
    """Attaches a placement to the stage ops of `graph` that have work or name a model, and the
    device classes to the module. The others follow a sequence or a call: `insert-transfers` places
    them where that is."""
    by_model = {
        op.attributes["model"].value: taken[op_id(op)]
        for op in walk(graph.regions[0].blocks[0])
        if op.operation.name in PLACEABLE and "model" in op.attributes
    }
    names: set[str] = set()
    for op in walk(graph.regions[0].blocks[0]):
        candidate = _candidate(op, taken, by_model)
        if candidate is None:
            continue
        names.add(candidate.device)
        op.attributes["placement"] = _attribute(op, candidate)
    module.operation.attributes["agentc.device_classes"] = ir.ArrayAttr.get(
        [ir.StringAttr.get(name, module.context) for name in sorted(names)], module.context
    )


def _candidate(
    op: ir.OpView, taken: dict[int, Placement], by_model: dict[str, Placement]
) -> Placement | None:
    """Returns where `op` stands: its own choice, or its model's; None for what follows others."""
    if op.operation.name in PLACEABLE:
        return taken[op_id(op)]
    if op.operation.name.startswith("stage.") and "model" in op.attributes:
        return by_model.get(op.attributes["model"].value, IN_ORCHESTRATOR)
    return None


def _attribute(op: ir.OpView, candidate: Placement) -> ir.Attribute:
    batch = ENGINE_BATCH if op.operation.name in ("stage.prefill", "stage.decode") else 1
    precision = candidate.precision or "none"
    return ir.Attribute.parse(
        f'#stage.placement<"{candidate.device}", replicas = 1, tp = 1, pp = 1, '
        f'max_batch = {batch}, precision = "{precision}">',
        op.context,
    )


def write_work(graph: ir.OpView, taken: dict[int, Placement], specs: Iterable[StageSpec]) -> None:
    """Writes the work of every stage in the precision that was taken, over the estimate of
    `annotate-work`, which knows only the reference's."""
    works = {spec.op: spec.work for spec in specs}
    for op in walk(graph.regions[0].blocks[0]):
        if op.operation.name not in PLACEABLE:
            continue
        band = works[op_id(op)].get(taken[op_id(op)].precision)
        for name, work in (("work", band.mean), ("work_p95", band.p95)) if band else ():
            values = {field: getattr(work, field) for field in FIELDS}
            op.attributes[name] = stage.WorkAttr.get(**values)
