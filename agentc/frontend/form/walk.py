"""Walking over operations by the marks on their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TypeVar

from agentc.frontend.form.base import Attr, Body, Form, Op, Operand
from agentc.frontend.form.control import Block

Mark = TypeVar("Mark", Operand, Attr, Body)


@cache
def marked(op: type[Form], mark: type[Mark]) -> tuple[tuple[str, Mark], ...]:
    """Returns the fields of `op` with the given mark, and the mark of each, in order."""
    return tuple(
        (name, found)
        for name, field in op.model_fields.items()
        for found in field.metadata
        if isinstance(found, mark)
    )


def operand_groups(op: Op) -> list[list[str]]:
    """Returns the names of the values that `op` uses, by operand group."""
    return [_names(getattr(op, field)) for field, _ in marked(type(op), Operand)]


def blocks(op: Op) -> list[Block]:
    """Returns the regions of `op`, in the dialect's order."""
    found: list[Block] = []
    for field, _ in marked(type(op), Body):
        value = getattr(op, field)
        found += value if isinstance(value, list) else [value]
    return found


def rename(ops: Sequence[Op], names: Mapping[str, str]) -> None:
    """Replaces every use of the values in `names` in `ops` and the regions inside, in place."""
    for op in ops:
        for field, _ in marked(type(op), Operand):
            setattr(op, field, _changed(getattr(op, field), names))
        for block in blocks(op):
            rename(block.ops, names)


def walk(block: Block) -> Iterator[Op]:
    """Yields every operation of a block, regions after the operation that holds them."""
    for op in block.ops:
        yield op
        for inner in blocks(op):
            yield from walk(inner)


def renumber(body: Block) -> None:
    """Names all values v0, v1, ... in the order in which they appear, in place."""
    names: dict[str, str] = {}
    _number(body, names)
    _apply(body, names)


def _number(block: Block, names: dict[str, str]) -> None:
    for value in block.args:
        names[value.name] = f"v{len(names)}"
    for op in block.ops:
        for value in op.results:
            names[value.name] = f"v{len(names)}"
        for inner in blocks(op):
            _number(inner, names)


def _apply(block: Block, names: dict[str, str]) -> None:
    for value in block.args:
        value.name = names[value.name]
    for op in block.ops:
        for value in op.results:
            value.name = names[value.name]
        for inner in blocks(op):
            _apply(inner, names)
    for op in block.ops:
        for field, _ in marked(type(op), Operand):
            setattr(op, field, _changed(getattr(op, field), names))


def _names(value: str | list[str] | dict[str, str] | None) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    return list(value.values()) if isinstance(value, dict) else list(value)


def _changed(
    value: str | list[str] | dict[str, str] | None, names: Mapping[str, str]
) -> str | list[str] | dict[str, str] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: names.get(name, name) for key, name in value.items()}
    return [names.get(name, name) for name in value]
