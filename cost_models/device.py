"""Device classes and links as the cost model sees them: frozen records in SI units."""

from __future__ import annotations

import msgspec

PRECISIONS: tuple[str, ...] = ("i4", "f4", "i8", "f8", "bf16", "f16", "f32", "f64")
"""Canonical names of number formats, narrow to wide."""

_ALIASES = {
    "fp4": "f4", "fp8": "f8", "fp16": "f16", "fp32": "f32", "fp64": "f64",
    "int4": "i4", "int8": "i8",
}  # fmt: skip

_WIDER: dict[str, tuple[str, ...]] = {
    "i4": ("i8", "f8", "bf16", "f16", "f32"),
    "f4": ("f8", "i8", "bf16", "f16", "f32"),
    "i8": ("f8", "bf16", "f16", "f32"),
    "f8": ("i8", "bf16", "f16", "f32"),
    "bf16": ("f16", "f32"),
    "f16": ("bf16", "f32"),
    "f32": ("f64",),
    "f64": (),
}


def canonical_precision(name: str) -> str | None:
    """Returns the canonical name of a number format ("fp8" is "f8"), or None if it is unknown."""
    name = _ALIASES.get(name, name)
    return name if name in PRECISIONS else None


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all records: immutable, and an unknown field is an error."""


class Provenance(_Record):
    """Where a number comes from: `kind` is "peak", "measured", "derived" or "declared" (written
    in the user's own file, whose place `source` then is)."""

    source: str
    date: str = ""
    kind: str = "declared"


class Interval(_Record):
    """A number that is known to lie between `low` and `high`."""

    low: float
    nominal: float
    high: float


class Efficiency(_Record):
    """How much of the data sheet a real program reaches: the fraction of peak compute and of
    bandwidth, and the seconds that every call of a compiled entry costs on top."""

    compute: Interval
    bandwidth: Interval
    launch_s: Interval
    provenance: Provenance


class Iree(_Record):
    """How IREE is asked to compile for a class: `device` (driver name) and `arch`."""

    device: str
    arch: str = ""
    features: tuple[str, ...] = ()


class Power(_Record):
    """Electrical power of one device."""

    idle_w: float
    peak_w: float


class DeviceClass(_Record):
    """One kind of device. `peak_flop_per_s` is dense, by canonical precision; `usable_memory` the
    fraction of `memory_bytes` that plans may fill; `provenance` names the source of each number by
    field ("memory", "bandwidth", "compute.bf16", ...)."""

    name: str
    kind: str
    memory_bytes: float
    bandwidth_bytes_per_s: float
    peak_flop_per_s: dict[str, float]
    efficiency: Efficiency
    vendor: str = ""
    product: str = ""
    iree: Iree | None = None
    cores: int | None = None
    usable_memory: float = 0.9
    power: Power | None = None
    load_from_host_bytes_per_s: float | None = None
    load_from_disk_bytes_per_s: float | None = None
    serves: dict[str, tuple[str, ...]] = {}
    provenance: dict[str, Provenance] = {}

    def rate(self, precision: str) -> tuple[str, float] | None:
        """Returns (precision computed in, peak flop/s) for values stored as `precision`: its own
        rate, else that of the next wider format, else None."""
        for name in (precision, *_WIDER[precision]):
            if name in self.peak_flop_per_s:
                return name, self.peak_flop_per_s[name]
        return None


class Link(_Record):
    """A way between devices. `scope` is "node" (between devices of one node) or "cluster";
    `between` restricts it to a pair of device classes, in either direction."""

    name: str
    scope: str
    bytes_per_s: float
    latency_s: float
    between: tuple[str, str] | None = None
    price_usd_per_byte: float = 0.0
    provenance: dict[str, Provenance] = {}
