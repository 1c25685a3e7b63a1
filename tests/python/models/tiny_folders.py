"""Model folders (config.json, model.safetensors) made of the small random models of `tiny.py`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from agentc.models.config import DecoderConfig

_PLAIN = {
    "q_norm": "self_attn.q_norm",
    "k_norm": "self_attn.k_norm",
    "attn_out": "self_attn.o_proj",
    "down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
}
_MLP_NORM = {"mlp_norm": "post_attention_layernorm"}
_SANDWICH = {
    "attn_post_norm": "post_attention_layernorm",
    "mlp_norm": "pre_feedforward_layernorm",
    "mlp_post_norm": "post_feedforward_layernorm",
}
CLASSES = {
    "llama": ("llama", "LlamaForCausalLM"),
    "mistral": ("mistral", "MistralForCausalLM"),
    "qwen2": ("qwen2", "Qwen2ForCausalLM"),
    "qwen3": ("qwen3", "Qwen3ForCausalLM"),
    "gemma3": ("gemma3_text", "Gemma3ForCausalLM"),
}
"""model_type and class of a family."""


def write_decoder_folder(path: Path, c: DecoderConfig, weights: dict[str, np.ndarray]) -> None:
    """Writes config.json and model.safetensors as Hugging Face names them."""
    path.mkdir(parents=True, exist_ok=True)
    tensors = folder_tensors(c, weights)
    save_file({n: np.ascontiguousarray(t) for n, t in tensors.items()}, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(folder_config(c)))


def folder_tensors(c: DecoderConfig, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors of a folder, by name; Gemma's norms are stored less 1."""
    gemma = c.architecture == "gemma3"
    q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
    tensors = {
        "model.embed_tokens.weight": weights["embed"],
        "model.norm.weight": weights["final_norm"],
    }
    if not c.tied:
        tensors["lm_head.weight"] = weights["head"]
    for layer in range(c.layers):
        own, name = f"layers.{layer}.", f"model.layers.{layer}."
        for fused, kind in (("qkv", "weight"), ("qkv_bias", "bias")):
            parts = np.split(weights[own + fused], [q, q + kv]) if own + fused in weights else []
            for letter, part in zip("qkv", parts, strict=bool(parts)):
                tensors[f"{name}self_attn.{letter}_proj.{kind}"] = part
        for half, part in zip(("gate", "up"), np.split(weights[own + "gate_up"], 2), strict=True):
            tensors[f"{name}mlp.{half}_proj.weight"] = part
        for ours, theirs in (_PLAIN | (_SANDWICH if gemma else _MLP_NORM)).items():
            if own + ours in weights:
                tensors[f"{name}{theirs}.weight"] = weights[own + ours]
    if gemma:
        one = np.float32(1)
        tensors = {n: t - one if "norm." in n else t for n, t in tensors.items()}
    return tensors


def folder_config(c: DecoderConfig) -> dict[str, object]:
    """What stands in config.json."""
    model_type, class_name = CLASSES[c.architecture]
    config: dict[str, object] = {
        "model_type": model_type,
        "architectures": [class_name],
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
    }
    if c.rope_scaling.kind != "none":
        config["rope_scaling"] = rope_scaling(c)
    if any(c.windows):
        config["sliding_window"] = max(c.windows)
    if c.architecture == "qwen2":
        config["use_sliding_window"] = any(c.windows)
        config["max_window_layers"] = c.windows.count(0)
    if c.architecture != "gemma3":
        return {**config, "hidden_act": "silu"}
    return {
        **config,
        "hidden_activation": "gelu_pytorch_tanh",
        "rope_local_base_freq": c.local_rope_base,
        "query_pre_attn_scalar": round(c.query_scale**-2),
        "layer_types": [("sliding" if w else "full") + "_attention" for w in c.windows],
    }


def rope_scaling(c: DecoderConfig) -> dict[str, object]:
    """The rotary scaling in the words of config.json."""
    s = c.rope_scaling
    scaling: dict[str, object] = {"rope_type": s.kind, "factor": s.factor}
    if s.kind == "llama3":
        scaling["low_freq_factor"] = s.low_frequency
        scaling["high_freq_factor"] = s.high_frequency
        scaling["original_max_position_embeddings"] = s.original_context
    return scaling
