"""Small random models, and GGUF and safetensors files made of them."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize
from safetensors.numpy import save_file

from agentc.models.config import BertConfig, DecoderConfig
from agentc.models.rope import rope_tables

PIECES = ["<s>", "</s>", "<unk>", "a", "b", "c", "ab", "abc", "Ġ", "Ġa", "x", "y"]
MERGES = ["a b", "ab c", "Ġ a"]
CHAT = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


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


def decoder_weights(config: DecoderConfig, seed: int = 0) -> dict[str, np.ndarray]:
    """Random parameters under the emitter's names; large enough that attention matters."""
    rng = np.random.default_rng(seed)
    c = config

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (rng.standard_normal((rows, columns)) * 1.5 / np.sqrt(columns)).astype(np.float32)

    def norm() -> np.ndarray:
        return (1 + 0.3 * rng.standard_normal(c.d_model)).astype(np.float32)

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
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(c.layers)
    writer.add_context_length(c.context)
    writer.add_embedding_length(c.d_model)
    writer.add_feed_forward_length(c.ffn)
    writer.add_head_count(c.heads)
    writer.add_head_count_kv(c.kv_heads)
    writer.add_key_length(c.head_dim)
    writer.add_rope_freq_base(c.rope_base)
    writer.add_layer_norm_rms_eps(c.rms_eps)
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


def gguf_tensors(c: DecoderConfig, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors of a GGUF file, by name."""
    q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
    tensors = {
        "token_embd.weight": weights["embed"],
        "output_norm.weight": weights["final_norm"],
    }
    if not c.tied:
        tensors["output.weight"] = weights["head"]
    for layer in range(c.layers):
        own, name = f"layers.{layer}.", f"blk.{layer}."
        query, key, value = np.split(weights[own + "qkv"], [q, q + kv])
        gate, up = np.split(weights[own + "gate_up"], 2)
        tensors |= {
            name + "attn_norm.weight": weights[own + "attn_norm"],
            name + "ffn_norm.weight": weights[own + "mlp_norm"],
            name + "attn_q.weight": interleave_rows(query, c.heads),
            name + "attn_k.weight": interleave_rows(key, c.kv_heads),
            name + "attn_v.weight": value,
            name + "attn_output.weight": weights[own + "attn_out"],
            name + "ffn_gate.weight": gate,
            name + "ffn_up.weight": up,
            name + "ffn_down.weight": weights[own + "down"],
        }
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


def write_decoder_folder(path: Path, c: DecoderConfig, weights: dict[str, np.ndarray]) -> None:
    """Writes config.json and model.safetensors as Hugging Face names them."""
    q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
    tensors = {
        "model.embed_tokens.weight": weights["embed"],
        "model.norm.weight": weights["final_norm"],
    }
    if not c.tied:
        tensors["lm_head.weight"] = weights["head"]
    for layer in range(c.layers):
        own, name = f"layers.{layer}.", f"model.layers.{layer}."
        parts = np.split(weights[own + "qkv"], [q, q + kv])
        for letter, part in zip("qkv", parts, strict=True):
            tensors[f"{name}self_attn.{letter}_proj.weight"] = part
        for half, part in zip(("gate", "up"), np.split(weights[own + "gate_up"], 2), strict=True):
            tensors[f"{name}mlp.{half}_proj.weight"] = part
        tensors[name + "self_attn.o_proj.weight"] = weights[own + "attn_out"]
        tensors[name + "mlp.down_proj.weight"] = weights[own + "down"]
        tensors[name + "input_layernorm.weight"] = weights[own + "attn_norm"]
        tensors[name + "post_attention_layernorm.weight"] = weights[own + "mlp_norm"]
    path.mkdir(parents=True, exist_ok=True)
    save_file({n: np.ascontiguousarray(t) for n, t in tensors.items()}, path / "model.safetensors")
    config = {
        "model_type": "llama",
        "num_hidden_layers": c.layers,
        "hidden_size": c.d_model,
        "num_attention_heads": c.heads,
        "num_key_value_heads": c.kv_heads,
        "head_dim": c.head_dim,
        "intermediate_size": c.ffn,
        "vocab_size": c.vocab,
        "max_position_embeddings": c.context,
        "rms_norm_eps": c.rms_eps,
        "rope_theta": c.rope_base,
        "tie_word_embeddings": c.tied,
        "hidden_act": "silu",
        "architectures": ["LlamaForCausalLM"],
    }
    (path / "config.json").write_text(json.dumps(config))


def bert_config() -> BertConfig:
    """Two layers, sizes that no vector width divides."""
    return BertConfig(layers=2, d_model=36, heads=3, ffn=50, vocab=97, context=40, norm_eps=1e-12)


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
    return weights
