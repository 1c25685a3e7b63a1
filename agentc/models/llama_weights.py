"""Llama-family weights under the emitter's own names, whatever file they come from.

Names: embed, final_norm, head, rope.cos, rope.sin, layers.N.{attn_norm, qkv, attn_out, mlp_norm,
gate_up, down}. Matrices are [outputs, inputs]; `qkv` and `gate_up` are stacked by rows.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from agentc.errors import ModelFormatError
from agentc.models.config import LlamaConfig, RopeScaling, checked
from agentc.models.gguf_file import GgufFile
from agentc.models.llama import rope_tables
from agentc.models.safetensors_folder import SafetensorsFolder

_GGUF_NAMES = {
    "embed": ("token_embd.weight",),
    "final_norm": ("output_norm.weight",),
    "head": ("output.weight",),
    "attn_norm": ("blk.{}.attn_norm.weight",),
    "qkv": ("blk.{}.attn_q.weight", "blk.{}.attn_k.weight", "blk.{}.attn_v.weight"),
    "attn_out": ("blk.{}.attn_output.weight",),
    "mlp_norm": ("blk.{}.ffn_norm.weight",),
    "gate_up": ("blk.{}.ffn_gate.weight", "blk.{}.ffn_up.weight"),
    "down": ("blk.{}.ffn_down.weight",),
}
_HF_NAMES = {
    "embed": ("model.embed_tokens.weight",),
    "final_norm": ("model.norm.weight",),
    "head": ("lm_head.weight",),
    "attn_norm": ("model.layers.{}.input_layernorm.weight",),
    "qkv": tuple(f"model.layers.{{}}.self_attn.{p}_proj.weight" for p in "qkv"),
    "attn_out": ("model.layers.{}.self_attn.o_proj.weight",),
    "mlp_norm": ("model.layers.{}.post_attention_layernorm.weight",),
    "gate_up": tuple(f"model.layers.{{}}.mlp.{p}_proj.weight" for p in ("gate", "up")),
    "down": ("model.layers.{}.mlp.down_proj.weight",),
}
_GGUF_ARCHITECTURES = ("llama",)
_HF_TYPES = ("llama", "mistral")


class LlamaWeights:
    """The parameters of a model, one array at a time: `weights.array("layers.3.qkv")`."""

    def __init__(
        self,
        config: LlamaConfig,
        names: dict[str, tuple[str, ...]],
        file: GgufFile | SafetensorsFolder,
        *,
        interleaved_rope: bool = False,
    ) -> None:
        self.config = config
        self._names = names
        self._file = file
        self._interleaved = interleaved_rope
        self._rope: dict[str, np.ndarray] = {}
        self._check()

    def array(self, name: str) -> np.ndarray:
        """Returns parameter `name` as f32."""
        if name.startswith("rope."):
            self._rope = self._rope or rope_tables(self.config)
            return self._rope[name]
        short = name.rpartition(".")[2]
        parts = [self._file.array(n, s) for n, s in self._sources(name)]
        if short == "qkv" and self._interleaved:
            parts[0] = half_split_rows(parts[0], self.config.heads)
            parts[1] = half_split_rows(parts[1], self.config.kv_heads)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _sources(self, name: str) -> list[tuple[str, tuple[int, ...]]]:
        """The file's tensors (name and shape) that make up parameter `name`."""
        path, _, short = name.rpartition(".")
        layer = path.rpartition(".")[2]
        names = [n.format(layer) for n in self._names[short]]
        return list(zip(names, _part_shapes(self.config, short), strict=True))

    def _check(self) -> None:
        """Every tensor must be there, before work is spent on a model that cannot be built."""
        names = ["embed", "final_norm"] + ([] if self.config.tied else ["head"])
        layered = [n for n in self._names if n not in ("embed", "final_norm", "head")]
        every = (f"layers.{i}.{n}" for i in range(self.config.layers) for n in layered)
        for name in itertools.chain(names, every):
            for source, shape in self._sources(name):
                self._file.expect(source, shape)


