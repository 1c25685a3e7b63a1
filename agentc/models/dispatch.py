"""Custom dispatches: calls from a tensor program into a compiled C kernel.

A kernel sees each buffer as a flat memref and the scalars as index values (kernels/abi.h). It may
update one operand in place; its results are new buffers, appended to the arguments.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from agentc.codegen.kernels import KernelObject
from agentc.models.scalar_body import TensorProgramError
from agentc.models.tensor_module import Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

_UNBOUNDED = 1 << 40
"""Kernels take raw buffers; the memref needs some size."""


@dataclass(frozen=True)
class Kernel:
    """A C function `agentc_<name>` of the object `<family>.<instruction set>.o`.

    Attributes:
      buffers: element types of the operands, then of the result.
      scalars: how many index scalars follow.
    """

    family: str
    name: str
    buffers: tuple[str, ...]
    scalars: int


@dataclass(frozen=True)
class KernelFile:
    """An object file, by its name, and the object format of the target that links it, such as
    "embedded-elf-x86_64"."""

    name: str
    elf: str


def kernel_file(found: KernelObject) -> KernelFile:
    """Returns an object as programs refer to it."""
    return KernelFile(found.path.name, found.elf)


def link_kernels(module: TensorModule, kernels: Sequence[Kernel], file: KernelFile) -> None:
    """Adds an executable with one export a kernel; all are of one family, linked from `file`.

    The first call also adds the number of workers, which kernels cut their work by, and its
    setter `set_workers(i32)`.
    """
    (family,) = {kernel.family for kernel in kernels}
    path = f'#hal.executable.object<{{path = "{file.name}"}}>'
    target = f'#hal.executable.target<"llvm-cpu", "{file.elf}", {{}}>'
    lines = [
        f"stream.executable private @{family} attributes {{hal.executable.objects = "
        f"#hal.executable.objects<{{{target} = [{path}]}}>}} {{"
    ]
    for kernel in kernels:
        lines += [
            f"  stream.executable.export public @{kernel.name} "
            "workgroups(%n: index) -> (index, index, index) {",
            "    %one = arith.constant 1 : index",
            "    stream.return %n, %one, %one : index, index, index",
            "  }",
        ]
    lines.append("  builtin.module {")
    for kernel in kernels:
        lines += _entry(kernel)
    module.prelude += [f"  {line}" for line in [*lines, "  }", "}"]]
    if "set_workers" not in module.exports:
        module.prelude.append(_WORKERS)
        module.add_function("set_workers", _SET_WORKERS)


def workgroups(f: Function, per_worker: int, rows: str = "", per_row: int = 1) -> str:
    """Returns workers * per_worker as an SSA index; at most `rows` (a size) * per_row if given."""
    workers = f.emit("util.global.load @workers : index", (), "index").name
    wanted = f.emit(f"arith.muli {workers}, {f.index(per_worker)} : index", (), "index").name
    if not rows:
        return wanted
    units = f.emit(f"arith.muli %{rows}, {f.index(per_row)} : index", (), "index").name
    return f.emit(f"arith.minui {wanted}, {units} : index", (), "index").name


def float_scalar(value: float) -> int:
    """Returns what a kernel takes for a float scalar: the bits of its f32."""
    bits: int = struct.unpack("<I", struct.pack("<f", value))[0]
    return bits


def _entry(kernel: Kernel) -> list[str]:
    """The function that unpacks bindings and calls the C symbol."""
    count = len(kernel.buffers)
    types = [f"memref<?x{element}>" for element in kernel.buffers]
    signature = ", ".join(types + ["index"] * (kernel.scalars + 2))
    bindings = [f"%b{i}: !stream.binding" for i in range(count)]
    scalars = [f"%s{i}: index" for i in range(kernel.scalars)]
    arguments = ", ".join([*bindings[:-1], *scalars, bindings[-1]])
    lines = [
        f"func.func private @agentc_{kernel.name}({signature}) attributes {{hal.import.static}}",
        f"func.func @{kernel.name}({arguments}) {{",
        "  %zero = arith.constant 0 : index",
        f"  %size = arith.constant {_UNBOUNDED} : index",
    ]
    for i, type_ in enumerate(types):
        lines.append(
            f"  %m{i} = stream.binding.subspan %b{i}[%zero] : !stream.binding -> {type_}{{%size}}"
        )
    memrefs = [f"%m{i}" for i in range(count)]
    values = [*memrefs, *(f"%s{i}" for i in range(kernel.scalars)), "%group", "%groups"]
    lines += [
        "  %group = hal.interface.workgroup.id[0] : index",
        "  %groups = hal.interface.workgroup.count[0] : index",
        f"  func.call @agentc_{kernel.name}({', '.join(values)}) : ({signature}) -> ()",
        "  return",
        "}",
    ]
    return [f"    {line}" for line in lines]


def dispatch(
    f: Function,
    kernel: Kernel,
    groups: str,
    operands: Sequence[Tensor],
    scalars: Sequence[str],
    result: Shape,
    *,
    updates: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Calls `kernel` with `groups` workgroups (an SSA index).

    Returns the result and the new value of `updates`, the operand written in place (if any).
    """
    found = tuple(t.element for t in operands)
    if found != kernel.buffers[:-1] or len(scalars) != kernel.scalars:
        raise TensorProgramError(
            f"kernel '{kernel.name}' takes {kernel.buffers[:-1]} and {kernel.scalars} scalars, "
            f"found {found} and {len(scalars)}"
        )
    out = Tensor("", result, kernel.buffers[-1])
    names = ", ".join([*(t.name for t in operands), *scalars])
    types = ", ".join([*(t.annotated for t in operands), *("index" for _ in scalars)])
    call = f"flow.dispatch @{kernel.family}::@{kernel.name}[{groups}]({names}) : ({types}) -> "
    if updates is None:
        return f.emit(call + out.annotated, result, out.element), None
    tied = updates.name + (f"{{{', '.join(updates.dims)}}}" if updates.dims else "")
    first, second = f.emit_many(f"{call}({out.annotated}, {tied})", 2)
    updated = Tensor(second, updates.shape, updates.element)
    return Tensor(first, result, out.element), updated


_DEFAULT_WORKERS = 8  # more than there are costs little, fewer leaves some idle
_WORKERS = f"  util.global private mutable @workers = {_DEFAULT_WORKERS} : index"
_SET_WORKERS = """\
  util.func public @set_workers(%count: i32) {
    %workers = arith.index_cast %count : i32 to index
    util.global.store %workers, @workers : index
    util.return
  }"""
