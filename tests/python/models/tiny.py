"""Small random models, and GGUF files made of them."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize

from agentc.models.config import BertConfig, DecoderConfig, RopeScaling
from agentc.models.rope import rope_tables

PIECES = ["<s>", "</s>", "<unk>", "a", "b", "c", "ab", "abc", "Ġ", "Ġa", "x", "y"]
MERGES = ["a b", "ab c", "Ġ a"]
CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


FAMILIES: dict[str, dict[str, object]] = {
    "llama": {},
    "mistral": {"architecture": "mistral", "windows": (21, 21), "tied": False},
    "qwen2": {"architecture": "qwen2", "qkv_bias": True},
    "qwen3": {"architecture": "qwen3", "head_norm": True, "tied": False, "rope_base": 1e6},
    "gemma3": {
        "architecture": "gemma3",
        "head_norm": True,
        "activation": "gelu_tanh",
        "embedding_scale": 52**0.5,
        "attention_scale": 24**-0.5,
        "post_norms": True,
        "windows": (21, 0),
        "rope_base": 1e6,
        "local_rope_base": 1e4,
        "rope_scaling": RopeScaling("linear", factor=8.0),
    },
}
"""What each family changes in `decoder_config`; the windows are shorter than the tests' texts."""


def decoder_config(**changes: object) -> DecoderConfig:
    """Two layers, groups of three, sizes that no vector width divides."""
    values: dict[str, object] = {
        "layers": 2,
        "d_model": 52,
        "heads": 6,
        "kv_heads": 2,
        "head_dim": 16,
        "ffn": 70,
        "vocab": 61,
        "context": 200,
        "rms_eps": 1e-5,
        "rope_base": 1e4,
        "tied": True,
    }
    return DecoderConfig(**{**values, **changes})  # type: ignore[arg-type]


def family_config(family: str, **changes: object) -> DecoderConfig:
    """`decoder_config` of one of `FAMILIES`."""
    return decoder_config(**{**FAMILIES[family], **changes})


def decoder_weights(config: DecoderConfig, seed: int = 0) -> dict[str, np.ndarray]:
    """Random parameters under the emitter's names; large enough that attention matters."""
    rng = np.random.default_rng(seed)
    c = config

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (rng.standard_normal((rows, columns)) * 1.5 / np.sqrt(columns)).astype(np.float32)

    def norm(width: int = c.d_model) -> np.ndarray:
        return (1 + 0.3 * rng.standard_normal(width)).astype(np.float32)

    weights = {"embed": matrix(c.vocab, c.d_model), "final_norm": norm(), **rope_tables(c)}
    if not c.tied:
        weights["head"] = matrix(c.vocab, c.d_model)
    for layer in range(c.layers):
        name = f"layers.{layer}."
        weights[name + "attn_norm"], weights[name + "mlp_norm"] = norm(), norm()
        weights[name + "qkv"] = matrix(c.qkv_width, c.d_model)
        weights[name + "attn_out"] = matrix(c.d_model, c.heads * c.head_dim)
        weights[name + "gate_up"] = matrix(2 * c.ffn, c.d_model)
        weights[name + "down"] = matrix(c.d_model, c.ffn)
        if c.qkv_bias:
            weights[name + "qkv_bias"] = rng.standard_normal(c.qkv_width).astype(np.float32)
        if c.head_norm:
            weights[name + "q_norm"], weights[name + "k_norm"] = norm(c.head_dim), norm(c.head_dim)
        if c.post_norms:
            weights[name + "attn_post_norm"], weights[name + "mlp_post_norm"] = norm(), norm()
    return weights


def interleave_rows(matrix: np.ndarray, heads: int) -> np.ndarray:
    """The row order of llama.cpp: dimensions i and i + half of a head become neighbours."""
    half = matrix.shape[0] // heads // 2
    order = [h * 2 * half + p * half + i for h in range(heads) for i in range(half) for p in (0, 1)]
    return matrix[order]


