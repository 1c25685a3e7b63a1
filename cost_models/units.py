"""Quantities as users write them ("80GiB", "3.35TB/s", "$24/h"), parsed once to SI.

A quantity is a number, a unit, and optionally units it is divided by. Money is US dollars. A bare
number is refused: the reader cannot know whether `80` is GB or GiB.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_BYTE, _SECOND, _FLOP, _USD, _WATT, _TOKEN, _CALL = (
    "byte",
    "s",
    "flop",
    "usd",
    "watt",
    "token",
    "call",
)

_DECIMAL = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50}
_DAY_S = 86_400.0
_YEAR_S = 365.25 * _DAY_S

# symbol -> (factor to SI, {base: exponent})
_UNITS: dict[str, tuple[float, dict[str, int]]] = {
    "ns": (1e-9, {_SECOND: 1}),
    "us": (1e-6, {_SECOND: 1}),
    "µs": (1e-6, {_SECOND: 1}),
    "ms": (1e-3, {_SECOND: 1}),
    "s": (1.0, {_SECOND: 1}),
    "min": (60.0, {_SECOND: 1}),
    "h": (3600.0, {_SECOND: 1}),
    "d": (_DAY_S, {_SECOND: 1}),
    "mo": (_YEAR_S / 12, {_SECOND: 1}),
    "y": (_YEAR_S, {_SECOND: 1}),
    "call": (1.0, {_CALL: 1}),
    **{f"{p}B": (f, {_BYTE: 1}) for p, f in (_DECIMAL | _BINARY).items()},
    **{f"{p}bit": (f / 8, {_BYTE: 1}) for p, f in _DECIMAL.items()},
    **{f"{p}FLOP": (f, {_FLOP: 1}) for p, f in _DECIMAL.items()},
    **{f"{p}OP": (f, {_FLOP: 1}) for p, f in _DECIMAL.items()},
    **{f"{p}W": (f, {_WATT: 1}) for p, f in _DECIMAL.items()},
    **{f"{p}Wh": (f * 3600, {_WATT: 1, _SECOND: 1}) for p, f in _DECIMAL.items()},
    **{f"{p}tok": (f, {_TOKEN: 1}) for p, f in _DECIMAL.items()},
}

_NUMBER = re.compile(
    r"(?P<usd>\$\s*)?(?P<number>\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?P<unit>.*)"
)
_SCALED_COUNT = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<prefix>[kKMGT]?)")


@dataclass(frozen=True)
class Dimension:
    """What a quantity measures: its name, base exponents, and an example to write."""

    name: str
    bases: tuple[tuple[str, int], ...]
    example: str


def _dimension(name: str, example: str, **bases: int) -> Dimension:
    return Dimension(name, tuple(sorted(bases.items())), example)


BYTES = _dimension("size", "80GiB", byte=1)
BYTES_PER_S = _dimension("bandwidth", "3.35TB/s", byte=1, s=-1)
FLOP_PER_S = _dimension("compute rate", "989TFLOP/s", flop=1, s=-1)
SECONDS = _dimension("duration", "4us", s=1)
WATTS = _dimension("power", "700W", watt=1)
USD = _dimension("money", "$9000", usd=1)
USD_PER_S = _dimension("price of time", "$24/h", usd=1, s=-1)
USD_PER_J = _dimension("price of energy", "$0.12/kWh", usd=1, watt=-1, s=-1)
USD_PER_CALL = _dimension("price of a call", "$0.002/call", usd=1, call=-1)
USD_PER_TOKEN = _dimension("price of tokens", "$2/Mtok", usd=1, token=-1)
USD_PER_BYTE = _dimension("price of traffic", "$0.02/GB", usd=1, byte=-1)

DIMENSIONS: dict[str, Dimension] = {
    "bytes": BYTES,
    "bytes_per_s": BYTES_PER_S,
    "flop_per_s": FLOP_PER_S,
    "seconds": SECONDS,
    "watts": WATTS,
    "usd": USD,
    "usd_per_s": USD_PER_S,
    "usd_per_j": USD_PER_J,
    "usd_per_call": USD_PER_CALL,
    "usd_per_token": USD_PER_TOKEN,
    "usd_per_byte": USD_PER_BYTE,
}
"""Every dimension that a schema may ask for, by key."""


class UnitError(ValueError):
    """A text is not a quantity of the wanted dimension. The caller adds file and line."""


def parse_quantity(value: object, dimension: Dimension) -> float:
    """Returns `value` in SI units (byte, s, flop, usd, W, call, token, and their quotients).

    Raises UnitError when the unit is missing, unknown, or of another dimension.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitError(
            f'expected a {dimension.name}, found {value!r}; write "{dimension.example}"'
        )
    if not isinstance(value, str):
        raise UnitError(
            f"a {dimension.name} needs a unit, found the bare number {value}; "
            f'write "{_with_unit_of(value, dimension)}"'
        )
    match = _NUMBER.fullmatch(value.strip())
    if match is None:
        raise UnitError(f'"{value}" is not a {dimension.name}; write "{dimension.example}"')
    factor, bases = _parse_units(match["unit"].strip(), bool(match["usd"]), value, dimension)
    if tuple(sorted(bases.items())) != dimension.bases:
        raise UnitError(
            f'"{value}" is not a {dimension.name}; write for example "{dimension.example}"'
        )
    parsed = float(match["number"].replace("_", "")) * factor
    if not math.isfinite(parsed):
        raise UnitError(f'"{value}" is too large for a {dimension.name}')
    return parsed


