"""Weights in the forms that the quantised kernels take, from the types that files have.

What a file already stores in groups of 32 keeps its own integers: Q4_0, Q4_1 (form q4) and Q8_0,
Q5_0, Q4_0 (form q8) are exact; Q4_K is exact but for its products of scales, rounded to f16. All
other types are rounded anew, by at most half a step of 1/127 of the largest weight of a group
(q8) or 1/15 of its range (q4).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from gguf.constants import GGMLQuantizationType
from gguf.quants import dequantize

from agentc.errors import ModelFormatError
from agentc.models.panels import GROUP, Quantised, nibbles

FOUR_BIT_TYPES = ("Q4_0", "Q4_1", "Q4_K")
"""File types that have no more than the form q4 holds."""
_FLOATS = ("F32", "F16", "BF16", "F64")


def is_quantised(kind: str) -> bool:
    """Whether a file type stores less than floats of 16 bits."""
    return kind not in _FLOATS


def narrowest_form(kind: str, *, precise: bool) -> str:
    """Returns the form in which precision "i4" keeps a matrix of file type `kind`: "as narrow as
    the file". `precise` is true of the embedding and the head: of a file of floats, these keep
    eight bits."""
    is_four_bits = kind in FOUR_BIT_TYPES or (kind in _FLOATS and not precise)
    return "q4" if is_four_bits else "q8"


def quantise(kind: str, rows: np.ndarray, form: str) -> Quantised:
    """Returns rows of a matrix in `form`.

    Args:
      kind: their type in the file, such as "Q4_K" or "BF16".
      rows: as stored, u8 [rows, bytes of a row]; of type "F32" also f32 [rows, inputs].
      form: "q4" or "q8".

    Raises:
      ModelFormatError: a weight or scale is not finite, or beyond the range of f16.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        reader = _EXACT.get((kind, form))
        found = reader(rows) if reader else _ROUNDED[form](_values(kind, rows))
    for constants in found[1:]:
        if constants is not None and not np.isfinite(constants).all():
            raise ModelFormatError("holds values that are not finite, or beyond the range of f16")
    return found


def round_to_q8(values: np.ndarray) -> Quantised:
    """Rounds f32 [rows, inputs] to 255 levels around 0. The scale is rounded up, so that no value
    is cut: the error is at most scale / 2."""
    groups = values.reshape(len(values), -1, GROUP)
    scales = _rounded_up(np.abs(groups).max(-1) / np.float32(127))
    codes = np.rint(groups * _inverse(scales)).clip(-127, 127) + 128
    return Quantised(codes.astype(np.uint8), scales)


def round_to_q4(values: np.ndarray) -> Quantised:
    """Rounds f32 [rows, inputs] to 16 levels from the smallest to the largest of each group. The
    minimum is rounded down and the scale up, so that no value is cut: the error is at most
    scale / 2."""
    groups = values.reshape(len(values), -1, GROUP)
    minima = -_rounded_up(-groups.min(-1))
    above = groups - minima.astype(np.float32)[..., None]
    scales = _rounded_up(above.max(-1) / np.float32(15))
    codes = np.rint(above * _inverse(scales)).clip(0, 15).astype(np.uint8)
    return Quantised(nibbles(codes), scales, minima)


def quantise_rows(values: np.ndarray) -> np.ndarray:
    """Rounds a table to 8 bits row by row, for look-up: i8 [rows, columns + columns / 8], where a
    row is its integers, then the f32 scale of each group of 32 (the error is at most scale / 2)."""
    groups = values.reshape(len(values), -1, GROUP)
    scales = (np.abs(groups).max(-1) / np.float32(127)).astype(np.float32)
    inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=scales != 0)
    codes = np.rint(groups * inverse[..., None]).clip(-127, 127).astype(np.int8)
    return np.concatenate([codes.reshape(values.shape), scales.view(np.int8)], axis=1)


def _rounded_up(values: np.ndarray) -> np.ndarray:
    """The smallest f16 that is not below an f32."""
    nearest = values.astype(np.float16)
    above = np.nextafter(nearest, np.float16(np.inf))
    return np.where(nearest.astype(np.float32) < values, above, nearest)


