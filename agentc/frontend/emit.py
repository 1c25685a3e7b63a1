"""The builder: a graph document becomes a verified MLIR module of the `agent` dialect.

The tracer, `GraphBuilder` and the JSON form all end here, before the same verifier.
"""

from __future__ import annotations

import json
import os
from collections import ChainMap
from collections.abc import Sequence
from typing import Any

from agentc._mlir import ir
from agentc.errors import FrontendError
from agentc.frontend import attributes
from agentc.frontend.form.base import Attr, Form, Op, Operand
from agentc.frontend.form.control import Block
from agentc.frontend.form.data import Constant, MakeRecord
from agentc.frontend.form.document import GraphDocument, SchemaSymbol, ToolSymbol
from agentc.frontend.form.walk import blocks, marked, operand_groups
from agentc.frontend.places import Place, error, parse_place
from agentc.frontend.templates import suggest

Values = ChainMap[str, ir.Value]


def emit_module(document: GraphDocument, folder: str = "") -> ir.Module:
    """Builds and verifies the module of a graph.

    Args:
      folder: what relative files in `at` are relative to, for error messages.

    Raises:
      FrontendError: a value is used that nothing defines, or the verifier refuses the module;
        with the line in the user's file.
    """
    with ir.Context(), ir.Location.unknown():
        builder = _Builder(document, folder)
        try:
            return builder.build()
        except ir.MLIRError as problem:
            raise builder.translate(problem) from problem


