"""Decoders from GGUF files: sizes from the metadata, weights under the emitter's names."""

from __future__ import annotations

from typing import Any

from agentc.errors import ModelFormatError
from agentc.models.config import DecoderConfig, RopeScaling, checked
from agentc.models.decoder_weights import DecoderWeights
from agentc.models.gguf_file import GgufFile

ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma3")
NAMES = {
    "embed": ("token_embd.weight",),
    "final_norm": ("output_norm.weight",),
    "head": ("output.weight",),
    "attn_norm": ("blk.{}.attn_norm.weight",),
    "qkv": ("blk.{}.attn_q.weight", "blk.{}.attn_k.weight", "blk.{}.attn_v.weight"),
    "qkv_bias": ("blk.{}.attn_q.bias", "blk.{}.attn_k.bias", "blk.{}.attn_v.bias"),
    "q_norm": ("blk.{}.attn_q_norm.weight",),
    "k_norm": ("blk.{}.attn_k_norm.weight",),
    "attn_out": ("blk.{}.attn_output.weight",),
    "attn_post_norm": ("blk.{}.post_attention_norm.weight",),
    "mlp_norm": ("blk.{}.ffn_norm.weight",),
    "gate_up": ("blk.{}.ffn_gate.weight", "blk.{}.ffn_up.weight"),
    "down": ("blk.{}.ffn_down.weight",),
    "mlp_post_norm": ("blk.{}.post_ffw_norm.weight",),
}
_GEMMA_PERIOD = 6
"""Every sixth layer of Gemma 3 attends to all keys, the others to a window."""
_GEMMA_LOCAL_ROPE = 10000.0
_GEMMA_27B_LAYERS = 62
"""Of Gemma 3, only this size scales queries by d_model / heads, and files do not say so."""


def from_gguf(file: GgufFile) -> DecoderWeights:
    """Returns the weights of a GGUF file.

    Raises:
      ModelFormatError: another architecture, sizes that make no sense, or a missing tensor.
    """
    architecture = file.get("general.architecture", str)
    if architecture not in ARCHITECTURES:
        raise ModelFormatError(
            f"{file.path.name}: architecture '{architecture:.40}' is not supported, expected one "
            f"of {', '.join(ARCHITECTURES)}"
        )
    config = _config(file, architecture)
    return DecoderWeights(config, NAMES, file, interleaved_rope=architecture == "llama")


def _config(file: GgufFile, arch: str) -> DecoderConfig:
    def number(key: str, default: int | None = None) -> int:
        return int(file.get(f"{arch}.{key}", int, default))

    heads = number("attention.head_count")
    width = number("embedding_length")
    head_dim = number("attention.key_length", width // heads if heads > 0 else 0)
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None:
        raise ModelFormatError(f"{file.path.name}: has no tensor 'token_embd.weight'")
    for key in ("rope.dimension_count", "attention.value_length"):
        if (found := number(key, head_dim)) != head_dim:
            raise ModelFormatError(
                f"{file.path.name}: '{arch}.{key}' is {found}, expected the head dimension "
                f"{head_dim}"
            )
    sizes: dict[str, Any] = {
        "layers": number("block_count"),
        "d_model": width,
        "heads": heads,
        "kv_heads": number("attention.head_count_kv", heads),
        "head_dim": head_dim,
        "ffn": number("feed_forward_length"),
        "vocab": embedding.shape[0],
        "context": number("context_length"),
        "rms_eps": file.get(f"{arch}.attention.layer_norm_rms_epsilon", float),
        "tied": "output.weight" not in file.tensors,
        "rope_scaling": _scaling(file, arch, head_dim),
        "architecture": arch,
        "qkv_bias": "blk.0.attn_q.bias" in file.tensors,
        "head_norm": "blk.0.attn_q_norm.weight" in file.tensors,
    }
    special = _gemma(file, sizes) if arch == "gemma3" else _plain(file, arch, sizes)
    return checked(DecoderConfig, file.path.name, **sizes, **special)


def _plain(file: GgufFile, arch: str, sizes: dict[str, Any]) -> dict[str, Any]:
    """What Llama, Mistral and Qwen have: a window, if any, is that of all layers."""
    window = file.get(f"{arch}.attention.sliding_window", int, 0)
    return {
        "rope_base": file.get(f"{arch}.rope.freq_base", float, 10000.0),
        "windows": (window,) * _layers(file, sizes) if window < sizes["context"] else (),
    }


def _gemma(file: GgufFile, sizes: dict[str, Any]) -> dict[str, Any]:
    """What Gemma 3 has of its own; the key names are those of llama.cpp."""
    width, heads = sizes["d_model"], sizes["heads"]
    window = file.get("gemma3.attention.sliding_window", int)
    period = file.get("gemma3.attention.sliding_window_pattern", int, _GEMMA_PERIOD)
    by_width = sizes["layers"] == _GEMMA_27B_LAYERS and heads > 0 and width > 0
    return {
        "activation": "gelu_tanh",
        "post_norms": True,
        "embedding_scale": max(width, 0) ** 0.5,
        "attention_scale": (width / heads) ** -0.5 if by_width else 0.0,
        "rope_base": file.get("gemma3.rope.freq_base", float, 1e6),
        "local_rope_base": file.get("gemma3.rope.freq_base_swa", float, _GEMMA_LOCAL_ROPE),
        "windows": tuple(
            0 if period > 0 and (i + 1) % period == 0 else window
            for i in range(_layers(file, sizes))
        ),
    }


def _layers(file: GgufFile, sizes: dict[str, Any]) -> int:
    """The announced number of layers, or 0 where the file has not even as many tensors."""
    return int(sizes["layers"]) if 0 < sizes["layers"] <= len(file.tensors) else 0


def _scaling(file: GgufFile, arch: str, head_dim: int) -> RopeScaling:
    if "rope_freqs.weight" in file.tensors:
        factors = file.array("rope_freqs.weight", (head_dim // 2,))
        return RopeScaling("factors", factors=tuple(float(v) for v in factors))
    kind = file.get(f"{arch}.rope.scaling.type", str, "none")
    if kind not in ("none", "linear"):
        raise ModelFormatError(f"{file.path.name}: rope scaling '{kind:.40}' is not supported")
    return RopeScaling(kind, factor=file.get(f"{arch}.rope.scaling.factor", float, 1.0))
