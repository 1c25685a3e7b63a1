"""Decoder weights under the emitter's own names, whatever file they come from.

Names: embed, final_norm, head, the tables of `rope.py`, and layers.N.{attn_norm, qkv, qkv_bias,
q_norm, k_norm, attn_out, attn_post_norm, mlp_norm, gate_up, down, mlp_post_norm}, those that the
config asks for. Matrices are [outputs, inputs]; `qkv` and `gate_up` are stacked by rows. A norm is
the factor itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from agentc.errors import ModelFormatError
from agentc.models.config import DecoderConfig
from agentc.models.gguf_file import GgufFile
from agentc.models.rope import rope_tables
from agentc.models.safetensors_folder import SafetensorsFolder

HEAD_NORMS = ("q_norm", "k_norm")
NORMS = ("final_norm", "attn_norm", "mlp_norm", "attn_post_norm", "mlp_post_norm", *HEAD_NORMS)
_DERIVED = "rotary_emb.inv_freq"
"""Old files store the rotary angles, which follow from the config."""
Names = Mapping[str, tuple[str, ...]]
"""Short parameter name to the file's tensors that make it up, "{}" standing for the layer."""


class Part(NamedTuple):
    """One tensor of a file inside a parameter.

    Attributes:
      tensor: its name in the file.
      rows: how many rows (of a vector: elements) it has, and adds to the parameter.
      permutation: row i of the parameter's part is row `permutation[i]` of the tensor; None keeps
        the order of the file.
    """

    tensor: str
    rows: int
    permutation: np.ndarray | None = None


class DecoderWeights:
    """The parameters of a model, one array at a time: `weights.array("layers.3.qkv")`.

    Attributes:
      config: sizes and constants.
      file: where the tensors are.

    Args:
      interleaved_rope: the file has rotary pairs side by side (llama.cpp's "llama").
      norm_offset: what the file's norms lack of the factor (Hugging Face's Gemma stores w - 1).

    Raises:
      ModelFormatError: a tensor is missing, has another shape, or is one that nothing reads.
    """

    def __init__(
        self,
        config: DecoderConfig,
        names: Names,
        file: GgufFile | SafetensorsFolder,
        *,
        interleaved_rope: bool = False,
        norm_offset: float = 0.0,
    ) -> None:
        self.config = config
        self.file = file
        self._names = names
        self._interleaved = interleaved_rope
        self._norm_offset = norm_offset
        self._rope: dict[str, np.ndarray] = {}
        used = set()
        for name in self.names():
            for part in self.matrix_parts(name):
                file.expect(part.tensor, self._shape(name, part))
                used.add(part.tensor)
        self._refuse_unknown(used)

    def names(self) -> Iterator[str]:
        """Yields the name of every parameter but the rotary tables."""
        yield "embed"
        yield "final_norm"
        if not self.config.tied:
            yield "head"
        layered = [n for n in part_rows(self.config) if n not in ("embed", "final_norm", "head")]
        for layer in range(self.config.layers):
            for short in layered:
                yield f"layers.{layer}.{short}"

    def _refuse_unknown(self, used: set[str]) -> None:
        """A tensor of a layer that nothing reads means that the layer computes something else."""
        stored = self.file.tensors if isinstance(self.file, GgufFile) else self.file.files
        layers = self._names["attn_norm"][0].partition("{}")[0]
        for tensor in stored:
            known = tensor in used or tensor.endswith(_DERIVED)
            if tensor.startswith(layers) and not known:
                raise ModelFormatError(
                    f"{self.file.path.name}: has the tensor '{tensor:.80}', which models of the "
                    f"family {self.config.architecture} do not have; a program without it would "
                    "compute something else"
                )

    def array(self, name: str) -> np.ndarray:
        """Returns parameter `name` as f32."""
        if name.startswith("rope"):
            self._rope = self._rope or rope_tables(self.config)
            return self._rope[name]
        arrays = []
        for part in self.matrix_parts(name):
            array = self.file.array(part.tensor, self._shape(name, part))
            arrays.append(array if part.permutation is None else array[part.permutation])
        array = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        is_norm = name.rpartition(".")[2] in NORMS
        return array + np.float32(self._norm_offset) if is_norm and self._norm_offset else array

    def matrix_parts(self, name: str) -> list[Part]:
        """Returns the file's tensors that make up parameter `name`, in the order of its rows."""
        path, _, short = name.rpartition(".")
        tensors = [t.format(path.rpartition(".")[2]) for t in self._names[short]]
        rows = part_rows(self.config)[short]
        orders = self._orders(short, len(rows))
        return [Part(*part) for part in zip(tensors, rows, orders, strict=True)]

    def _orders(self, short: str, parts: int) -> list[np.ndarray | None]:
        if not self._interleaved or short not in ("qkv", "qkv_bias"):
            return [None] * parts
        c = self.config
        return [*(half_split_order(n, c.head_dim) for n in (c.heads, c.kv_heads)), None]

    def _shape(self, name: str, part: Part) -> tuple[int, ...]:
        width = part_inputs(self.config).get(name.rpartition(".")[2])
        return (part.rows,) if width is None else (part.rows, width)


def half_split_order(heads: int, head_dim: int) -> np.ndarray:
    """Returns the permutation that undoes the row order of llama.cpp's query and key matrices.

    There the rotary pairs are neighbours (2i, 2i + 1); the emitter pairs i with i + head_dim / 2.
    """
    rows = np.arange(heads * head_dim).reshape(heads, head_dim // 2, 2)
    return np.ascontiguousarray(rows.swapaxes(1, 2)).reshape(-1)


def part_rows(c: DecoderConfig) -> dict[str, tuple[int, ...]]:
    """Returns the rows of every part of every parameter the config has, by short name."""
    q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
    rows: dict[str, tuple[int, ...]] = {
        "embed": (c.vocab,),
        "final_norm": (c.d_model,),
        "head": (c.vocab,),
        "attn_norm": (c.d_model,),
        "qkv": (q, kv, kv),
        "attn_out": (c.d_model,),
        "mlp_norm": (c.d_model,),
        "gate_up": (c.ffn, c.ffn),
        "down": (c.d_model,),
    }
    if c.qkv_bias:
        rows["qkv_bias"] = (q, kv, kv)
    if c.head_norm:
        rows |= {"q_norm": (c.head_dim,), "k_norm": (c.head_dim,)}
    if c.post_norms:
        rows |= {"attn_post_norm": (c.d_model,), "mlp_post_norm": (c.d_model,)}
    return rows


def part_inputs(c: DecoderConfig) -> dict[str, int]:
    """Returns the columns of every matrix, by short name; what is missing is a vector."""
    narrow = dict.fromkeys(("embed", "head", "qkv", "gate_up"), c.d_model)
    return {**narrow, "attn_out": c.heads * c.head_dim, "down": c.ffn}
