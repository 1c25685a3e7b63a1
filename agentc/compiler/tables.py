"""The tables of a plan: ports, tools, schemas, indexes, limits, from the module's symbols."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from agentc import plan
from agentc._mlir import ir
from agentc._mlir.dialects import agent
from agentc.compiler.lower_plan import type_name
from agentc.compiler.shape import dist_record
from agentc.compiler.stages import symbols

_Record = TypeVar("_Record", plan.Sla, plan.Budget)


def ports(graph: ir.OpView) -> tuple[tuple[plan.Port, ...], tuple[plan.Port, ...]]:
    """Returns the inputs and outputs of a graph. Results without a name are result0, result1..."""
    type_ = graph.attributes["function_type"].value
    given = graph.attributes.get("arg_attrs", ())
    names = [attributes["agent.name"].value for attributes in given]
    inputs = tuple(port(name, t) for name, t in zip(names, type_.inputs, strict=True))
    given = graph.attributes.get("result_names", [])
    results = [name.value for name in given] or [f"result{i}" for i in range(len(type_.results))]
    return inputs, tuple(port(name, t) for name, t in zip(results, type_.results, strict=True))


def port(name: str, type_: ir.Type) -> plan.Port:
    return plan.Port(name, type_name(type_), json_schema(type_))


def json_schema(type_: ir.Type) -> dict[str, Any]:
    """Returns the JSON schema of a type's values."""
    if isinstance(type_, agent.RecordType):
        fields = {name: json_schema(field) for name, field in type_.fields}
        return {
            "type": "object",
            "title": type_.name,
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        }
    if isinstance(type_, agent.ListType):
        return {"type": "array", "items": json_schema(type_.element_type)}
    if isinstance(type_, agent.EmbeddingType):
        size = type_.dim
        return {"type": "array", "items": {"type": "number"}, "minItems": size, "maxItems": size}
    if isinstance(type_, ir.RankedTensorType):
        return _tensor_schema([type_.get_dim_size(i) for i in range(type_.rank)], type_)
    return dict(_SCALARS[str(type_)])


_TEXT = {"type": "string"}
_PASSAGE = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "source": _TEXT,
        "text": _TEXT,
        "score": {"type": "number"},
    },
    "required": ["id", "source", "text", "score"],
}
_SCALARS: dict[str, dict[str, Any]] = {
    "!agent.text": _TEXT,
    "i1": {"type": "boolean"},
    "i64": {"type": "integer"},
    "f64": {"type": "number"},
    "!agent.docs": {"type": "array", "items": _PASSAGE},
}


def _tensor_schema(shape: list[int], type_: ir.RankedTensorType) -> dict[str, Any]:
    if not shape:
        return {"type": "number" if "f" in str(type_.element_type) else "integer"}
    size = {} if shape[0] < 0 else {"minItems": shape[0], "maxItems": shape[0]}
    return {"type": "array", "items": _tensor_schema(shape[1:], type_), **size}


def tools(module: ir.Module) -> tuple[plan.Tool, ...]:
    """Returns the tools of a module in the order of their names."""
    table = sorted(symbols(module).items())
    return tuple(_tool(name, op) for name, op in table if op.operation.name == "agent.tool")


def _tool(name: str, op: ir.OpView) -> plan.Tool:
    def optional(key: str, default: Any = None) -> Any:
        return op.attributes[key].value if key in op.attributes else default

    def strings(key: str) -> tuple[str, ...]:
        return tuple(s.value for s in op.attributes[key]) if key in op.attributes else ()

    type_ = op.attributes["function_type"].value
    latency = dist_record(op.attributes["latency"]) if "latency" in op.attributes else None
    return plan.Tool(
        name=name,
        params=tuple(port(n, t) for n, t in zip(strings("arg_names"), type_.inputs, strict=True)),
        result=port("result", type_.results[0]),
        tool_class=str(agent.ToolClass(op.attributes["tool_class"].value)),
        reads=strings("reads"),
        writes=strings("writes"),
        timeout_s=optional("timeout_s"),
        retries=optional("retries", 0),
        latency=latency,
        cost_usd=optional("cost_usd"),
        doc=optional("doc", ""),
    )


def schemas(module: ir.Module) -> dict[str, dict[str, Any]]:
    """Returns the JSON schemas of structured outputs by name."""
    return {
        name: json.loads(op.attributes["json"].value)
        for name, op in sorted(symbols(module).items())
        if op.operation.name == "agent.schema"
    }


def sla(graph: ir.OpView) -> plan.Sla | None:
    return _limits(graph, "sla", plan.Sla)


def budget(graph: ir.OpView) -> plan.Budget | None:
    return _limits(graph, "budget", plan.Budget)


def _limits(graph: ir.OpView, name: str, record: type[_Record]) -> _Record | None:
    if name not in graph.attributes:
        return None
    values = graph.attributes[name].values
    return record(**dict(values))
