"""Weight panels: the layout in which the quantised C kernels read matrices (kernels/linear_*).

A block holds 16 outputs (rows of the matrix) x 32 inputs: the codes, then 16 f16 scales, and in the
form "q4" then 16 f16 minima. Bytes of codes go by fours of inputs, then rows, then the input inside
its four, so that one vector load is one dot-product operand of 16 rows.

    q4: weight = scale * code + minimum, code 0..15, two to a byte: inputs k and k + 16
    q8: weight = scale * (code - 128), code 0..255

The blocks of a panel (16 outputs) follow in order of inputs: i8 [panels, groups, block bytes].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

PANEL = 16
"""Outputs of a panel; a matrix is padded to a multiple with rows of zeros."""
GROUP = 32
"""Inputs that share a scale."""
MAX_INPUTS = 52_352
"""Kernels keep quantised rows on the stack, at least one of them whole (kernels/linear.h)."""
BLOCK_BYTES = {"q4": 320, "q8": 544}
_CODE_BYTES = {"q4": 16, "q8": 32}
_OFFSET = 128


class Quantised(NamedTuple):
    """Rows of a matrix in groups of 32 inputs.

    Attributes:
      codes: u8 [rows, groups, 16 (q4: input k below, k + 16 above) or 32 (q8: weight + 128)].
      scales: f16 [rows, groups].
      minima: f16 [rows, groups] (q4 only).
    """

    codes: np.ndarray
    scales: np.ndarray
    minima: np.ndarray | None = None

    @property
    def form(self) -> str:
        """ "q4" or "q8"."""
        return "q8" if self.minima is None else "q4"


def width_refusal(name: str, inputs: int) -> str:
    """Returns why kernels take no matrix with that many inputs, called `name`, or ""."""
    if inputs % GROUP:
        return f"{name} is {inputs}, expected a multiple of {GROUP}"
    if inputs > MAX_INPUTS:
        return f"{name} is {inputs}, expected at most {MAX_INPUTS}"
    return ""


def panel_count(outputs: int) -> int:
    """Returns the panels of a matrix with that many outputs."""
    return -(-outputs // PANEL)


def panels_shape(outputs: int, inputs: int, form: str) -> tuple[int, int, int]:
    """Returns the shape of the parameter that holds a matrix in `form`."""
    return panel_count(outputs), inputs // GROUP, BLOCK_BYTES[form]


def nibbles(codes: np.ndarray) -> np.ndarray:
    """Returns codes 0..15, u8 [..., 32], two to a byte: [..., 16]."""
    low, high = codes[..., : GROUP // 2], codes[..., GROUP // 2 :]
    packed: np.ndarray = low | (high << np.uint8(4))
    return packed


def pack_panels(rows: Quantised) -> np.ndarray:
    """Returns the panels of some rows of a matrix, i8 [panels, groups, block bytes]."""
    count, groups, width = rows.codes.shape
    panels = panel_count(count)
    padded = [_padded(part, panels * PANEL) for part in rows if part is not None]
    codes = padded[0].reshape(panels, PANEL, groups, width // 4, 4).transpose(0, 2, 3, 1, 4)
    constants = [
        np.ascontiguousarray(part.reshape(panels, PANEL, groups).swapaxes(1, 2)).view(np.uint8)
        for part in padded[1:]
    ]
    blocks = [codes.reshape(panels, groups, PANEL * width), *constants]
    return np.concatenate(blocks, axis=-1).view(np.int8)


def unpack_panels(panels: np.ndarray, outputs: int) -> Quantised:
    """Returns the first `outputs` rows of a matrix in panels: what `pack_panels` was given."""
    form = {size: name for name, size in BLOCK_BYTES.items()}[panels.shape[-1]]
    count, groups, _ = panels.shape
    width = _CODE_BYTES[form]
    raw = np.ascontiguousarray(panels).view(np.uint8)
    codes = raw[..., : PANEL * width].reshape(count, groups, width // 4, PANEL, 4)
    codes = codes.transpose(0, 3, 1, 2, 4).reshape(-1, groups, width)
    constants = np.ascontiguousarray(raw[..., PANEL * width :]).view(np.float16)
    constants = constants.reshape(count, groups, -1, PANEL).transpose(2, 0, 3, 1)
    parts = [part.reshape(-1, groups)[:outputs] for part in constants]
    return Quantised(codes[:outputs], *parts)


def dequantise(rows: Quantised) -> np.ndarray:
    """Returns the weights that quantised rows stand for, f32 [rows, inputs]."""
    count, groups, _ = rows.codes.shape
    scales = rows.scales.astype(np.float32)[..., None]
    if rows.minima is None:
        values = scales * (rows.codes.astype(np.float32) - _OFFSET)
    else:
        both = np.concatenate([rows.codes & 15, rows.codes >> 4], axis=-1)
        values = scales * both.astype(np.float32) + rows.minima.astype(np.float32)[..., None]
    return values.reshape(count, groups * GROUP)


def _padded(part: np.ndarray, rows: int) -> np.ndarray:
    if len(part) == rows:
        return part
    return np.concatenate([part, np.zeros((rows - len(part), *part.shape[1:]), part.dtype)])
