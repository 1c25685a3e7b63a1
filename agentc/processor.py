"""This machine's processor: the names of its features, as compiled binaries ask for them."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

_NAMES = (
    "pni ssse3 sse4_1 sse4_2 popcnt movbe abm bmi1 bmi2 aes pclmulqdq sha_ni adx fsgsbase "
    "avx f16c fma avx2 avx_vnni gfni vaes vpclmulqdq "
    "avx512f avx512bw avx512cd avx512dq avx512vl avx512ifma avx512vbmi avx512_vbmi2 avx512_vnni "
    "avx512_bitalg avx512_vpopcntdq avx512_bf16 avx512_fp16 avx10_1 avx10_2 "
    "amx_tile amx_int8 amx_bf16 "
    "fp asimd asimdhp asimddp asimdrdm asimdfhm fphp atomics crc32 fcma jscvt lrcpc "
    "i8mm bf16 sve sve2 svei8mm svebf16"
)
"""Features that a code generator uses by itself, as Linux names them."""
_USED = frozenset(_NAMES.split())


@cache
def description() -> str:
    """Returns the architecture, then the processor's feature flags, sorted (its name where the
    system lists none)."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return f"{platform.machine()} {' '.join(sorted(value.split()))}"
    return platform.machine()


def features() -> frozenset[str]:
    """Returns the architecture and the feature flags; empty where the system does not list them."""
    words = frozenset(description().split())
    return words if words & _USED else frozenset()


def used_features() -> tuple[str, ...]:
    """Returns the features that code made for this very processor may use, sorted."""
    return tuple(sorted(features() & _USED))


def missing(required: tuple[str, ...]) -> tuple[str, ...]:
    """Returns what this processor lacks of `required`; nothing where the system does not tell."""
    have = features()
    return tuple(name for name in required if name not in have) if have else ()
