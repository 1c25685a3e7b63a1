"""The last lowering: a placed `stage` module becomes the tree of records of a `Plan`.

Nothing is decided here. Values get numbers in program order, attributes become plain JSON under
their names, types become strings, and locations become "graph.py:42".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentc import plan
from agentc._mlir import ir
from agentc._mlir.dialects import agent, stage
from agentc.cost_models.problem import ORCHESTRATOR

# Attributes that have a field of their own in `plan.Op`, or mean nothing after compilation.
_OWN_FIELD = {"label", "placement", "work", "work_p95", "op_id", "est_tokens"}
_OWN_FIELD |= {"operandSegmentSizes"}
_RENAMED = {"template_text": "template"}  # `template` is a word of C++
_ENUMS = {
    ("agent.binary", "kind"): agent.BinaryKind,
    ("agent.compare", "predicate"): agent.ComparePredicate,
    ("agent.vote", "reduce"): agent.VoteReduce,
}
_TERMINATORS = {"agent.yield": "yield", "agent.return": "return", "agent.throw": "throw"}


class PlanBuilder:
    """Numbers values and operations while it walks one graph.

    A stage op keeps its `op_id`, so that the planner's answer speaks of the same numbers; all
    others count on from the highest.
    """

    def __init__(self, estimates: dict[int, plan.Estimate]) -> None:
        self._values: dict[ir.Value, int] = {}
        self._estimates = estimates
        self._next_op = 0

    def body(self, graph: ir.OpView) -> plan.Region:
        """Returns the body of a placed `agent.graph`."""
        block = graph.regions[0].blocks[0]
        own_ids = (own_id(op) for op in walk(block))
        self._next_op = 1 + max((number for number in own_ids if number is not None), default=-1)
        return self.region(block)

    def number(self, value: ir.Value) -> int:
        return self._values.setdefault(value, len(self._values))

    def region(self, block: ir.Block) -> plan.Region:
        """Returns `block` as a record; its terminator becomes how the region ends."""
        arguments = tuple(self.number(argument) for argument in block.arguments)
        *body, last = block.operations
        ops = tuple(self.operation(op) for op in body)
        return plan.Region(
            args=arguments,
            ops=ops,
            yields=tuple(self.number(operand) for operand in last.operands),
            end=_TERMINATORS[last.operation.name],
            end_attrs={**attributes(last), "source": source_line(last)},
        )

    def operation(self, op: ir.OpView) -> plan.Op:
        number = own_id(op)
        if number is None:
            number, self._next_op = self._next_op, self._next_op + 1
        operands = tuple(self.number(operand) for operand in op.operands)
        regions = tuple(self.region(region.blocks[0]) for region in op.regions)
        results = tuple(self.number(result) for result in op.results)
        return plan.Op(
            id=number,
            kind=op.operation.name,
            operands=operands,
            results=results,
            attrs=attributes(op),
            regions=regions,
            source=source_line(op),
            label=_label(op),
            device=_device(op),
            work=_work(op),
            estimate=self._estimates.get(number),
        )


def attributes(op: ir.OpView) -> dict[str, Any]:
    """Returns the attributes of `op` as JSON, with the types of its operands and results."""
    kind = op.operation.name
    values = {
        _RENAMED.get(name, name): (
            str(_ENUMS[kind, name](attribute.value))
            if (kind, name) in _ENUMS
            else json_value(attribute)
        )
        for name, attribute in named_attributes(op)
        if name not in _OWN_FIELD
    }
    if kind == "agent.constant":
        values["value"] = json_value(op.attributes["value"], op.results[0].type)
    if kind in ("agent.make_record", "agent.parse"):
        values["fields"] = [name for name, _ in op.results[0].type.fields]
    values["operand_types"] = [type_name(operand.type) for operand in op.operands]
    values["result_types"] = [type_name(result.type) for result in op.results]
    if "operandSegmentSizes" in op.attributes:
        values["operand_segments"] = list(op.attributes["operandSegmentSizes"])
    return values


def named_attributes(op: ir.OpView) -> list[tuple[str, ir.Attribute]]:
    return [(name, op.attributes[name]) for name in op.attributes]


def json_value(attribute: ir.Attribute, type_: ir.Type | None = None) -> Any:
    """Returns an attribute as a JSON value; `type_` gives records the order of their fields."""
    if isinstance(attribute, ir.DictAttr):
        fields = type_.fields if type_ is not None else [(item.name, None) for item in attribute]
        return {name: json_value(attribute[name], field) for name, field in fields}
    if isinstance(attribute, agent.DistAttr):
        return distribution(attribute)
    if isinstance(attribute, ir.UnitAttr):
        return True
    if isinstance(attribute, ir.TypeAttr):
        return type_name(attribute.value)
    if isinstance(attribute, ir.ArrayAttr):
        element = type_.element_type if type_ is not None else None
        return [json_value(item, element) for item in attribute]
    if isinstance(attribute, (ir.DenseF64ArrayAttr, ir.DenseI64ArrayAttr, ir.DenseI32ArrayAttr)):
        return list(attribute)
    return attribute.value


def distribution(attribute: agent.DistAttr) -> dict[str, Any]:
    return {
        "kind": attribute.kind,
        "values": list(attribute.values),
        "weights": list(attribute.weights or ()),
        "provenance": attribute.provenance,
    }


def type_name(type_: ir.Type) -> str:
    """Returns a type as the dialects print it, without their prefixes: "list<text>"."""
    return str(type_).replace("!agent.", "").replace("!stage.", "")


def source_line(op: ir.OpView) -> str:
    """Returns "graph.py:42" for an op, or "" when it has no line (an op that a pass made up)."""
    location = op.location
    while location.is_a_name():
        location = location.child_loc
    return f"{location.filename}:{location.start_line}" if location.is_a_file() else ""


def walk(block: ir.Block) -> Iterator[ir.OpView]:
    """Yields every op of a block and of the regions inside, in program order."""
    for op in block.operations:
        yield op
        for region in op.regions:
            for inner in region.blocks:
                yield from walk(inner)


def own_id(op: ir.OpView) -> int | None:
    """Returns the number that `split-calls` gave a stage op, or None."""
    return op.attributes["op_id"].value if "op_id" in op.attributes else None


def _label(op: ir.OpView) -> str:
    return op.attributes["label"].value if "label" in op.attributes else ""


def _device(op: ir.OpView) -> str | None:
    if "placement" not in op.attributes:
        return None
    device = op.attributes["placement"].device
    return None if device == ORCHESTRATOR else device


def _work(op: ir.OpView) -> plan.Work | None:
    if "work" not in op.attributes:
        return None
    return work_record(op.attributes["work"])


def work_record(attribute: stage.WorkAttr) -> plan.Work:
    """Returns `#stage.work` as the plan's record."""
    return plan.Work(
        flops=attribute.flops,
        bytes_read=attribute.bytes_read,
        bytes_written=attribute.bytes_written,
        state_bytes=attribute.state_bytes,
        comm_bytes=attribute.comm_bytes,
        calls=attribute.calls,
    )
