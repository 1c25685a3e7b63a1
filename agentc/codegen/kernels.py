"""Finds the compiled C kernels that fit a target's processor.

Objects are built at install from `kernels/` into the package's `kernels` folder, one a family and
instruction set. `$AGENTC_KERNELS` names another folder.
"""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import agentc
from agentc.codegen.targets import TargetSpec, cpu_features

_ELF = {"x86_64": "embedded-elf-x86_64", "aarch64": "embedded-elf-arm_64"}
_V3 = {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_VNNI = _V4 | {"avx512_vnni"}


@dataclass(frozen=True)
class KernelObject:
    """An object file and the object format of the module that links it."""

    path: Path
    elf: str


def variants(target: TargetSpec) -> tuple[str, ...]:
    """Returns the instruction sets that the target can run, best first."""
    if not target.is_cpu:
        return ()
    if platform.machine() == "aarch64":
        return ("armv8-a",)
    if platform.machine() not in ("x86_64", "AMD64"):
        return ()
    if target.arch in ("", "host"):
        features = set(cpu_features().split())
        level = 5 if features >= _VNNI else 4 if features >= _V4 else 3 if features >= _V3 else 1
    else:
        level = {"x86-64-v3": 3, "x86-64-v4": 4}.get(target.arch, 1)
    known = {5: "x86-64-v4-vnni", 4: "x86-64-v4", 3: "x86-64-v3", 1: "x86-64"}
    return tuple(name for at, name in known.items() if at <= level)


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
                machine = "aarch64" if variant.startswith("armv8") else "x86_64"
                return KernelObject(path, _ELF[machine])
    return None