def _parse_units(
    text: str, is_money: bool, whole: str, dimension: Dimension
) -> tuple[float, dict[str, int]]:
    """Returns the factor and base exponents of `text`, such as "TB/s" or "/h"."""
    factor = 1.0
    bases: dict[str, int] = {_USD: 1} if is_money else {}
    if not text and not is_money:
        raise UnitError(
            f'a {dimension.name} needs a unit, found "{whole}"; '
            f'write "{_with_unit_of(whole, dimension)}"'
        )
    for index, symbol in enumerate(part.strip() for part in text.split("/")):
        if index == 0 and symbol == "":
            continue
        if symbol not in _UNITS:
            hint = (
                f'; for bits write "{symbol[:-1]}bit"' if re.fullmatch("[kKMGT]?b", symbol) else ""
            )
            raise UnitError(
                f'"{whole}" has the unknown unit "{symbol}"; '
                f'write for example "{dimension.example}"{hint}'
            )
        unit_factor, unit_bases = _UNITS[symbol]
        sign = 1 if index == 0 else -1
        factor *= unit_factor**sign
        for base, exponent in unit_bases.items():
            bases[base] = bases.get(base, 0) + sign * exponent
    return factor, {base: exponent for base, exponent in bases.items() if exponent}


def _with_unit_of(value: object, dimension: Dimension) -> str:
    """Puts the example's unit behind `value`: what the user probably meant to write."""
    prefix = "$" if dimension.example.startswith("$") else ""
    unit = re.sub(r"^\$?[\d.]+", "", dimension.example)
    return f"{prefix}{value}{unit}"


def parse_count(value: object) -> float:
    """Returns a plain count: 500, "2M" or "10k". Raises UnitError on anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    match = _SCALED_COUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise UnitError(f'expected a count such as 500 or "2M", found {value!r}')
    return float(match["number"]) * _DECIMAL[match["prefix"]]


def format_bytes(value_bytes: float) -> str:
    """Returns bytes for a reader: "38.0 GiB"."""
    for prefix in ("Ti", "Gi", "Mi", "Ki"):
        if value_bytes >= _BINARY[prefix]:
            return f"{value_bytes / _BINARY[prefix]:.3g} {prefix}B"
    return f"{value_bytes:.0f} B"


def format_seconds(value_s: float) -> str:
    """Returns a duration for a reader: "3.2 s", "80 ms", "4 us"."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value_s >= factor:
            shown = value_s / factor
            return f"{shown:.0f} {unit}" if shown >= 1000 else f"{shown:.3g} {unit}"
    return "0 s" if value_s == 0 else f"{value_s * 1e9:.3g} ns"


def format_usd(value_usd: float) -> str:
    """Returns money for a reader with three significant digits: "$0.00123", "$24"."""
    return f"${value_usd:.0f}" if value_usd >= 1000 else f"${value_usd:.3g}"