def _inverse(scales: np.ndarray) -> np.ndarray:
    wide = scales.astype(np.float32)[..., None]
    return np.divide(np.float32(1), wide, out=np.zeros_like(wide), where=wide != 0)


def _values(kind: str, rows: np.ndarray) -> np.ndarray:
    if rows.dtype == np.float32:
        return rows
    if kind in ("F32", "F16"):
        return rows.view(np.float32 if kind == "F32" else np.float16).astype(np.float32)
    values: np.ndarray = dequantize(rows, GGMLQuantizationType[kind]).reshape(len(rows), -1)
    return values


def _blocks(rows: np.ndarray, size: int) -> np.ndarray:
    return rows.reshape(len(rows), -1, size)


def _f16(blocks: np.ndarray, at: int) -> np.ndarray:
    """The f16 at byte `at` of every block."""
    return np.ascontiguousarray(blocks[..., at : at + 2]).view(np.float16)[..., 0]


def _q4_0(rows: np.ndarray) -> Quantised:
    """d * (code - 8): a minimum of -8 d, exact in f16 but at the end of its range."""
    blocks = _blocks(rows, 18)
    scales = _f16(blocks, 0)
    return Quantised(blocks[..., 2:], scales, scales * np.float16(-8))


def _q4_0_wide(rows: np.ndarray) -> Quantised:
    blocks = _blocks(rows, 18)
    return Quantised(_halves(blocks[..., 2:]) + np.uint8(120), _f16(blocks, 0))


def _q4_1(rows: np.ndarray) -> Quantised:
    blocks = _blocks(rows, 20)
    return Quantised(blocks[..., 4:], _f16(blocks, 0), _f16(blocks, 2))


def _q5_0(rows: np.ndarray) -> Quantised:
    """d * (code - 16); the fifth bits of a group's codes are one word of 32."""
    blocks = _blocks(rows, 22)
    fifth = np.unpackbits(blocks[..., 2:6], axis=-1, bitorder="little")
    codes = _halves(blocks[..., 6:]) | (fifth << np.uint8(4))
    return Quantised(codes + np.uint8(112), _f16(blocks, 0))


def _q8_0(rows: np.ndarray) -> Quantised:
    blocks = _blocks(rows, 34)
    return Quantised(blocks[..., 2:] ^ np.uint8(128), _f16(blocks, 0))


def _q4_k(rows: np.ndarray) -> Quantised:
    """Eight groups share d and dmin; each has a scale and a minimum of six bits."""
    blocks = _blocks(rows, 144)
    scales, minima = _six_bits(blocks[..., 4:16])
    pairs = blocks[..., 16:].reshape(len(rows), -1, 4, 1, GROUP)
    codes = np.concatenate([pairs & 15, pairs >> 4], axis=3)
    d, dmin = (_f16(blocks, at).astype(np.float32)[..., None] for at in (0, 2))
    shape = (len(rows), -1)
    return Quantised(
        nibbles(codes.reshape(*shape[:1], -1, GROUP)),
        (d * scales).astype(np.float16).reshape(shape),
        (-dmin * minima).astype(np.float16).reshape(shape),
    )


def _six_bits(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eight scales and eight minima in the 12 bytes of a Q4_K block."""
    low, high, mixed = packed[..., 0:4], packed[..., 4:8], packed[..., 8:12]
    scales = [low & 63, (mixed & 15) | ((low >> 2) & 48)]
    minima = [high & 63, (mixed >> 4) | ((high >> 2) & 48)]
    return np.concatenate(scales, axis=-1), np.concatenate(minima, axis=-1)


def _halves(packed: np.ndarray) -> np.ndarray:
    """The 32 codes of a group from their 16 bytes."""
    return np.concatenate([packed & 15, packed >> 4], axis=-1)


_EXACT: dict[tuple[str, str], Callable[[np.ndarray], Quantised]] = {
    ("Q4_0", "q4"): _q4_0,
    ("Q4_0", "q8"): _q4_0_wide,
    ("Q4_1", "q4"): _q4_1,
    ("Q4_K", "q4"): _q4_k,
    ("Q5_0", "q8"): _q5_0,
    ("Q8_0", "q8"): _q8_0,
}
_ROUNDED = {"q4": round_to_q4, "q8": round_to_q8}
