"""Stages for the planner: what each placeable op needs, and what passes between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentc._mlir import ir
from agentc.compiler.lower_plan import source_line, type_name, walk, work_record
from agentc.compiler.precisions import REFERENCE, Offered, in_precision
from agentc.compiler.shape import PLACEABLE, Shape, dist_record, op_id
from agentc.cost_models.specs import EdgeSpec, StageSpec
from agentc.cost_models.work import WorkBand
from agentc.plan import Distribution

BYTES_PER_TOKEN = 4.0  # a token id; a token is about four bytes of text as well
DOC_BYTES = 1024.0  # a passage of 256 tokens
UNKNOWN_TOOL = Distribution("lognormal", (0.1, 1.0), (), "declared")  # nobody said: 0.1 s, p95 1 s


def symbols(module: ir.Module) -> dict[str, ir.OpView]:
    """Returns the module-level ops by symbol name."""
    return {
        op.attributes["sym_name"].value: op
        for op in module.body.operations
        if "sym_name" in op.attributes
    }


def stage_specs(
    module: ir.Module, graph: ir.OpView, offered: Mapping[str, Offered]
) -> list[StageSpec]:
    """Returns one spec for every placeable op of `graph`, in program order. `offered` gives the
    precisions of every model by symbol; what is not in it runs in the reference's."""
    table = symbols(module)
    return [
        _spec(op, table, offered)
        for op in walk(graph.regions[0].blocks[0])
        if op.operation.name in PLACEABLE
    ]


def _spec(op: ir.OpView, table: dict[str, ir.OpView], offered: Mapping[str, Offered]) -> StageSpec:
    kind = op.operation.name
    label = op.attributes["label"].value if "label" in op.attributes else ""
    common: dict[str, Any] = {
        "op": op_id(op),
        "kind": kind,
        "label": label,
        "source": source_line(op),
    }
    if kind == "stage.call":
        return _tool_spec(table[op.attributes["tool"].value], common)
    model = op.attributes["model"].value if "model" in op.attributes else None
    return StageSpec(
        **common,
        **_needs(op, table[model] if model else None, offered.get(model) if model else None),
        model=model,
        state_group=model if kind in ("stage.prefill", "stage.decode") else None,
        colocate=model,
        streams="stream" in op.attributes,
        steps=max(work_band(op).mean.calls, 1.0),
    )


def _tool_spec(tool: ir.OpView, common: dict[str, Any]) -> StageSpec:
    declared = "latency" in tool.attributes
    latency = dist_record(tool.attributes["latency"]) if declared else UNKNOWN_TOOL
    cost_usd = tool.attributes["cost_usd"].value if "cost_usd" in tool.attributes else None
    return StageSpec(**common, fixed=latency, cost_usd=cost_usd)


def _needs(op: ir.OpView, model: ir.OpView | None, offered: Offered | None) -> dict[str, Any]:
    """The work and the weights of an op by precision, and the precisions by device class."""
    band = work_band(op)
    if offered is None:
        dims = None
        if model is not None and "dims" in model.attributes:
            dims = model.attributes["dims"]
        sizes = {} if dims is None else {REFERENCE: float(dims["weight_bytes"].value)}
        return {"work": {REFERENCE: band}, "weights_bytes": sizes}
    found = offered.footprints()
    return {
        "work": {
            name: in_precision(band, op.operation.name, offered.reference, footprint)
            for name, footprint in found.items()
        },
        "weights_bytes": {name: float(f.weight_bytes) for name, f in found.items()},
        "precisions": {
            device: tuple(precisions.footprints) for device, precisions in offered.by_class.items()
        },
    }


def work_band(op: ir.OpView) -> WorkBand:
    """Returns the work of a stage op at the mean and at the p95, as annotate-work found it."""
    mean = work_record(op.attributes["work"])
    p95 = work_record(op.attributes["work_p95"]) if "work_p95" in op.attributes else mean
    return WorkBand(mean, p95)


def edge_specs(graph: ir.OpView, shape: Shape, offered: Mapping[str, Offered]) -> list[EdgeSpec]:
    """Returns the values that pass between placeable ops, once per pair of ops and value."""
    edges: dict[tuple[int, int, str], EdgeSpec] = {}
    stages = [op for op in walk(graph.regions[0].blocks[0]) if op.operation.name in PLACEABLE]
    by_id = {op_id(op): op for op in stages}
    for op in stages:
        for operand in op.operands:
            what = type_name(operand.type)
            for producer in sorted(shape.origins.get(operand, frozenset()) - {op_id(op)}):
                size = _size(operand, by_id[producer], op, offered)
                edges[producer, op_id(op), what] = EdgeSpec(producer, op_id(op), size, what=what)
    return list(edges.values())


def _size(
    value: ir.Value, producer: ir.OpView, consumer: ir.OpView, offered: Mapping[str, Offered]
) -> float:
    """Expected bytes of a value: by its type, and for a KV by the state that the consumer holds
    (the largest, as its precision is not chosen yet)."""
    spelled = str(value.type)
    if spelled == "!stage.kv":
        model = consumer.attributes["model"].value if "model" in consumer.attributes else ""
        bands = _needs(consumer, None, offered.get(model))["work"].values()
        return max(float(band.mean.state_bytes) for band in bands)
    if spelled.startswith("!agent.embedding"):
        return 4.0 * float(value.type.dim)
    if spelled == "!agent.docs":
        return DOC_BYTES * (producer.attributes["k"].value if "k" in producer.attributes else 8)
    return BYTES_PER_TOKEN * expected_tokens(consumer)


def expected_tokens(consumer: ir.OpView) -> float:
    """Returns the tokens that a stage op takes in, as annotate-work expects them (128 where nothing
    says it): of one that takes several values, an upper bound for each."""
    counts = consumer.attributes.get("est_tokens")
    return (counts["in"].value if counts is not None else 0.0) or 128.0