def write_gguf(
    path: Path,
    c: DecoderConfig,
    weights: dict[str, np.ndarray],
    kind: str = "F32",
    **metadata: object,
) -> None:
    """Writes a GGUF file; matrices whose rows allow it get type `kind`."""
    architecture = "llama" if c.architecture == "mistral" else c.architecture
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(c.layers)
    writer.add_context_length(c.context)
    writer.add_embedding_length(c.d_model)
    writer.add_feed_forward_length(c.ffn)
    writer.add_head_count(c.heads)
    writer.add_head_count_kv(c.kv_heads)
    writer.add_key_length(c.head_dim)
    writer.add_rope_freq_base(c.rope_base)
    writer.add_layer_norm_rms_eps(c.rms_eps)
    if any(c.windows):
        writer.add_sliding_window(max(c.windows))
    if c.architecture == "gemma3":
        writer.add_sliding_window_pattern(2)
    if c.rope_scaling.kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(c.rope_scaling.factor)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(PIECES)
    writer.add_token_types([3, 3, 3] + [1] * (len(PIECES) - 3))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(CHAT)
    for key, value in metadata.items():
        writer.add_string(key.replace("__", "."), str(value))
    for name, array in gguf_tensors(c, weights).items():
        _add(writer, name, array, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


_GGUF_PLAIN = {
    "attn_norm": "attn_norm",
    "q_norm": "attn_q_norm",
    "k_norm": "attn_k_norm",
    "attn_out": "attn_output",
    "attn_post_norm": "post_attention_norm",
    "mlp_norm": "ffn_norm",
    "down": "ffn_down",
    "mlp_post_norm": "post_ffw_norm",
}


def gguf_tensors(c: DecoderConfig, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors of a GGUF file, by name."""
    q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
    permuted = c.architecture in ("llama", "mistral")
    tensors = {
        "token_embd.weight": weights["embed"],
        "output_norm.weight": weights["final_norm"],
    }
    if not c.tied:
        tensors["output.weight"] = weights["head"]
    for layer in range(c.layers):
        own, name = f"layers.{layer}.", f"blk.{layer}."
        for kind, fused in (("weight", "qkv"), ("bias", "qkv_bias")):
            if own + fused not in weights:
                continue
            query, key, value = np.split(weights[own + fused], [q, q + kv])
            tensors[f"{name}attn_q.{kind}"] = interleave_rows(query, c.heads) if permuted else query
            tensors[f"{name}attn_k.{kind}"] = interleave_rows(key, c.kv_heads) if permuted else key
            tensors[f"{name}attn_v.{kind}"] = value
        for half, part in zip(("gate", "up"), np.split(weights[own + "gate_up"], 2), strict=True):
            tensors[f"{name}ffn_{half}.weight"] = part
        for ours, theirs in _GGUF_PLAIN.items():
            if own + ours in weights:
                tensors[f"{name}{theirs}.weight"] = weights[own + ours]
    return tensors


def _add(writer: gguf.GGUFWriter, name: str, array: np.ndarray, kind: str) -> None:
    type_ = gguf.GGMLQuantizationType[kind]
    block = gguf.GGML_QUANT_SIZES[type_][0]
    if array.ndim == 1 or array.shape[-1] % block or kind == "F32":
        writer.add_tensor(name, array)
    elif kind == "F16":
        writer.add_tensor(name, array.astype(np.float16))
    else:
        writer.add_tensor(name, quantize(array, type_), raw_dtype=type_)


def bert_config(**changes: object) -> BertConfig:
    """Two layers, sizes that no vector width divides."""
    values: dict[str, object] = {
        "layers": 2,
        "d_model": 36,
        "heads": 3,
        "ffn": 50,
        "vocab": 97,
        "context": 40,
        "norm_eps": 1e-12,
    }
    return BertConfig(**{**values, **changes})  # type: ignore[arg-type]


def bert_weights(c: BertConfig, seed: int = 0) -> dict[str, np.ndarray]:
    """Random parameters under the emitter's names."""
    rng = np.random.default_rng(seed)

    def random(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.scale": 1 + random(c.d_model), f"{name}.shift": random(c.d_model)}

    weights = {"words": random(c.vocab, c.d_model), "positions": random(c.context, c.d_model)}
    weights |= norm("norm")
    shapes = {
        "qkv": (3 * c.d_model, c.d_model),
        "attn_out": (c.d_model, c.d_model),
        "up": (c.ffn, c.d_model),
        "down": (c.d_model, c.ffn),
    }
    for layer in range(c.layers):
        for short, (rows, columns) in shapes.items():
            weights[f"layers.{layer}.{short}.weight"] = random(rows, columns)
            weights[f"layers.{layer}.{short}.bias"] = random(rows)
        weights |= norm(f"layers.{layer}.attn_norm") | norm(f"layers.{layer}.mlp_norm")
    if c.token_types:
        weights["types"] = 3 * random(c.token_types, c.d_model)
    if c.scores:
        weights["head.dense.weight"] = random(c.d_model, c.d_model)
        weights["head.dense.bias"] = random(c.d_model)
        weights["head.out.weight"], weights["head.out.bias"] = 3 * random(c.d_model), random(1)
    return weights
