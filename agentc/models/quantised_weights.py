"""A decoder's parameters for the quantised kernels: matrices in panels, the rest as it is."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from agentc.errors import ModelFormatError
from agentc.models.decoder_weights import DecoderWeights, Part, part_inputs, part_rows
from agentc.models.panels import PANEL, pack_panels, panel_count, panels_shape
from agentc.models.quantise import narrowest_form, quantise

_CHUNK_ROWS = 128 * PANEL
"""Rows rounded at once: bounds what packing takes beside the result."""
_PRECISE = ("embed", "head")
_INTERLEAVED = "gate_up"
"""Panels of the gate and of the up projection alternate, so that one tile holds both factors."""
HEAD_NORM = "head_norm"
"""`q_norm` over `k_norm`: one parameter [2, head_dim]."""


class QuantisedWeights:
    """Reads a model's parameters: "layers.3.qkv.q4" is that matrix in panels of form "q4".

    Attributes:
      source: the model's weights as they are.
      forms: the form of every matrix, by name. A matrix made of several tensors takes the wider.

    Args:
      weights: the model.
      precision: "i4" (as narrow as the file) or "i8".
    """

    def __init__(self, weights: DecoderWeights, precision: str) -> None:
        self.config = weights.config
        self.source = weights
        matrices = part_inputs(self.config)
        self.forms: Mapping[str, str] = {
            name: self._form(name, precision)
            for name in weights.names()
            if name.rpartition(".")[2] in matrices
        }

    def array(self, name: str) -> np.ndarray:
        """Returns parameter `name`: panels as i8, others as f32.

        Raises:
          ModelFormatError: the file holds values that are not finite.
        """
        base, _, form = name.rpartition(".")
        if base in self.forms and form == self.forms[base]:
            return self._panels(base)
        if form == HEAD_NORM:
            return np.stack([self.source.array(f"{base}.{n}") for n in ("q_norm", "k_norm")])
        return self.source.array(name)

    def weight_bytes(self) -> int:
        """Returns the size of all parameters but the rotary tables."""
        return sum(self._bytes(name) for name in self.source.names())

    def _bytes(self, name: str) -> int:
        short = name.rpartition(".")[2]
        outputs = sum(part_rows(self.config)[short])
        if name not in self.forms:
            return 4 * outputs
        return prod(panels_shape(outputs, part_inputs(self.config)[short], self.forms[name]))

    def _form(self, name: str, precision: str) -> str:
        if precision == "i8":
            return "q8"
        kinds = [self.source.file.stored_type(p.tensor) for p in self.source.matrix_parts(name)]
        precise = name.rpartition(".")[2] in _PRECISE
        return max(narrowest_form(kind, precise=precise) for kind in kinds)

    def _panels(self, name: str) -> np.ndarray:
        short = name.rpartition(".")[2]
        inputs, parts = part_inputs(self.config)[short], self.source.matrix_parts(name)
        outputs = sum(part_rows(self.config)[short])
        found = np.empty(panels_shape(outputs, inputs, self.forms[name]), np.int8)
        start = 0
        for number, part in enumerate(parts):
            count = panel_count(part.rows)
            if short == _INTERLEAVED:
                places = slice(number, len(found), len(parts))
            else:
                places = slice(start, start + count)
            self._fill(found[places], part, inputs, self.forms[name])
            start += count
        return found

    def _fill(self, panels: np.ndarray, part: Part, inputs: int, form: str) -> None:
        """Writes the panels of one tensor, some rows at a time."""
        file = self.source.file
        kind = file.stored_type(part.tensor)
        rows = file.stored_rows(part.tensor, (part.rows, inputs))
        for at in range(0, part.rows, _CHUNK_ROWS):
            order = slice(at, min(at + _CHUNK_ROWS, part.rows))
            chunk = rows[order if part.permutation is None else part.permutation[order]]
            try:
                packed = pack_panels(quantise(kind, chunk, form))
            except ModelFormatError as error:
                raise ModelFormatError(
                    f"{file.path.name}: tensor '{part.tensor}' {error.message}"
                ) from error
            panels[at // PANEL : at // PANEL + len(packed)] = packed
