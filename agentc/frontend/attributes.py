"""Between plain Python values and MLIR attributes, both ways, by kind of attribute.

All functions need a current `ir.Context`.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from agentc._mlir import ir
from agentc._mlir.dialects import agent
from agentc.frontend import types as t
from agentc.frontend.dists import SLA, Budget, Dist
from agentc.frontend.form.base import Attr


def write(mark: Attr, value: Any) -> ir.Attribute:
    """Returns the attribute for a field's value."""
    if mark.kind == "enum":
        number = {str(member): int(member) for member in getattr(agent, mark.enum)}[value]
        return ir.IntegerAttr.get(ir.IntegerType.get_signless(32), number)
    return _WRITERS[mark.kind](value)


def read(mark: Attr, attribute: ir.Attribute) -> Any:
    """Returns the field's value for an attribute: the inverse of `write`."""
    if mark.kind == "enum":
        return str(getattr(agent, mark.enum)(attribute.value))
    return _READERS[mark.kind](attribute)


def write_constant(value: Any, type_: t.Type) -> ir.Attribute:
    """Returns the attribute of a constant: JSON `value` of a graph type."""
    if isinstance(type_, t.Record):
        return ir.DictAttr.get({name: write_constant(value[name], f) for name, f in type_.fields})
    element = t.element_of(type_)
    if element is not None:
        return ir.ArrayAttr.get([write_constant(item, element) for item in value])
    if type_ == t.I1:
        return ir.BoolAttr.get(value)
    if type_ == t.I64:
        return _integer(value)
    return _float(value) if type_ == t.F64 else ir.StringAttr.get(value)


def read_constant(attribute: ir.Attribute) -> Any:
    """Returns the JSON value of a constant's attribute."""
    if isinstance(attribute, ir.DictAttr):
        return {item.name: read_constant(item.attr) for item in attribute}
    if isinstance(attribute, ir.ArrayAttr):
        return [read_constant(item) for item in attribute]
    return attribute.value


def write_type(type_: t.Type) -> ir.Type:
    """Returns the MLIR type of a graph type."""
    return ir.Type.parse(type_.mlir())


def read_type(type_: ir.Type) -> t.Type:
    """Returns the graph type of an MLIR type."""
    return t.parse_type(str(type_))


def write_limits(limits: SLA | Budget) -> ir.Attribute:
    """Returns `#agent.sla<...>` or `#agent.budget<...>`."""
    given = {f.name: getattr(limits, f.name) for f in fields(limits)}
    parts = [f"{k} = {_spell(v)}" for k, v in given.items() if v is not None]
    return ir.Attribute.parse(f"#agent.{type(limits).__name__.lower()}<{', '.join(parts)}>")


def read_limits(attribute: ir.Attribute) -> dict[str, float | int]:
    """Returns the fields of an SLA or a budget that are set."""
    pairs = re.findall(r"(\w+) = ([^,>]+)", str(attribute))
    return {name: int(v) if name == "tokens" else float(v) for name, v in pairs}


def _integer(value: int) -> ir.IntegerAttr:
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(64), value)


def _float(value: float) -> ir.FloatAttr:
    return ir.FloatAttr.get(ir.F64Type.get(), value)


def _spell(value: float | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.17e}"


def _write_dist(dist: Dist) -> ir.Attribute:
    weights = f" weights [{_floats(dist.weights)}]" if dist.weights else ""
    values = _floats(dist.values)
    return ir.Attribute.parse(f"#agent.dist<{dist.kind} [{values}]{weights} {dist.provenance}>")


def _read_dist(attribute: ir.Attribute) -> Dist:
    found = agent.DistAttr(attribute)
    return Dist(
        str(found.kind), tuple(found.values), tuple(found.weights or ()), str(found.provenance)
    )


def _floats(values: tuple[float, ...]) -> str:
    return ", ".join(_spell(float(value)) for value in values)


def _write_cases(values: list[str] | list[int]) -> ir.Attribute:
    items = [ir.StringAttr.get(v) if isinstance(v, str) else _integer(v) for v in values]
    return ir.ArrayAttr.get(items)


def _write_unit(value: bool) -> ir.Attribute:
    assert value, "a flag that is not set has no attribute"
    return ir.UnitAttr.get()


_WRITERS: dict[str, Any] = {
    "str": ir.StringAttr.get,
    "i64": _integer,
    "f64": _float,
    "unit": _write_unit,
    "symbol": ir.FlatSymbolRefAttr.get,
    "strs": _write_cases,
    "cases": _write_cases,
    "f64s": ir.DenseF64ArrayAttr.get,
    "ints": lambda d: ir.DictAttr.get({k: _integer(v) for k, v in d.items()}),
    "dist": _write_dist,
}
_READERS: dict[str, Any] = {
    "str": lambda a: a.value,
    "i64": lambda a: a.value,
    "f64": lambda a: a.value,
    "unit": lambda a: True,
    "symbol": lambda a: a.value,
    "strs": lambda a: [item.value for item in a],
    "cases": lambda a: [item.value for item in a],
    "f64s": list,
    "ints": lambda a: {item.name: item.attr.value for item in a},
    "dist": _read_dist,
    "constant": read_constant,
}
