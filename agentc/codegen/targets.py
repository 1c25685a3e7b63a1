"""What a binary is compiled for: the driver that will run it, the architecture, the flags."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from agentc.errors import CompileError
from agentc.processor import description as cpu_features

CPU_DRIVERS = ("local-task", "local-sync")
_GATHER_FLAGS = ("--iree-codegen-llvmgpu-use-reduction-vector-distribution=false",)
"""Without it, a gather inside a reduction fails to distribute on cuda and hip."""
_GPU_ARCHITECTURES = {
    "vulkan": (r"[\w.+-]*", "a GPU of the compiler's list, such as rdna3, or nothing"),
    "cuda": (r"|sm_\d{2,3}[af]?", "sm_NN, such as sm_80 or sm_89, or nothing"),
    "hip": (r"|gfx[0-9a-f]{3,4}", "gfxNNN, such as gfx942 or gfx1100, or nothing"),
    "metal": (r"", "nothing: its shaders fit every GPU"),
}
"""Driver to the form of its architectures, and how to say it."""


@dataclass(frozen=True)
class TargetSpec:
    """A code generation target.

    Attributes:
      driver: local-task, local-sync, vulkan, cuda, hip or metal.
      arch: "host" or an LLVM CPU name for the local drivers; sm_NN for cuda; gfxNNN for hip; the
        compiler's name of a GPU for vulkan; "" for metal. "" is the driver's default.
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
        """Returns all compiler flags of the target. Raises CompileError for unknown drivers and
        architectures."""
        if self.is_cpu:
            own = (
                "--iree-hal-target-device=local",
                "--iree-hal-local-target-device-backends=llvm-cpu",
                f"--iree-llvmcpu-target-cpu={self.arch or 'host'}",
            )
            return own + self.flags
        if self.driver not in _GPU_ARCHITECTURES:
            raise CompileError(_unknown_driver(self.driver))
        _check_architecture(self.driver, self.arch)
        return (f"--iree-hal-target-device={self.driver}", *self._gpu_flags(), *self.flags)

    def _gpu_flags(self) -> tuple[str, ...]:
        if self.driver == "cuda":
            return (f"--iree-cuda-target={_cuda_arch(self.arch or 'sm_80')}", *_GATHER_FLAGS)
        if self.driver == "hip":
            return (f"--iree-rocm-target={self.arch or 'gfx942'}", *_GATHER_FLAGS)
        if self.driver == "metal":
            # Shaders stay source, which the device's driver compiles: no Apple tools are needed.
            return ("--iree-metal-compile-to-metallib=false",)
        return (f"--iree-vulkan-target={self.arch}",) if self.arch else ()

    def identity(self) -> str:
        """Returns what beside the flags decides the binary: the host's features for "host"."""
        return cpu_features() if self.is_cpu and self.arch in ("", "host") else ""


def _cuda_arch(arch: str) -> str:
    """The released compiler refuses sm_90 and sm_100; newer parts take sm_89 code and the driver
    translates it."""
    return "sm_89" if arch in ("sm_90", "sm_90a", "sm_100", "sm_100a") else arch


def _check_architecture(driver: str, arch: str) -> None:
    form, example = _GPU_ARCHITECTURES[driver]
    if not re.fullmatch(form, arch):
        raise CompileError(
            f"unknown architecture '{arch}' for driver '{driver}', expected {example}"
        )


def _unknown_driver(driver: str) -> str:
    known = (*CPU_DRIVERS, *_GPU_ARCHITECTURES)
    close = difflib.get_close_matches(driver, known, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"unknown driver '{driver}', expected one of {', '.join(known)}{hint}"
