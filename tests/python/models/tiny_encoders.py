"""Model folders of small random encoders: BERT and RoBERTa, with and without a scoring head."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from agentc.models.config import BertConfig

from . import tiny

SIZES = {"d_model": 64, "heads": 4, "ffn": 96, "vocab": 97, "context": 40}
"""What the quantised kernels take too."""
CASES: dict[str, tuple[str, dict[str, object]]] = {
    "bert, mean": ("bert", {}),
    "bert, first": ("bert", {"output": "first"}),
    "bert, score": ("bert", {"output": "score", "token_types": 2}),
    "roberta, mean": ("roberta", {"norm_eps": 1e-5}),
    "xlm-roberta, score": ("xlm-roberta", {"output": "score", "norm_eps": 1e-5}),
}
"""Model type and changes of the config."""
_CLASSES = {"bert": "Bert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta"}
_NAMES = {
    "attn_out": "attention.output.dense",
    "up": "intermediate.dense",
    "down": "output.dense",
    "attn_norm": "attention.output.LayerNorm",
    "mlp_norm": "output.LayerNorm",
}
_KINDS = {"weight": "weight", "bias": "bias", "scale": "weight", "shift": "bias"}


def case(name: str) -> tuple[str, BertConfig, dict[str, np.ndarray]]:
    """Returns model type, config and weights of one of `CASES`."""
    kind, changes = CASES[name]
    config = tiny.bert_config(**{**SIZES, **changes})
    return kind, config, tiny.bert_weights(config, seed=11)


def write_encoder_folder(
    path: Path, kind: str, c: BertConfig, weights: dict[str, np.ndarray], **changes: object
) -> Path:
    """Writes config.json, model.safetensors and tokenizer.json as Hugging Face names them."""
    path.mkdir(parents=True, exist_ok=True)
    tensors = _tensors(kind, c, weights)
    save_file({n: np.ascontiguousarray(t) for n, t in tensors.items()}, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps({**_config(kind, c), **changes}))
    (path / "tokenizer.json").write_text(tokenizer(kind, c.vocab).to_str())
    if c.output == "first":
        (path / "1_Pooling").mkdir(exist_ok=True)
        pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
        (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return path


def tokenizer(kind: str, vocab: int) -> Tokenizer:
    """Words "w0", "w1", ... and the family's templates for a text and a pair."""
    if kind == "bert":
        special = _, unknown, first, last = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
    else:
        special = first, _, last, unknown = "<s>", "<pad>", "</s>", "<unk>"
    pieces = [*special, *(f"w{i}" for i in range(len(special), vocab))]
    words = {text: i for i, text in enumerate(pieces)}
    made = Tokenizer(models.WordLevel(words, unknown))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if kind == "bert":
        pair = f"{first} $A {last} $B:1 {last}:1"
    else:
        pair = f"{first} $A {last} {last} $B {last}"
    made.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=pair,
        special_tokens=[(t, words[t]) for t in (first, last)],
    )
    return made


def _config(kind: str, c: BertConfig) -> dict[str, object]:
    is_roberta = kind != "bert"
    task = "ForSequenceClassification" if c.scores else "Model"
    labels = {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}} if c.scores else {}
    return {
        "model_type": kind,
        "architectures": [_CLASSES[kind] + task],
        "num_hidden_layers": c.layers,
        "hidden_size": c.d_model,
        "num_attention_heads": c.heads,
        "intermediate_size": c.ffn,
        "vocab_size": c.vocab,
        "max_position_embeddings": c.context + 2 * is_roberta,
        "type_vocab_size": 1 if is_roberta else 2,
        "layer_norm_eps": c.norm_eps,
        "hidden_act": "gelu",
        "pad_token_id": 1 if is_roberta else 0,
        **labels,
    }


def _tensors(kind: str, c: BertConfig, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    is_roberta, rng = kind != "bert", np.random.default_rng(12)
    prefix = ("roberta." if is_roberta else "bert.") if c.scores else ""
    positions = weights["positions"]
    if c.token_types:
        types = weights["types"]
    else:  # the program's positions hold the first type
        types = rng.standard_normal((1 if is_roberta else 2, c.d_model)).astype(np.float32)
        positions = positions - types[0]
    if is_roberta:
        unused = rng.standard_normal((2, c.d_model)).astype(np.float32)
        positions = np.concatenate([unused, positions])
    embeddings = {
        "word_embeddings.weight": weights["words"],
        "position_embeddings.weight": positions,
        "token_type_embeddings.weight": types,
        "LayerNorm.weight": weights["norm.scale"],
        "LayerNorm.bias": weights["norm.shift"],
    }
    tensors = {f"{prefix}embeddings.{name}": value for name, value in embeddings.items()}
    for name, value in weights.items():
        if name.startswith("layers."):
            tensors |= _layer_tensors(prefix, name, value)
    return {**tensors, **_head_tensors(prefix, is_roberta, c, weights)}


def _layer_tensors(prefix: str, name: str, value: np.ndarray) -> dict[str, np.ndarray]:
    _, layer, short, kind = name.split(".")
    base, suffix = f"{prefix}encoder.layer.{layer}.", _KINDS[kind]
    if short != "qkv":
        return {f"{base}{_NAMES[short]}.{suffix}": value}
    parts = zip(("query", "key", "value"), np.split(value, 3), strict=True)
    return {f"{base}attention.self.{part}.{suffix}": rows for part, rows in parts}


def _head_tensors(
    prefix: str, is_roberta: bool, c: BertConfig, weights: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    if not c.scores:
        return {}
    dense = "classifier.dense" if is_roberta else f"{prefix}pooler.dense"
    out = "classifier.out_proj" if is_roberta else "classifier"
    return {
        f"{dense}.weight": weights["head.dense.weight"],
        f"{dense}.bias": weights["head.dense.bias"],
        f"{out}.weight": weights["head.out.weight"][None],
        f"{out}.bias": weights["head.out.bias"],
    }
