"""What a binary is compiled for: the driver that will run it, the architecture, the flags."""

from __future__ import annotations

import difflib
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agentc.errors import CompileError

CPU_DRIVERS = ("local-task", "local-sync")
_GPU_FLAGS = ("--iree-codegen-llvmgpu-use-reduction-vector-distribution=false",)
"""Without it, a gather inside a reduction fails to distribute on cuda and hip."""


@dataclass(frozen=True)
class TargetSpec:
    """A code generation target.

    Attributes:
      driver: local-task, local-sync, vulkan, cuda or hip.
      arch: "host" or an LLVM CPU name for the local drivers; sm_NN for cuda; gfxNNN for hip; ""
        for vulkan.
      flags: further compiler flags.
    """

    driver: str
    arch: str = ""
    flags: tuple[str, ...] = ()

    @property
    def is_cpu(self) -> bool:
        """Whether the binary runs on the host's processor."""
        return self.driver in CPU_DRIVERS

    def compiler_flags(self) -> tuple[str, ...]:
        """Returns all compiler flags of the target. Raises CompileError for unknown drivers."""
        own: tuple[str, ...]
        if self.is_cpu:
            own = (
                "--iree-hal-target-device=local",
                "--iree-hal-local-target-device-backends=llvm-cpu",
                f"--iree-llvmcpu-target-cpu={self.arch or 'host'}",
            )
        elif self.driver == "vulkan":
            own = ("--iree-hal-target-device=vulkan",)
            own += (f"--iree-vulkan-target={self.arch}",) if self.arch else ()
        elif self.driver == "cuda":
            arch = _cuda_arch(self.arch or "sm_80")
            own = ("--iree-hal-target-device=cuda", f"--iree-cuda-target={arch}", *_GPU_FLAGS)
        elif self.driver == "hip":
            arch = self.arch or "gfx942"
            own = ("--iree-hal-target-device=hip", f"--iree-rocm-target={arch}", *_GPU_FLAGS)
        else:
            raise CompileError(_unknown_driver(self.driver))
        return own + self.flags

    def identity(self) -> str:
        """Returns what beside the flags decides the binary: the host's features for "host"."""
        return cpu_features() if self.is_cpu and self.arch in ("", "host") else ""


def _cuda_arch(arch: str) -> str:
    """The released compiler refuses sm_90 and sm_100; newer parts take sm_89 code and the driver
    translates it."""
    return "sm_89" if arch in ("sm_90", "sm_90a", "sm_100", "sm_100a") else arch


def _unknown_driver(driver: str) -> str:
    known = (*CPU_DRIVERS, "vulkan", "cuda", "hip")
    close = difflib.get_close_matches(driver, known, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"unknown driver '{driver}', expected one of {', '.join(known)}{hint}"


@cache
def cpu_features() -> str:
    """Returns the processor's feature flags, sorted (its name where the system lists none)."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return f"{platform.machine()} {' '.join(sorted(value.split()))}"
    return platform.machine()
