"""Data operations: pure functions of their operands, run in the orchestrator itself."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from agentc.errors import RuntimeFault
from agentc.plan import Op
from agentc.runtime.templates import format_value, pieces
from agentc.runtime.types import conform, parse_type

DataHandler = Callable[[Op, list[Any]], Any]


def constant(op: Op, operands: list[Any]) -> Any:
    """The attribute `value`, in the form of the result's type where that is given."""
    value, types = op.attrs["value"], op.attrs.get("result_types")
    return conform(value, parse_type(types[0]), "a constant") if types else value


def get_field(op: Op, operands: list[Any]) -> Any:
    """The field `field` of a record."""
    return operands[0][op.attrs["field"]]


def make_record(op: Op, operands: list[Any]) -> dict[str, Any]:
    """A record of the operands under the names in `fields`."""
    return dict(zip(op.attrs["fields"], operands, strict=True))


def make_list(op: Op, operands: list[Any]) -> list[Any]:
    """A list of the operands."""
    return operands


def get_item(op: Op, operands: list[Any]) -> Any:
    """The element at an index, from 0; throws kind `index` when there is none."""
    items, position = operands
    if not 0 <= position < len(items):
        raise RuntimeFault(f"index {position} of a list of {len(items)}", kind="index")
    return items[position]


def length(op: Op, operands: list[Any]) -> int:
    """The number of elements, or of characters of a text."""
    return len(operands[0])


def concat(op: Op, operands: list[Any]) -> Any:
    """Texts, or lists, one after the other."""
    if isinstance(operands[0], str):
        return "".join(operands)
    return [item for items in operands for item in items]


def flatten(op: Op, operands: list[Any]) -> list[Any]:
    """The elements of the lists of a list."""
    return [item for items in operands[0] for item in items]


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "contains": operator.contains,
}


def compare(op: Op, operands: list[Any]) -> bool:
    """Compares two values by `predicate`."""
    return _COMPARE[op.attrs["predicate"]](*operands)


def binary(op: Op, operands: list[Any]) -> int | float:
    """Integers divide towards minus infinity; a zero divisor and an overflow throw."""
    left, right = operands
    kind = op.attrs["kind"]
    if kind in ("div", "mod") and right == 0:
        raise RuntimeFault(f"{kind} of {left} by zero", kind="arithmetic")
    result: int | float = _BINARY[kind](left, right)
    if isinstance(result, int) and not -(2**63) <= result < 2**63:
        raise RuntimeFault(f"{kind} of {left} and {right} is outside of i64", kind="arithmetic")
    return result


def _divide(left: Any, right: Any) -> Any:
    return left // right if isinstance(left, int) else left / right


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _divide,
    "mod": operator.mod,
}


def prompt(op: Op, operands: list[Any]) -> str:
    """A template with its arguments written in."""
    return "".join(p.text for p in pieces(op.attrs["template"], arguments(op, operands)))


def await_handle(op: Op, operands: list[Any]) -> Any:
    """The result of a call. A handle is there when its call has ended, so to wait for it is to
    use it: the dataflow runs everything else beside the call without more ado."""
    return operands[0]


def arguments(op: Op, operands: list[Any]) -> dict[str, str]:
    """Returns a template's operands as text, by the names in `arg_names`; `operand_types`, where
    given, say how each is written."""
    names = op.attrs.get("arg_names", ())
    types = op.attrs.get("operand_types") or [None] * len(names)
    return {
        name: format_value(value, type_)
        for name, value, type_ in zip(names, operands, types, strict=True)
    }


DATA: dict[str, DataHandler] = {
    "agent.constant": constant,
    "agent.get_field": get_field,
    "agent.make_record": make_record,
    "agent.make_list": make_list,
    "agent.get_item": get_item,
    "agent.length": length,
    "agent.concat": concat,
    "agent.flatten": flatten,
    "agent.compare": compare,
    "agent.binary": binary,
    "agent.and": lambda op, operands: all(operands),
    "agent.or": lambda op, operands: any(operands),
    "agent.not": lambda op, operands: not operands[0],
    "agent.prompt": prompt,
    "stage.await": await_handle,
}
