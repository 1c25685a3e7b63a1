"""Weight matrices: as they are, multiplied by generated code; or in panels, by a C kernel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from agentc.codegen.kernels import KernelObject
from agentc.errors import ModelFormatError
from agentc.models.dispatch import (
    Kernel,
    KernelFile,
    dispatch,
    kernel_file,
    link_kernels,
    workgroups,
)
from agentc.models.scalar_body import Body, Scalar
from agentc.models.tensor_module import Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

FAMILY = "matmul_f32"
"""The kernel family (the object file's stem)."""
_MATMUL = Kernel(FAMILY, "matmul_f32", ("f32", "f32", "f32"), 3)
_PANEL = 16
_SUFFIX = ".panels"
_HALF_SUFFIX = ".f16"


def gather_rows(f: Function, table: Tensor, rows: Tensor) -> Tensor:
    """Returns table[rows]: the rows of a matrix that `rows` (i32) names."""

    def body(b: Body, row: Scalar) -> Scalar:
        return b.read(table, row.index(), b.loop_index("d"))

    return f.map("r->rd", rows, body=body, sizes={"d": table.shape[1]}, element=table.element)


class PlainLinear:
    """Implements `decoder.Linear` with generated code, for every target and shape."""

    def __init__(self, module: TensorModule) -> None:
        """Needs nothing of the module."""

    def apply(self, f: Function, x: Tensor, name: str, outputs: int) -> Tensor:
        """Returns x times the transpose of parameter `name`."""
        return f.matmul(x, f.parameter(name, (outputs, int(x.shape[1]))))

    def gather(self, f: Function, rows: Tensor, name: str, shape: tuple[int, int]) -> Tensor:
        """Returns rows of parameter `name`."""
        return gather_rows(f, f.parameter(name, shape), rows)


class KernelLinear(PlainLinear):
    """Implements `decoder.Linear` with kernels/matmul_f32.c.

    Matrices whose outputs are a multiple of 16 become the parameter `<name>.panels`,
    [outputs / 16, inputs, 16]; the others stay as they are.
    """

    def __init__(self, module: TensorModule, file: KernelFile) -> None:
        link_kernels(module, [_MATMUL], file)

    def apply(self, f: Function, x: Tensor, name: str, outputs: int) -> Tensor:
        """Returns x times the transpose of parameter `name`."""
        rows, inputs = str(x.shape[0]), int(x.shape[1])
        if outputs % _PANEL:
            return super().apply(f, x, name, outputs)
        weight = f.parameter(name + _SUFFIX, _panels(outputs, inputs))
        scalars = [f"%{rows}", f.index(outputs), f.index(inputs)]
        result: Shape = (rows, outputs)
        return dispatch(f, _MATMUL, workgroups(f, 1), [x, weight], scalars, result)[0]

    def gather(self, f: Function, rows: Tensor, name: str, shape: tuple[int, int]) -> Tensor:
        """Returns rows of parameter `name`, from the panels that `apply` reads too."""
        if shape[0] % _PANEL:
            return super().gather(f, rows, name, shape)
        table = f.parameter(name + _SUFFIX, _panels(*shape))

        def body(b: Body, row: Scalar) -> Scalar:
            at = row.index()
            return b.read(table, at // _PANEL, b.loop_index("d"), at % _PANEL)

        return f.map("r->rd", rows, body=body, sizes={"d": shape[1]})


class HalfLinear(PlainLinear):
    """Implements `decoder.Linear` with generated code and f16 matrices, the parameters
    `<name>.f16`: products of f16 numbers, summed in f32."""

    def apply(self, f: Function, x: Tensor, name: str, outputs: int) -> Tensor:
        """Returns x times the transpose of parameter `name`."""
        weight = f.parameter(name + _HALF_SUFFIX, (outputs, int(x.shape[1])), "f16")
        half = f.map("td->td", x, body=lambda b, v: v.f16(), element="f16")
        return f.matmul(half, weight)

    def gather(self, f: Function, rows: Tensor, name: str, shape: tuple[int, int]) -> Tensor:
        """Returns rows of parameter `name` as f32."""
        table = f.parameter(name + _HALF_SUFFIX, shape, "f16")

        def body(b: Body, row: Scalar) -> Scalar:
            return b.read(table, row.index(), b.loop_index("d")).f32()

        return f.map("r->rd", rows, body=body, sizes={"d": shape[1]})


def half_reader(read: Callable[[str], np.ndarray]) -> Callable[[str], np.ndarray]:
    """Returns `read` extended by the `.f16` forms of its matrices. They raise ModelFormatError if
    the file holds values beyond the range of f16."""

    def read_halves(name: str) -> np.ndarray:
        if not name.endswith(_HALF_SUFFIX):
            return read(name)
        base = name.removesuffix(_HALF_SUFFIX)
        with np.errstate(over="ignore"):
            halves = read(base).astype(np.float16)
        if not np.isfinite(halves).all():
            raise ModelFormatError(
                f"matrix '{base}' holds values beyond the range of f16 (65504); compile it with "
                "precision f32"
            )
        return halves

    return read_halves


def for_kernel(found: KernelObject | None) -> Callable[[TensorModule], PlainLinear]:
    """Returns how to multiply with the f32 kernel, or without one."""
    if found is None:
        return PlainLinear
    return partial(KernelLinear, file=kernel_file(found))


def _panels(outputs: int, inputs: int) -> tuple[int, int, int]:
    return (outputs // _PANEL, inputs, _PANEL)


def panel_reader(read: Callable[[str], np.ndarray]) -> Callable[[str], np.ndarray]:
    """Returns `read` extended by the `.panels` forms of its matrices."""

    def read_panels(name: str) -> np.ndarray:
        if not name.endswith(_SUFFIX):
            return read(name)
        matrix = read(name.removesuffix(_SUFFIX))
        return matrix.reshape(-1, _PANEL, matrix.shape[1]).swapaxes(1, 2)

    return read_panels
