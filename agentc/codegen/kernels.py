"""Finds the compiled C kernels that fit a target's processor.

Objects are built at install from `kernels/` into the package's `kernels` folder, one a family and
instruction set. `$AGENTC_KERNELS` names another folder, `$AGENTC_KERNEL_VARIANT` the only
instruction set to use.
"""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import agentc
from agentc import processor
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError

_ELF = {"x86_64": "embedded-elf-x86_64", "aarch64": "embedded-elf-arm_64"}
_V3 = ("avx2", "bmi1", "bmi2", "f16c", "fma", "movbe")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "x86_64": {
        "x86-64-v4-vnni": (*_V4, "avx512_vnni"),
        "x86-64-v4": _V4,
        "x86-64-v3": _V3,
        "x86-64": (),
    },
    "aarch64": {"armv8.2-a+dotprod": ("asimddp",), "armv8-a": ()},
}
"""Instruction sets that kernels are compiled for, best first, and the processor features that each
needs, by architecture."""
FORCE = "AGENTC_KERNEL_VARIANT"
"""The environment variable that names the only variant to use."""


@dataclass(frozen=True)
class KernelObject:
    """An object file and the object format of the module that links it."""

    path: Path
    elf: str


def variants(target: TargetSpec) -> tuple[str, ...]:
    """Returns the instruction sets that the target can run, best first; `$AGENTC_KERNEL_VARIANT`
    alone if it is set.

    Raises CompileError if that names none of this architecture.
    """
    known = VARIANTS.get(_architecture(), {}) if target.is_cpu else {}
    forced = os.environ.get(FORCE, "")
    if forced and known:
        if forced not in known:
            raise CompileError(
                f"${FORCE} is '{forced}', expected one of {', '.join(known)}; unset it to use "
                "the best that the target runs"
            )
        return (forced,)
    has = set(_features(target))
    return tuple(name for name, needs in known.items() if has.issuperset(needs))


def required_features(target: TargetSpec) -> tuple[str, ...]:
    """Returns the architecture and the features, sorted, of processors that run what is compiled
    for the target, as in `plan.Binary`. Nothing for other devices than processors."""
    if not target.is_cpu:
        return ()
    forced = VARIANTS.get(_architecture(), {}).get(os.environ.get(FORCE, ""), ())
    return (_architecture(), *sorted({*_features(target), *forced}))


def _architecture() -> str:
    machine = platform.machine()
    return "x86_64" if machine == "AMD64" else machine


def _features(target: TargetSpec) -> tuple[str, ...]:
    """What code for the target may use, as far as we know the name of its processor."""
    if target.arch in ("", "host"):
        return processor.used_features()
    return VARIANTS.get(_architecture(), {}).get(target.arch, ())


def folders() -> list[Path]:
    """Returns where objects are looked for, in order."""
    own = os.environ.get("AGENTC_KERNELS")
    found = [Path(own)] if own else []
    found.append(Path(agentc.__file__).parent / "kernels")
    # An editable install keeps what was built apart from the sources.
    with contextlib.suppress(metadata.PackageNotFoundError):
        found.append(Path(str(metadata.distribution("agentc").locate_file("agentc/kernels"))))
    return found


def find(family: str, target: TargetSpec) -> KernelObject | None:
    """Returns the best object of a kernel family for the target, or None if there is none."""
    for variant in variants(target):
        for folder in folders():
            path = folder / f"{family}.{variant}.o"
            if path.is_file():
                return KernelObject(path, _ELF[_architecture()])
    return None
