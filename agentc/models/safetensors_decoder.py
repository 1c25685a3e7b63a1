"""Decoders from model folders: sizes from config.json, weights under the emitter's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentc.errors import ModelFormatError
from agentc.models.config import DecoderConfig, RopeScaling, checked
from agentc.models.decoder_weights import DecoderWeights
from agentc.models.safetensors_folder import SafetensorsFolder

_NAMES = {
    "embed": ("embed_tokens.weight",),
    "final_norm": ("norm.weight",),
    "head": ("lm_head.weight",),
    "attn_norm": ("layers.{}.input_layernorm.weight",),
    "qkv": tuple(f"layers.{{}}.self_attn.{p}_proj.weight" for p in "qkv"),
    "qkv_bias": tuple(f"layers.{{}}.self_attn.{p}_proj.bias" for p in "qkv"),
    "q_norm": ("layers.{}.self_attn.q_norm.weight",),
    "k_norm": ("layers.{}.self_attn.k_norm.weight",),
    "attn_out": ("layers.{}.self_attn.o_proj.weight",),
    "mlp_norm": ("layers.{}.post_attention_layernorm.weight",),
    "gate_up": tuple(f"layers.{{}}.mlp.{p}_proj.weight" for p in ("gate", "up")),
    "down": ("layers.{}.mlp.down_proj.weight",),
}
_SANDWICH_NAMES = {
    "attn_post_norm": ("layers.{}.post_attention_layernorm.weight",),
    "mlp_norm": ("layers.{}.pre_feedforward_layernorm.weight",),
    "mlp_post_norm": ("layers.{}.post_feedforward_layernorm.weight",),
}
_PREFIXES = ("model.", "language_model.model.", "model.language_model.")
"""Where the decoder stands in the file: alone, or beside the vision tower of a larger model."""
_COMMON = {"mlp_bias": False, "attention_bias": False, "partial_rotary_factor": 1.0}
_SILU = {**_COMMON, "hidden_act": "silu"}


@dataclass(frozen=True)
class _Family:
    """What the model_type alone says.

    Attributes:
      constants: fields of `DecoderConfig`.
      only: settings with the one value that the emitter knows.
      defaults: settings that config.json may leave out.
    """

    constants: Mapping[str, Any] = field(default_factory=dict)
    only: Mapping[str, Any] = field(default_factory=lambda: _SILU)
    defaults: Mapping[str, Any] = field(default_factory=dict)


_GEMMA3 = _Family(
    {"activation": "gelu_tanh", "post_norms": True, "head_norm": True},
    {
        **_COMMON,
        "hidden_activation": "gelu_pytorch_tanh",
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "use_bidirectional_attention": False,
    },
    {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262208,
        "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "rope_local_base_freq": 10000.0,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "sliding_window_pattern": 6,
    },
)
FAMILIES = {
    "llama": _Family(),
    "mistral": _Family(),
    "qwen2": _Family({"qkv_bias": True}),
    "qwen3": _Family({"head_norm": True}, defaults={"head_dim": 128}),
    "gemma3_text": _GEMMA3,
    "gemma3": _GEMMA3,
}


def from_safetensors(folder: SafetensorsFolder) -> DecoderWeights:
    """Returns the weights of a model folder.

    Raises:
      ModelFormatError: another model type, sizes that make no sense, or a missing tensor.
    """
    kind = folder.get("model_type", str)
    if kind not in FAMILIES:
        raise ModelFormatError(
            f"{folder.path.name}/config.json: model_type '{kind:.40}' is not supported, expected "
            f"one of {', '.join(FAMILIES)}, bert"
        )
    family = FAMILIES[kind]
    folder = folder.with_settings("text_config", family.defaults)
    gemma = family is _GEMMA3
    _refuse_variants(folder, family.only)
    config = _config(folder, "gemma3" if gemma else kind, family)
    names = _NAMES | (_SANDWICH_NAMES if gemma else {})
    return DecoderWeights(config, _placed(names, folder), folder, norm_offset=1.0 if gemma else 0.0)


def _placed(names: dict[str, tuple[str, ...]], folder: SafetensorsFolder) -> dict[str, Any]:
    """The tensor names with the prefix that the files use."""
    found = (p for p in _PREFIXES if f"{p}embed_tokens.weight" in folder.files)
    prefix = next(found, _PREFIXES[0])
    placed = {k: tuple(prefix + n for n in tensors) for k, tensors in names.items()}
    return placed | {"head": names["head"]}


def _config(folder: SafetensorsFolder, architecture: str, family: _Family) -> DecoderConfig:
    heads = folder.get("num_attention_heads", int)
    width = folder.get("hidden_size", int)
    rope = _Rope(folder)
    sizes: dict[str, Any] = {
        "layers": folder.get("num_hidden_layers", int),
        "d_model": width,
        "heads": heads,
        "kv_heads": folder.get("num_key_value_heads", int, heads),
        "head_dim": folder.get("head_dim", int, width // heads if heads > 0 else 0),
        "ffn": folder.get("intermediate_size", int),
        "vocab": folder.get("vocab_size", int),
        "context": folder.get("max_position_embeddings", int),
        "rms_eps": folder.get("rms_norm_eps", float),
        "tied": folder.get("tie_word_embeddings", bool, "lm_head.weight" not in folder.files),
        "rope_base": rope.base,
        "rope_scaling": rope.scaling(),
        "architecture": architecture,
        **family.constants,
    }
    sizes["windows"] = _windows(folder, architecture, sizes)
    if architecture == "gemma3":
        scalar = folder.get("query_pre_attn_scalar", float)
        usual = scalar == sizes["head_dim"]
        sizes["attention_scale"] = 0.0 if usual else scalar**-0.5 if scalar > 0 else float("nan")
        sizes["embedding_scale"] = max(width, 0) ** 0.5
        sizes["local_rope_base"] = rope.local_base
    return checked(DecoderConfig, f"{folder.path.name}/config.json", **sizes)


def _windows(folder: SafetensorsFolder, architecture: str, sizes: dict[str, Any]) -> Any:
    """Returns the attention window of each layer, as `DecoderConfig.windows`."""
    is_qwen = architecture.startswith("qwen")
    if architecture == "llama" or (is_qwen and not folder.get("use_sliding_window", bool, False)):
        return ()
    window = folder.get("sliding_window", int, 0)
    layers = range(sizes["layers"] if 0 < sizes["layers"] <= len(folder.files) else 0)
    if window >= sizes["context"] and architecture != "gemma3":
        return ()
    if architecture == "mistral":
        return (window,) * len(layers)
    kinds = folder.get("layer_types", list, [])
    if not kinds and is_qwen:
        first = folder.get("max_window_layers", int, 28)
        return tuple(window if i >= first else 0 for i in layers)
    if not kinds:
        period = folder.get("sliding_window_pattern", int)
        return tuple(0 if (i + 1) % max(period, 1) == 0 else window for i in layers)
    known = {"sliding_attention": window, "full_attention": 0}
    if unknown := [k for k in kinds if not isinstance(k, str) or k not in known]:
        raise ModelFormatError(
            f"{folder.path.name}/config.json: layer type {unknown[0]!r:.40} is not supported, "
            f"expected {' or '.join(known)}"
        )
    return tuple(known[k] for k in kinds)


class _Rope:
    """The rotary settings, which stand in config.json in one of three forms: flat, in
    `rope_scaling` / `rope_parameters`, or there by layer type."""

    def __init__(self, folder: SafetensorsFolder) -> None:
        self._origin = f"{folder.path.name}/config.json"
        found = folder.get("rope_parameters", dict, {}) or folder.get("rope_scaling", dict, {})
        by_type = {k: v for k, v in found.items() if isinstance(v, dict)}
        self._all = by_type.get("full_attention", found)
        base = folder.get("rope_theta", float, 10000.0)
        self.base = self._number(self._all, "rope_theta", base)
        local = by_type.get("sliding_attention", {})
        flat = folder.get("rope_local_base_freq", float, 10000.0)
        self.local_base = self._number(local, "rope_theta", flat)

    def scaling(self) -> RopeScaling:
        """Returns how angles are stretched (those of layers without a window, if they differ)."""
        kind = self._all.get("rope_type", self._all.get("type", "default"))
        if kind == "default":
            return RopeScaling()
        if kind == "linear":
            return RopeScaling("linear", factor=self._number(self._all, "factor"))
        if kind == "llama3":
            return RopeScaling(
                "llama3",
                factor=self._number(self._all, "factor"),
                low_frequency=self._number(self._all, "low_freq_factor"),
                high_frequency=self._number(self._all, "high_freq_factor"),
                original_context=int(self._number(self._all, "original_max_position_embeddings")),
            )
        raise ModelFormatError(f"{self._origin}: rope scaling '{kind!s:.40}' is not supported")

    def _number(self, rope: dict[str, Any], key: str, default: float | None = None) -> float:
        value = rope.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
            raise ModelFormatError(
                f"{self._origin}: '{key}' of the rope settings is {value!r:.40}, expected a number"
            )
        return float(value)


def _refuse_variants(folder: SafetensorsFolder, only: Mapping[str, Any]) -> None:
    for key, value in only.items():
        if folder.config.get(key, value) != value:
            raise ModelFormatError(
                f"{folder.path.name}/config.json: '{key}' is {folder.config[key]!r:.40}, "
                f"only {value!r} is supported"
            )