def half_split_rows(matrix: np.ndarray, heads: int) -> np.ndarray:
    """Undoes the row order that llama.cpp gives query and key matrices.

    There the rotary pairs are neighbours (2i, 2i + 1); the emitter pairs i with i + head_dim / 2.
    """
    rows = matrix.shape[0]
    pairs = matrix.reshape(heads, rows // heads // 2, 2, -1)
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(matrix.shape)


def from_gguf(file: GgufFile) -> LlamaWeights:
    """Returns the weights of a GGUF file. Raises ModelFormatError for other architectures."""
    architecture = file.get("general.architecture", str)
    if architecture not in _GGUF_ARCHITECTURES:
        raise ModelFormatError(
            f"{file.path.name}: architecture '{architecture:.40}' is not supported, expected one "
            f"of {', '.join(_GGUF_ARCHITECTURES)}"
        )
    config = _gguf_config(file, architecture)
    return LlamaWeights(config, _GGUF_NAMES, file, interleaved_rope=True)


def _gguf_config(file: GgufFile, arch: str) -> LlamaConfig:
    def number(key: str, default: int | None = None) -> int:
        return int(file.get(f"{arch}.{key}", int, default))

    heads = number("attention.head_count")
    width = number("embedding_length")
    head_dim = number("attention.key_length", width // heads if heads else 0)
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None:
        raise ModelFormatError(f"{file.path.name}: has no tensor 'token_embd.weight'")
    if (rotary := number("rope.dimension_count", head_dim)) != head_dim:
        raise ModelFormatError(
            f"{file.path.name}: rotates {rotary} of {head_dim} head dimensions, expected all"
        )
    return checked(
        LlamaConfig,
        file.path.name,
        layers=number("block_count"),
        d_model=width,
        heads=heads,
        kv_heads=number("attention.head_count_kv", heads),
        head_dim=head_dim,
        ffn=number("feed_forward_length"),
        vocab=embedding.shape[0],
        context=number("context_length"),
        rms_eps=file.get(f"{arch}.attention.layer_norm_rms_epsilon", float),
        rope_base=file.get(f"{arch}.rope.freq_base", float, 10000.0),
        tied="output.weight" not in file.tensors,
        rope_scaling=_gguf_scaling(file, arch, head_dim),
    )


def _gguf_scaling(file: GgufFile, arch: str, head_dim: int) -> RopeScaling:
    if "rope_freqs.weight" in file.tensors:
        factors = file.array("rope_freqs.weight", (head_dim // 2,))
        return RopeScaling("factors", factors=tuple(float(v) for v in factors))
    kind = file.get(f"{arch}.rope.scaling.type", str, "none")
    if kind not in ("none", "linear"):
        raise ModelFormatError(f"{file.path.name}: rope scaling '{kind:.40}' is not supported")
    return RopeScaling(kind, factor=file.get(f"{arch}.rope.scaling.factor", float, 1.0))


def from_safetensors(folder: SafetensorsFolder) -> LlamaWeights:
    """Returns the weights of a model folder. Raises ModelFormatError for what is not Llama."""
    kind = folder.get("model_type", str)
    if kind not in _HF_TYPES:
        raise ModelFormatError(
            f"{folder.path.name}/config.json: model_type '{kind:.40}' is not supported, expected "
            f"one of {', '.join(_HF_TYPES)}, bert"
        )
    _refuse_variants(folder)
    return LlamaWeights(_hf_config(folder), _HF_NAMES, folder)


def _hf_config(folder: SafetensorsFolder) -> LlamaConfig:
    heads = folder.get("num_attention_heads", int)
    width = folder.get("hidden_size", int)
    rope = folder.get("rope_parameters", dict, {}) or folder.get("rope_scaling", dict, {})
    base = folder.get("rope_theta", float, 10000.0)
    return checked(
        LlamaConfig,
        f"{folder.path.name}/config.json",
        layers=folder.get("num_hidden_layers", int),
        d_model=width,
        heads=heads,
        kv_heads=folder.get("num_key_value_heads", int, heads),
        head_dim=folder.get("head_dim", int, width // heads if heads else 0),
        ffn=folder.get("intermediate_size", int),
        vocab=folder.get("vocab_size", int),
        context=folder.get("max_position_embeddings", int),
        rms_eps=folder.get("rms_norm_eps", float),
        rope_base=_number(folder, rope, "rope_theta", base),
        tied=folder.get("tie_word_embeddings", bool, "lm_head.weight" not in folder.files),
        rope_scaling=_hf_scaling(folder, rope),
    )


def _hf_scaling(folder: SafetensorsFolder, rope: dict[str, Any]) -> RopeScaling:
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return RopeScaling()
    if kind == "linear":
        return RopeScaling("linear", factor=_number(folder, rope, "factor"))
    if kind == "llama3":
        return RopeScaling(
            "llama3",
            factor=_number(folder, rope, "factor"),
            low_frequency=_number(folder, rope, "low_freq_factor"),
            high_frequency=_number(folder, rope, "high_freq_factor"),
            original_context=int(_number(folder, rope, "original_max_position_embeddings")),
        )
    raise ModelFormatError(
        f"{folder.path.name}/config.json: rope scaling '{kind!s:.40}' is not supported"
    )


def _number(
    folder: SafetensorsFolder, rope: dict[str, Any], key: str, default: float | None = None
) -> float:
    """A finite number of the rope settings."""
    value = rope.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise ModelFormatError(
            f"{folder.path.name}/config.json: '{key}' of the rope settings is {value!r:.40}, "
            "expected a number"
        )
    return float(value)


def _refuse_variants(folder: SafetensorsFolder) -> None:
    """Options of the family that the emitter does not have yet, with the only value it takes."""
    expected = {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False}
    for key, value in expected.items():
        if folder.config.get(key, value) != value:
            raise ModelFormatError(
                f"{folder.path.name}/config.json: '{key}' is {folder.config[key]!r:.40}, "
                f"only {value!r} is supported"
            )
    window = folder.config.get("sliding_window")
    context = folder.get("max_position_embeddings", int)
    if window is not None and not (isinstance(window, int) and window >= context):
        raise ModelFormatError(
            f"{folder.path.name}/config.json: sliding-window attention is not supported"
        )


def _part_shapes(c: LlamaConfig, short: str) -> list[tuple[int, ...]]:
    """The shapes of the file's tensors that make up parameter `short`."""
    q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
    shapes: dict[str, list[tuple[int, ...]]] = {
        "embed": [(c.vocab, c.d_model)],
        "head": [(c.vocab, c.d_model)],
        "final_norm": [(c.d_model,)],
        "attn_norm": [(c.d_model,)],
        "mlp_norm": [(c.d_model,)],
        "qkv": [(q, c.d_model), (kv, c.d_model), (kv, c.d_model)],
        "attn_out": [(c.d_model, q)],
        "gate_up": [(c.ffn, c.d_model), (c.ffn, c.d_model)],
        "down": [(c.d_model, c.ffn)],
    }
    return shapes[short]