class _Builder:
    """One module while it is built."""

    def __init__(self, document: GraphDocument, folder: str) -> None:
        self.document = document
        self.folder = folder
        self.at = document.at  # of what is being emitted

    def build(self) -> ir.Module:
        with self.location(self.document.at):
            module = ir.Module.create()
        with ir.InsertionPoint(module.body):
            self.symbols()
            self.graph()
        module.operation.verify()
        return module

    def location(self, at: str) -> ir.Location:
        if not at:
            return ir.Location.unknown()
        place = parse_place(at)
        return ir.Location.file(place.file, place.line, place.column)

    def symbols(self) -> None:
        document = self.document
        for op_name, symbols in (
            ("model", document.models),
            ("tool", document.tools),
            ("index", document.indexes),
            ("schema", document.schemas),
        ):
            for name, symbol in symbols.items():
                self.at = symbol.at
                fields = {"sym_name": ir.StringAttr.get(name)} | _attributes(symbol)
                if isinstance(symbol, ToolSymbol):
                    fields |= _tool_signature(symbol)
                elif isinstance(symbol, SchemaSymbol):
                    fields |= _schema_fields(symbol)
                self.create(op_name, symbol.at, attrs=fields)

    def graph(self) -> None:
        document = self.document
        self.at = document.at
        inputs = [attributes.write_type(value.type) for value in document.body.args]
        outputs = [attributes.write_type(value.type) for value in document.outputs]
        self.check_inputs()
        names = [{"agent.name": ir.StringAttr.get(name)} for name in document.inputs]
        fields = {
            "sym_name": ir.StringAttr.get(document.name),
            "function_type": ir.TypeAttr.get(ir.FunctionType.get(inputs, outputs)),
            "arg_attrs": ir.ArrayAttr.get([ir.DictAttr.get(name) for name in names]),
            "result_names": attributes.write(Attr("strs"), [v.name for v in document.outputs]),
        }
        if document.sla is not None:
            fields["sla"] = attributes.write_limits(document.sla)
        if document.budget is not None:
            fields["budget"] = attributes.write_limits(document.budget)
        op = self.create("graph", document.at, attrs=fields, regions=1)
        self.fill(op.regions[0], document.body, ChainMap(), document.at)

    def check_inputs(self) -> None:
        found, expected = len(self.document.inputs), len(self.document.body.args)
        if found != expected:
            raise error(
                f"graph '{self.document.name}' names {found} inputs: expected {expected} as its "
                "body has arguments; correct 'inputs'",
                self.place(self.document.at),
            )

    def fill(self, region: ir.Region, block: Block, outer: Values, at: str) -> None:
        """Emits a block into an empty region; it sees the values of `outer`."""
        types = [attributes.write_type(value.type) for value in block.args]
        location = self.location(at)
        made = region.blocks.append(*types, arg_locs=[location] * len(types))
        values = outer.new_child()
        for value, argument in zip(block.args, made.arguments, strict=True):
            self.define(values, value.name, argument, at)
        with ir.InsertionPoint(made):
            for op in block.ops:
                self.operation(op, values)

    def operation(self, op: Op, values: Values) -> None:
        self.at = op.at
        groups = operand_groups(op)
        operands = [self.use(values, name, op) for group in groups for name in group]
        fields = _attributes(op)
        if isinstance(op, Constant):
            self.check_results(op, 1)
            fields["value"] = self.constant(op)
        if isinstance(op, MakeRecord):
            self.check_results(op, 1)
        if op.sized:
            fields["operandSegmentSizes"] = ir.DenseI32ArrayAttr.get([len(g) for g in groups])
        inner = blocks(op)
        made = self.create(
            op.op,
            op.at,
            attrs=fields,
            operands=operands,
            results=[attributes.write_type(value.type) for value in op.results],
            regions=len(inner),
        )
        for region, block in zip(made.regions, inner, strict=True):
            self.fill(region, block, values, op.at)
        for value, result in zip(op.results, made.results, strict=True):
            self.define(values, value.name, result, op.at)

    def create(
        self,
        name: str,
        at: str,
        *,
        attrs: dict[str, ir.Attribute],
        operands: Sequence[ir.Value] = (),
        results: Sequence[ir.Type] = (),
        regions: int = 0,
    ) -> ir.Operation:
        return ir.Operation.create(
            f"agent.{name}",
            results=list(results),
            operands=list(operands),
            attributes=attrs,
            regions=regions,
            loc=self.location(at),
        )

    def constant(self, op: Constant) -> ir.Attribute:
        try:
            return attributes.write_constant(op.value, op.results[0].type)
        except (TypeError, KeyError, ValueError, AttributeError):
            raise error(
                f"a constant does not fit its type: found {op.value!r}, expected a value of type "
                f"{op.results[0].type}; correct the value",
                self.place(op.at),
            ) from None

    def check_results(self, op: Op, count: int) -> None:
        if len(op.results) != count:
            raise error(
                f"operation '{op.op}' has {len(op.results)} results, expected {count}; name them "
                "in 'results'",
                self.place(op.at),
            )

    def use(self, values: Values, name: str, op: Op) -> ir.Value:
        if name not in values:
            raise error(
                f"undefined variable '{name}' in operation '{op.op}': expected a value made "
                f"before it or in a region around it; {suggest(name, values)}define it first",
                self.place(op.at),
            )
        return values[name]

    def define(self, values: Values, name: str, value: ir.Value, at: str) -> None:
        if name in values:
            raise error(
                f"variable '{name}' is defined twice, expected one definition; rename one",
                self.place(at),
            )
        values[name] = value

    def place(self, at: str) -> Place:
        found = parse_place(at)
        return Place(os.path.join(self.folder, found.file), found.line, found.column)

    def translate(self, problem: Any) -> FrontendError:
        """Turns the first diagnostic into an error at the user's line; one of a text that was
        parsed (a type, an attribute) belongs to what was being emitted."""
        diagnostics = problem.error_diagnostics
        if not diagnostics:
            return error(str(problem), self.place(self.at))
        first = diagnostics[0]
        message = first.message.strip()
        if message.startswith("'"):
            message = message.replace("op ", "", 1)
        found = first.location
        if found.is_a_file() and not found.filename.startswith(("#", "!")):
            place = Place(os.path.join(self.folder, found.filename), found.start_line)
        else:
            place = self.place(self.at)
        return error(f"the graph is not valid: {message}; correct this operation", place)


def _attributes(record: Form) -> dict[str, ir.Attribute]:
    found = {}
    for name, mark in marked(type(record), Attr):
        value = getattr(record, name)
        if value is None or value is False or mark.kind == "constant":
            continue
        found[mark.name(name)] = attributes.write(mark, value)
    for name, mark in marked(type(record), Operand):
        if mark.names:
            found[mark.names] = attributes.write(Attr("strs"), list(getattr(record, name)))
    return found


def _tool_signature(symbol: ToolSymbol) -> dict[str, ir.Attribute]:
    params = [attributes.write_type(param.type) for param in symbol.params]
    function = ir.FunctionType.get(params, [attributes.write_type(symbol.result)])
    names = [param.name for param in symbol.params]
    return {
        "arg_names": attributes.write(Attr("strs"), names),
        "function_type": ir.TypeAttr.get(function),
    }


def _schema_fields(symbol: SchemaSymbol) -> dict[str, ir.Attribute]:
    text = json.dumps(symbol.json_, ensure_ascii=False, separators=(",", ":"))
    return {
        "type": ir.TypeAttr.get(attributes.write_type(symbol.type)),
        "json": ir.StringAttr.get(text),
    }
