"""BERT and RoBERTa weights under the emitters' own names.

Names: words, positions, types (where the model tells segments apart), norm.{scale, shift},
layers.N.{qkv, attn_out, up, down}.{weight, bias}, layers.N.{attn_norm, mlp_norm}.{scale, shift},
and of cross encoders head.{dense, out}.{weight, bias}. Where there is one kind of segment,
`positions` includes its row; an embedding model sees the first kind only.
"""

from __future__ import annotations

import numpy as np

from agentc.errors import ModelFormatError
from agentc.models.config import BertConfig, checked
from agentc.models.registry import is_cross_encoder
from agentc.models.safetensors_folder import SafetensorsFolder, read_json

_ROBERTA = ("roberta", "xlm-roberta")
"""Model types with one kind of segment, whose first position is number 2."""
_RESERVED_POSITIONS = 2
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
        self._is_roberta = folder.config.get("model_type") in _ROBERTA
        # Some files keep the encoder under a name of its own beside a task head.
        own = "roberta." if self._is_roberta else "bert."
        prefixed = f"{own}{_EMBEDDINGS}word_embeddings.weight" in folder.files
        self._prefix = own if prefixed else ""
        for layer in range(config.layers):
            self._folder.expect(
                f"{self._prefix}encoder.layer.{layer}.attention.self.query.weight",
                (config.d_model, config.d_model),
            )
        if config.scores:
            self._folder.expect(f"{self._scorer}.weight", (1, config.d_model))

    def array(self, name: str) -> np.ndarray:
        """Returns parameter `name` as f32."""
        c = self.config
        if name == "words":
            return self._read(_EMBEDDINGS + "word_embeddings.weight", (c.vocab, c.d_model))
        if name == "types":
            return self._types(c.token_types)
        if name == "positions":
            return self._positions()
        parts = name.split(".")
        suffix = _SUFFIX[parts[-1]]
        if parts[0] == "norm":
            return self._read(f"{_EMBEDDINGS}LayerNorm.{suffix}", (c.d_model,))
        if parts[0] == "head":
            return self._head(parts[1], suffix)
        _, layer, short, _ = parts
        shape = self._shape(short, suffix)
        names = [f"encoder.layer.{layer}.{n}.{suffix}" for n in _LAYER[short]]
        return np.concatenate([self._read(n, shape) for n in names])

    def _positions(self) -> np.ndarray:
        c = self.config
        reserved = _RESERVED_POSITIONS if self._is_roberta else 0
        shape = (reserved + c.context, c.d_model)
        rows = self._read(_EMBEDDINGS + "position_embeddings.weight", shape)[reserved:]
        if c.token_types:
            return np.ascontiguousarray(rows)
        summed: np.ndarray = rows + self._types(1 if self._is_roberta else 2)[0]
        return summed

    def _types(self, kinds: int) -> np.ndarray:
        shape = (kinds, self.config.d_model)
        return self._read(_EMBEDDINGS + "token_type_embeddings.weight", shape)

    def _head(self, part: str, suffix: str) -> np.ndarray:
        """The head with one label: BERT's pooler and classifier, or RoBERTa's own two."""
        d = self.config.d_model
        if part == "dense":
            shape = (d,) if suffix == "bias" else (d, d)
            if self._is_roberta:
                return self._folder.array(f"classifier.dense.{suffix}", shape)
            return self._read(f"pooler.dense.{suffix}", shape)
        shape = (1,) if suffix == "bias" else (1, d)
        return self._folder.array(f"{self._scorer}.{suffix}", shape).reshape(-1)

    @property
    def _scorer(self) -> str:
        return "classifier.out_proj" if self._is_roberta else "classifier"

    def _shape(self, short: str, suffix: str) -> tuple[int, ...]:
        c = self.config
        rows = c.ffn if short == "up" else c.d_model
        if suffix == "bias" or short.endswith("norm"):
            return (rows,)
        return (rows, c.ffn if short == "down" else c.d_model)

    def _read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return self._folder.array(self._prefix + name, shape)


def from_safetensors(folder: SafetensorsFolder) -> BertWeights:
    """Returns the weights of a BERT or RoBERTa folder: an embedding model, or a cross encoder
    (architecture "...ForSequenceClassification" with one label).

    Raises:
      ModelFormatError: the folder is damaged or holds an unsupported variant.
    """
    is_roberta = folder.config.get("model_type") in _ROBERTA
    where = f"{folder.path.name}/config.json"
    expected = {"hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in {**expected, "type_vocab_size": 1 if is_roberta else 2}.items():
        if (found := folder.config.get(key, value)) != value:
            raise ModelFormatError(
                f"{where}: '{key}' is {found!r:.40}, only {value!r} is supported"
            )
    output = _output(folder)
    reserved = _RESERVED_POSITIONS if is_roberta else 0
    config = checked(
        BertConfig,
        where,
        layers=folder.get("num_hidden_layers", int),
        d_model=folder.get("hidden_size", int),
        heads=folder.get("num_attention_heads", int),
        ffn=folder.get("intermediate_size", int),
        vocab=folder.get("vocab_size", int),
        context=folder.get("max_position_embeddings", int) - reserved,
        norm_eps=folder.get("layer_norm_eps", float, 1e-12),
        output=output,
        token_types=2 if output == "score" and not is_roberta else 0,
    )
    return BertWeights(config, folder)


def _output(folder: SafetensorsFolder) -> str:
    if is_cross_encoder(folder.config.get("architectures")):
        labels = folder.config.get("id2label")
        if isinstance(labels, dict) and len(labels) != 1:
            raise ModelFormatError(
                f"{folder.path.name}/config.json: the classifier has {len(labels)} labels, "
                "expected 1: a cross encoder gives one score"
            )
        return "score"
    path = folder.path / "1_Pooling" / "config.json"
    pooling = read_json(path) if path.is_file() else {}
    if pooling.get("pooling_mode_cls_token") is True:
        return "first"
    if pooling.get("pooling_mode_mean_tokens", True) is not True:
        raise ModelFormatError(
            f"{folder.path.name}/1_Pooling/config.json: only mean pooling and the first token's "
            "embedding are supported"
        )
    return "mean"
