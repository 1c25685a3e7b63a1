"""Data operations: pure functions of their operands."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentc._mlir.dialects import agent
from agentc.interpreter.values import Thrown, python_value

if TYPE_CHECKING:
    from agentc._mlir import ir
    from agentc.interpreter.interpret import Frame


def _constant(op: ir.OpView, frame: Frame) -> list[Any]:
    return [python_value(op.attributes["value"], op.results[0].type)]


def _get_field(op: ir.OpView, frame: Frame) -> list[Any]:
    return [frame.operands(op)[0][op.attributes["field"].value]]


def _make_record(op: ir.OpView, frame: Frame) -> list[Any]:
    names = [name for name, _ in op.results[0].type.fields]
    return [dict(zip(names, frame.operands(op), strict=True))]


def _make_list(op: ir.OpView, frame: Frame) -> list[Any]:
    return [frame.operands(op)]


def _get_item(op: ir.OpView, frame: Frame) -> list[Any]:
    items, position = frame.operands(op)
    if not 0 <= position < len(items):
        raise Thrown("index", f"index {position} of a list of {len(items)}")
    return [items[position]]


def _length(op: ir.OpView, frame: Frame) -> list[Any]:
    return [len(frame.operands(op)[0])]


def _concat(op: ir.OpView, frame: Frame) -> list[Any]:
    first, *rest = frame.operands(op)
    for value in rest:
        first = first + value
    return [first]


def _flatten(op: ir.OpView, frame: Frame) -> list[Any]:
    return [[item for items in frame.operands(op)[0] for item in items]]


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "contains": operator.contains,
}


def _compare(op: ir.OpView, frame: Frame) -> list[Any]:
    left, right = frame.operands(op)
    predicate = agent.ComparePredicate(op.attributes["predicate"].value)
    return [_COMPARE[str(predicate)](left, right)]


def _binary(op: ir.OpView, frame: Frame) -> list[Any]:
    """Integers divide towards minus infinity, as in Python; dividing by zero throws."""
    left, right = frame.operands(op)
    kind = str(agent.BinaryKind(op.attributes["kind"].value))
    if kind in ("div", "mod") and right == 0:
        raise Thrown("arithmetic", f"{kind} of {left} by zero")
    if kind == "div":
        result = left // right if isinstance(left, int) else left / right
    else:
        result = _ARITHMETIC[kind](left, right)
    if isinstance(result, int) and not -(2**63) <= result < 2**63:
        raise Thrown("arithmetic", f"{kind} of {left} and {right} does not fit into i64")
    return [result]


_ARITHMETIC = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "mod": operator.mod,
}


HANDLERS = {
    "constant": _constant,
    "get_field": _get_field,
    "make_record": _make_record,
    "make_list": _make_list,
    "get_item": _get_item,
    "length": _length,
    "concat": _concat,
    "flatten": _flatten,
    "compare": _compare,
    "binary": _binary,
    "and": lambda op, frame: [all(frame.operands(op))],
    "or": lambda op, frame: [any(frame.operands(op))],
    "not": lambda op, frame: [not frame.operands(op)[0]],
}
