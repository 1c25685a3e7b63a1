"""The way back: an MLIR module of the `agent` dialect becomes a graph document (JSON export)."""

from __future__ import annotations

import json
from typing import Any, get_args

from agentc._mlir import ir
from agentc.errors import CompileError
from agentc.frontend import attributes
from agentc.frontend.dists import SLA, Budget
from agentc.frontend.form.base import Attr, Body, Form, Op, Operand, Value
from agentc.frontend.form.control import Block, ControlOp
from agentc.frontend.form.data import DataOp
from agentc.frontend.form.document import (
    GraphDocument,
    IndexSymbol,
    ModelSymbol,
    SchemaSymbol,
    ToolSymbol,
)
from agentc.frontend.form.walk import marked
from agentc.frontend.form.work import WorkOp
from agentc.frontend.types import Record

_OPS: dict[str, type[Op]] = {
    cls.model_fields["op"].default: cls for union in (WorkOp, DataOp, ControlOp)
    for cls in get_args(union)
}  # fmt: skip
_SYMBOLS: dict[str, tuple[str, type[Form]]] = {
    "agent.model": ("models", ModelSymbol),
    "agent.tool": ("tools", ToolSymbol),
    "agent.index": ("indexes", IndexSymbol),
    "agent.schema": ("schemas", SchemaSymbol),
}


def read_module(module: ir.Module) -> GraphDocument:
    """Returns the document of a module with one graph in the `agent` dialect.

    Values are named v0, v1, ... in order. `emit_module` of the result prints as `module` does.

    Raises:
      CompileError: the module holds another number of graphs, or operations of another dialect.
    """
    with module.context:
        symbols: dict[str, dict[str, Any]] = {kind: {} for kind, _ in _SYMBOLS.values()}
        graphs = []
        for op in module.body.operations:
            operation = op.operation
            if operation.name == "agent.graph":
                graphs.append(operation)
            elif operation.name in _SYMBOLS:
                kind, cls = _SYMBOLS[operation.name]
                name = operation.attributes["sym_name"].value
                symbols[kind][name] = _symbol(operation, cls)
            else:
                raise _foreign(operation)
        if len(graphs) != 1:
            raise CompileError(f"the module has {len(graphs)} graphs, expected one; split it")
        return _graph(graphs[0], symbols)


def _graph(op: ir.Operation, symbols: dict[str, dict[str, Any]]) -> GraphDocument:
    attrs = op.attributes
    function = attrs["function_type"].value
    names = [item.value for item in attrs["result_names"]] if "result_names" in attrs else []
    names = names or [f"result{n}" for n in range(len(function.results))]
    outputs = zip(names, function.results, strict=True)
    limits = {k: attributes.read_limits(attrs[k]) for k in ("sla", "budget") if k in attrs}
    body = _Reader().block(op.regions[0].blocks[0])
    inputs = [f"input{n}" for n in range(len(body.args))]
    if "arg_attrs" in attrs:
        inputs = [item["agent.name"].value for item in attrs["arg_attrs"]]
    return GraphDocument(
        name=attrs["sym_name"].value,
        models=symbols["models"],
        tools=symbols["tools"],
        indexes=symbols["indexes"],
        schemas=symbols["schemas"],
        inputs=inputs,
        outputs=[Value(name=n, type=attributes.read_type(type_)) for n, type_ in outputs],
        sla=_limits(SLA, limits.get("sla")),
        budget=_limits(Budget, limits.get("budget")),
        body=body,
        at=_at(op),
    )


def _limits(cls: type[SLA] | type[Budget], given: dict[str, Any] | None) -> Any:
    from pydantic import TypeAdapter

    return None if given is None else TypeAdapter(cls).validate_python(given)


def _symbol(op: ir.Operation, cls: type[Form]) -> Form:
    fields = _fields(op, cls) | {"at": _at(op)}
    if cls is ToolSymbol:
        function = op.attributes["function_type"].value
        names = [item.value for item in op.attributes["arg_names"]]
        pairs = zip(names, function.inputs, strict=True)
        fields["params"] = [Value(name=n, type=attributes.read_type(t)) for n, t in pairs]
        fields["result"] = attributes.read_type(function.results[0])
    if cls is SchemaSymbol:
        fields["type"] = attributes.read_type(op.attributes["type"].value)
        fields["json"] = json.loads(op.attributes["json"].value)
    return cls(**fields)


def _fields(op: ir.Operation, cls: type[Form]) -> dict[str, Any]:
    found = {}
    for name, mark in marked(cls, Attr):
        key = mark.name(name)
        if key in op.attributes:
            found[name] = attributes.read(mark, op.attributes[key])
    return found


class _Reader:
    """Numbers the values in the order in which it meets them."""

    def __init__(self) -> None:
        self.names: dict[ir.Value, str] = {}

    def define(self, value: ir.Value) -> Value:
        name = self.names.setdefault(value, f"v{len(self.names)}")
        return Value(name=name, type=attributes.read_type(value.type))

    def block(self, block: ir.Block) -> Block:
        args = [self.define(argument) for argument in block.arguments]
        ops: list[Any] = [self.operation(op.operation) for op in block.operations]
        return Block(args=args, ops=ops)

    def operation(self, op: ir.Operation) -> Op:
        dialect, _, name = op.name.partition(".")
        cls = _OPS.get(name) if dialect == "agent" else None
        if cls is None:
            raise _foreign(op)
        results = [self.define(result) for result in op.results]
        fields = _fields(op, cls) | self.operands(op, cls, results)
        return cls(results=results, at=_at(op), **fields, **self.regions(op, cls))

    def operands(self, op: ir.Operation, cls: type[Op], results: list[Value]) -> dict[str, Any]:
        names = [self.names[value] for value in op.operands]
        found: dict[str, Any] = {}
        sizes = list(op.attributes["operandSegmentSizes"]) if cls.sized else None
        for number, (field, mark) in enumerate(marked(cls, Operand)):
            annotation = cls.model_fields[field].annotation
            is_list = "list" in str(annotation) or "dict" in str(annotation)
            count = sizes[number] if sizes else len(names) if is_list else min(1, len(names))
            taken, names = names[:count], names[count:]
            if mark.names:
                keys = [item.value for item in op.attributes[mark.names]]
                found[field] = dict(zip(keys, taken, strict=True))
            elif "dict" in str(annotation):
                record = results[0].type
                assert isinstance(record, Record)
                found[field] = dict(zip((n for n, _ in record.fields), taken, strict=True))
            else:
                found[field] = taken if is_list else taken[0] if taken else None
        return found

    def regions(self, op: ir.Operation, cls: type[Op]) -> dict[str, Any]:
        blocks = [self.block(region.blocks[0]) for region in op.regions]
        found: dict[str, Any] = {}
        for field, _ in marked(cls, Body):
            many = "list" in str(cls.model_fields[field].annotation)
            found[field] = blocks if many else blocks.pop(0)
        return found


def _at(op: ir.Operation) -> str:
    location = op.location
    if not location.is_a_file():
        return ""
    return f"{location.filename}:{location.start_line}:{location.start_col}"


def _foreign(op: ir.Operation) -> CompileError:
    return CompileError(
        f"operation '{op.name}' has no place in a graph document, expected operations of the agent "
        "dialect; export the graph before it is lowered"
    )
