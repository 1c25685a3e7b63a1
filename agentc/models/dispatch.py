"""Custom dispatches: calls from a tensor program into a compiled C kernel.

A kernel sees each buffer as a flat memref and the scalars as index values (kernels/abi.h). It may
update one operand in place; its results are new buffers, appended to the arguments.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentc.codegen.kernels import KernelObject
from agentc.models.scalar_body import TensorProgramError
from agentc.models.tensor_module import Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

_UNBOUNDED = 1 << 40
"""Kernels take raw buffers; the memref needs some size."""


@dataclass(frozen=True)
class Kernel:
    """A C function `agentc_<name>`.

    Attributes:
      family: the executable that it is in; one of a single object is called like that.
      buffers: element types of the operands, then of the results.
      scalars: how many index scalars follow.
      results: how many of the buffers are results.
    """

    family: str
    name: str
    buffers: tuple[str, ...]
    scalars: int
    results: int = 1


@dataclass(frozen=True)
class KernelFile:
    """An object file, by its name, and the object format of the target that links it, such as
    "embedded-elf-x86_64"."""

    name: str
    elf: str


def kernel_file(found: KernelObject) -> KernelFile:
    """Returns an object as programs refer to it."""
    return KernelFile(found.path.name, found.elf)


def link_kernels(module: TensorModule, kernels: Sequence[Kernel], *files: KernelFile) -> None:
    """Adds an executable with one export a kernel; all are of one family, linked from `files`."""
    (family,) = {kernel.family for kernel in kernels}
    paths = ", ".join(f'#hal.executable.object<{{path = "{file.name}"}}>' for file in files)
    target = f'#hal.executable.target<"llvm-cpu", "{files[0].elf}", {{}}>'
    lines = [
        f"stream.executable private @{family} attributes {{hal.executable.objects = "
        f"#hal.executable.objects<{{{target} = [{paths}]}}>}} {{"
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


def workgroups(f: Function, per_worker: int, rows: str = "", per_row: int = 1) -> str:
    """Returns workers * per_worker as an SSA index; at most `rows` (a size) * per_row if given.

    The first call adds the number of workers to the module, and its setter `set_workers(i32)`.
    """
    if "set_workers" not in f.module.exports:
        f.module.prelude.append(_WORKERS)
        f.module.add_function("set_workers", _SET_WORKERS)
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
    operands = count - kernel.results
    arguments = ", ".join([*bindings[:operands], *scalars, *bindings[operands:]])
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
    """Calls a kernel of one result with `groups` workgroups (an SSA index).

    Returns the result and the new value of `updates`, the operand written in place (if any).
    """
    written = [] if updates is None else [updates]
    found = dispatch_all(f, kernel, groups, operands, scalars, [result], written)
    return found[0], found[1] if written else None


def dispatch_all(
    f: Function,
    kernel: Kernel,
    groups: str,
    operands: Sequence[Tensor],
    scalars: Sequence[str],
    results: Sequence[Shape],
    updates: Sequence[Tensor],
) -> list[Tensor]:
    """Calls `kernel`; returns its results, then the new values of `updates`."""
    split = len(kernel.buffers) - kernel.results
    found = tuple(t.element for t in operands)
    if (found, len(scalars), len(results)) != (
        kernel.buffers[:split],
        kernel.scalars,
        kernel.results,
    ):
        raise TensorProgramError(
            f"kernel '{kernel.name}' takes {kernel.buffers[:split]}, {kernel.scalars} scalars and "
            f"{kernel.results} results, found {found}, {len(scalars)} and {len(results)}"
        )
    made = [Tensor("", s, e) for s, e in zip(results, kernel.buffers[split:], strict=True)]
    tied = [t.name + (f"{{{', '.join(t.dims)}}}" if t.dims else "") for t in updates]
    names = ", ".join([*(t.name for t in operands), *scalars])
    types = ", ".join([*(t.annotated for t in operands), *("index" for _ in scalars)])
    returned = ", ".join([*(t.annotated for t in made), *tied])
    call = f"flow.dispatch @{kernel.family}::@{kernel.name}[{groups}]({names}) : ({types}) -> "
    fresh = f.emit_many(f"{call}({returned})", len(made) + len(tied))
    return [replace(t, name=n) for t, n in zip([*made, *updates], fresh, strict=True)]


def team(f: Function) -> list[str]:
    """Returns the address and the size of the module's team as SSA indices: what kernels that run
    on threads of their own take as their last scalars (kernels/team.h). The first call adds their
    setter `set_team(i64 address, i32 size)`; without it there is only the calling thread."""
    if "set_team" not in f.module.exports:
        f.module.prelude += _TEAM
        f.module.add_function("set_team", _SET_TEAM)
    names = ("team", "team_size")
    return [f.emit(f"util.global.load @{n} : index", (), "index").name for n in names]


_DEFAULT_WORKERS = 8  # more than there are costs little, fewer leaves some idle
_WORKERS = f"  util.global private mutable @workers = {_DEFAULT_WORKERS} : index"
_SET_WORKERS = """\
  util.func public @set_workers(%count: i32) {
    %workers = arith.index_cast %count : i32 to index
    util.global.store %workers, @workers : index
    util.return
  }"""
_TEAM = [
    "  util.global private mutable @team = 0 : index",
    "  util.global private mutable @team_size = 1 : index",
]
_SET_TEAM = """\
  util.func public @set_team(%address: i64, %size: i32) {
    %team = arith.index_cast %address : i64 to index
    %threads = arith.index_cast %size : i32 to index
    util.global.store %team, @team : index
    util.global.store %threads, @team_size : index
    util.return
  }"""
