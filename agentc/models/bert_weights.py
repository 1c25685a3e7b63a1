"""BERT encoder weights under the emitter's own names.

Names: words, positions, norm.{scale, shift}, layers.N.{qkv, attn_out, up, down}.{weight, bias},
layers.N.{attn_norm, mlp_norm}.{scale, shift}. `positions` includes token type 0: an embedding
model sees one segment, so its type row is the same for every token.
"""

from __future__ import annotations

import numpy as np

from agentc.errors import ModelFormatError
from agentc.models.config import BertConfig, checked
from agentc.models.safetensors_folder import SafetensorsFolder, read_json

_EMBEDDINGS = "embeddings."
_LAYER = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "attn_out": ("attention.output.dense",),
    "attn_norm": ("attention.output.LayerNorm",),
    "up": ("intermediate.dense",),
    "down": ("output.dense",),
    "mlp_norm": ("output.LayerNorm",),
}
_SUFFIX = {"weight": "weight", "bias": "bias", "scale": "weight", "shift": "bias"}


class BertWeights:
    """The parameters of an encoder, one array at a time: `weights.array("layers.0.up.bias")`."""

    def __init__(self, config: BertConfig, folder: SafetensorsFolder) -> None:
        self.config = config
        self._folder = folder
        # Some files keep the encoder under "bert." beside a task head.
        prefixed = "bert.embeddings.word_embeddings.weight" in folder.files
        self._prefix = "bert." if prefixed else ""
        for layer in range(config.layers):
            self._folder.expect(
                f"{self._prefix}encoder.layer.{layer}.attention.self.query.weight",
                (config.d_model, config.d_model),
            )

    def array(self, name: str) -> np.ndarray:
        """Returns parameter `name` as f32."""
        c = self.config
        if name == "words":
            return self._read(_EMBEDDINGS + "word_embeddings.weight", (c.vocab, c.d_model))
        if name == "positions":
            positions = self._read(
                _EMBEDDINGS + "position_embeddings.weight", (c.context, c.d_model)
            )
            types = self._read(_EMBEDDINGS + "token_type_embeddings.weight", (2, c.d_model))
            summed: np.ndarray = positions + types[0]
            return summed
        parts = name.split(".")
        suffix = _SUFFIX[parts[-1]]
        if parts[0] == "norm":
            return self._read(f"{_EMBEDDINGS}LayerNorm.{suffix}", (c.d_model,))
        _, layer, short, _ = parts
        shape = self._shape(short, suffix)
        names = [f"encoder.layer.{layer}.{n}.{suffix}" for n in _LAYER[short]]
        return np.concatenate([self._read(n, shape) for n in names])

    def _shape(self, short: str, suffix: str) -> tuple[int, ...]:
        c = self.config
        rows = c.ffn if short == "up" else c.d_model
        if suffix == "bias" or short.endswith("norm"):
            return (rows,)
        return (rows, c.ffn if short == "down" else c.d_model)

    def _read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return self._folder.array(self._prefix + name, shape)


def from_safetensors(folder: SafetensorsFolder) -> BertWeights:
    """Returns the weights of a BERT folder. Raises ModelFormatError for unsupported variants."""
    expected = {"model_type": "bert", "hidden_act": "gelu", "type_vocab_size": 2}
    expected["position_embedding_type"] = "absolute"
    for key, value in expected.items():
        if (found := folder.config.get(key, value)) != value:
            raise ModelFormatError(
                f"{folder.path.name}/config.json: '{key}' is {found!r:.40}, "
                f"only {value!r} is supported"
            )
    _require_mean_pooling(folder)
    config = checked(
        BertConfig,
        f"{folder.path.name}/config.json",
        layers=folder.get("num_hidden_layers", int),
        d_model=folder.get("hidden_size", int),
        heads=folder.get("num_attention_heads", int),
        ffn=folder.get("intermediate_size", int),
        vocab=folder.get("vocab_size", int),
        context=folder.get("max_position_embeddings", int),
        norm_eps=folder.get("layer_norm_eps", float, 1e-12),
    )
    return BertWeights(config, folder)


def _require_mean_pooling(folder: SafetensorsFolder) -> None:
    pooling = folder.path / "1_Pooling" / "config.json"
    if pooling.is_file() and not read_json(pooling).get("pooling_mode_mean_tokens", True):
        raise ModelFormatError(
            f"{folder.path.name}/1_Pooling/config.json: only mean pooling is supported"
        )
