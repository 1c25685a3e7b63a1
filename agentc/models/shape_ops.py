"""Operations that move data without computing: reshape, slice, scatter of rows."""

from __future__ import annotations

from math import prod

from agentc.models.scalar_body import TensorProgramError
from agentc.models.tensor_module import Dim, Shape, Tensor, tensor_type
from agentc.models.tensor_program import Function

Groups = tuple[tuple[int, ...], ...]


def _groups_text(groups: Groups) -> str:
    return "[" + ", ".join("[" + ", ".join(map(str, g)) + "]" for g in groups) + "]"


def _check(groups: Groups, fine: Shape, coarse: Shape) -> None:
    """Static extents must multiply up; a run-time extent is the caller's promise."""
    if [i for g in groups for i in g] != list(range(len(fine))) or len(groups) != len(coarse):
        raise TensorProgramError(f"groups {groups} do not fit {fine} and {coarse}")
    for group, dim in zip(groups, coarse, strict=True):
        parts = [fine[i] for i in group]
        if isinstance(dim, int) and (
            any(isinstance(p, str) for p in parts) or prod(int(p) for p in parts) != dim
        ):
            raise TensorProgramError(f"{parts} do not multiply up to {dim}")


def collapse(f: Function, x: Tensor, groups: Groups, shape: Shape) -> Tensor:
    """Merges adjacent dimensions; `groups` lists the dimensions of `x` in each new one."""
    _check(groups, x.shape, shape)
    text = f"tensor.collapse_shape {x.name} {_groups_text(groups)} : {x.type} into "
    return f.emit(text + tensor_type(shape, x.element), shape, x.element)


def expand(f: Function, x: Tensor, groups: Groups, shape: Shape) -> Tensor:
    """Splits dimensions; `groups` lists the new dimensions of each of `x`'s."""
    _check(groups, shape, x.shape)
    sizes = ", ".join(_size(d) for d in shape)
    text = f"tensor.expand_shape {x.name} {_groups_text(groups)} output_shape [{sizes}] : {x.type}"
    return f.emit(f"{text} into {tensor_type(shape, x.element)}", shape, x.element)


def columns(f: Function, x: Tensor, start: int, count: int) -> Tensor:
    """Returns x[:, start : start + count] of a matrix."""
    rows, width = x.shape
    if not isinstance(width, int) or start + count > width:
        raise TensorProgramError(f"no columns {start}..{start + count} in {x.type}")
    shape = (rows, count)
    text = f"tensor.extract_slice {x.name}[0, {start}] [{_size(rows)}, {count}] [1, 1] : {x.type}"
    return f.emit(f"{text} to {tensor_type(shape, x.element)}", shape, x.element)


def scatter_rows(f: Function, rows: Tensor, where: Tensor, into: Tensor) -> Tensor:
    """Writes row i of `rows` [n, c] to row `where[i]` (i32, all different) of `into`, in place."""
    if rows.shape[1:] != into.shape[1:] or where.shape != rows.shape[:1]:
        raise TensorProgramError(f"cannot scatter {rows.type} at {where.type} into {into.type}")
    index = expand(f, where, ((0, 1),), (where.shape[0], 1))
    value = f.emit(
        "iree_linalg_ext.scatter dimension_map = [0] unique_indices(true) "
        f"ins({rows.name}, {index.name} : {rows.type}, {index.type}) "
        f"outs({into.name} : {into.type}) {{",
        into.shape,
        into.element,
    )
    e = into.element
    f.raw([f"^bb0(%new: {e}, %old: {e}):", f"  iree_linalg_ext.yield %new : {e}"])
    f.raw([f"}} -> {into.type}"])
    return value


def _size(dim: Dim) -> str:
    return f"%{dim}" if isinstance(dim, str) else str(dim)
