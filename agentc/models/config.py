"""Shapes and constants of the model families, independent of the weight format."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeVar

from agentc.errors import ModelFormatError

MAX_EXTENT = 1 << 24
"""Larger extents than this are taken for damage, not for a model."""
MAX_CONTEXT = 1 << 20
"""Longer contexts are taken for damage: rotary tables grow with them, and no weights show it."""
ACTIVATIONS = ("silu", "gelu_tanh")
"""What a gated MLP may apply to its gate."""


@dataclass(frozen=True)
class RopeScaling:
    """Stretching of rotary angles for long contexts. `kind` is "none", "linear" (positions
    divided by `factor`), "llama3" (only low frequencies divided, with a smooth transition between
    `low_frequency` and `high_frequency` turns over `original_context` tokens) or "factors" (pair
    i divided by `factors[i]`)."""

    kind: str = "none"
    factor: float = 1.0
    low_frequency: float = 1.0
    high_frequency: float = 4.0
    original_context: int = 8192
    factors: tuple[float, ...] = ()

    def check(self, pairs: int) -> None:
        """Raises ModelFormatError unless the numbers make sense for that many rotary pairs."""
        _check_positive("rope scaling factor", self.factor)
        _check_positive("rope scaling context", self.original_context)
        _check_positive("rope frequency range", self.high_frequency - self.low_frequency)
        for factor in self.factors:
            _check_positive("rope frequency factor", factor)
        if self.factors and len(self.factors) != pairs:
            raise ModelFormatError(
                f"the model has {len(self.factors)} rope frequency factors, expected {pairs}"
            )


@dataclass(frozen=True)
class DecoderConfig:
    """A decoder-only transformer: RMS norm, rotary positions, grouped queries, a gated MLP.

    Attributes:
      head_dim: width of a head; may differ from d_model / heads.
      tied: the output head is the token embedding.
      rms_eps: added to the mean square of every norm.
      architecture: the family's name: llama, mistral, qwen2, qwen3 or gemma3.
      qkv_bias: the query, key and value projections add a bias.
      head_norm: every query and key head has an RMS norm before its rotation.
      activation: of the gate: "silu", or "gelu_tanh" (the tanh form of GELU).
      embedding_scale: the embedding of a token is multiplied by it.
      attention_scale: queries are multiplied by it; 0 is 1 / sqrt(head_dim). See `query_scale`.
      post_norms: the outputs of attention and MLP pass a norm of their own before they are added.
      windows: per layer, how many keys up to itself a token attends to; 0 is all. () is all 0.
      local_rope_base: rotary base of the layers with a window, whose angles are then not scaled;
        0 gives them the same angles as the others.
    """

    layers: int
    d_model: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    context: int
    rms_eps: float
    rope_base: float
    tied: bool
    rope_scaling: RopeScaling = field(default_factory=RopeScaling)
    architecture: str = "llama"
    qkv_bias: bool = False
    head_norm: bool = False
    activation: str = "silu"
    embedding_scale: float = 1.0
    attention_scale: float = 0.0
    post_norms: bool = False
    windows: tuple[int, ...] = ()
    local_rope_base: float = 0.0

    def __post_init__(self) -> None:
        sizes = ("layers", "d_model", "heads", "kv_heads", "head_dim", "ffn", "vocab", "context")
        _check_sizes(self, sizes)
        if self.context > MAX_CONTEXT:
            raise ModelFormatError(
                f"the model's context is {self.context}, expected 1 to {MAX_CONTEXT} tokens"
            )
        if self.heads % self.kv_heads:
            raise ModelFormatError(
                f"the model has {self.heads} heads, expected a multiple of its {self.kv_heads} kv "
                "heads"
            )
        if self.head_dim % 2:
            raise ModelFormatError(f"head_dim is {self.head_dim}, rotary positions need it even")
        self._check_constants()
        self._check_windows()
        self.rope_scaling.check(self.head_dim // 2)

    def _check_constants(self) -> None:
        for name in ("rms_eps", "rope_base", "embedding_scale"):
            _check_positive(name, getattr(self, name))
        for name in ("attention_scale", "local_rope_base"):
            if getattr(self, name) != 0:
                _check_positive(name, getattr(self, name))
        if self.activation not in ACTIVATIONS:
            raise ModelFormatError(
                f"the model's activation is '{self.activation:.40}', expected one of "
                f"{', '.join(ACTIVATIONS)}"
            )

    def _check_windows(self) -> None:
        if not self.windows:
            object.__setattr__(self, "windows", (0,) * self.layers)
        if len(self.windows) != self.layers or not all(0 <= w <= MAX_EXTENT for w in self.windows):
            raise ModelFormatError(
                f"the model has attention windows {self.windows!s:.60}, expected one of 0 to "
                f"{MAX_EXTENT} tokens for each of its {self.layers} layers"
            )

    @property
    def qkv_width(self) -> int:
        """Columns of the fused query, key and value projection."""
        return (self.heads + 2 * self.kv_heads) * self.head_dim

    @property
    def query_scale(self) -> float:
        """What queries are multiplied by: `attention_scale`, or 1 / sqrt(head_dim)."""
        return self.attention_scale or self.head_dim**-0.5

    def rope_table(self, layer: int) -> str:
        """Returns the prefix of the layer's rotary tables: parameters `<prefix>.cos`, `.sin`."""
        return "rope_local" if self.local_rope_base and self.windows[layer] else "rope"

    def parameter_count(self) -> int:
        """Weights of the model (a tied embedding counts once)."""
        attention = self.d_model * (self.qkv_width + self.heads * self.head_dim)
        norms = (4 if self.post_norms else 2) * self.d_model + 2 * self.head_dim * self.head_norm
        layer = attention + 3 * self.d_model * self.ffn + norms + self.qkv_width * self.qkv_bias
        embeddings = self.vocab * self.d_model * (1 if self.tied else 2)
        return self.layers * layer + embeddings + self.d_model

    def dims(self, bytes_per_weight: float = 4.0) -> dict[str, int]:
        """Returns the `dims` of `agent.model`."""
        params = self.parameter_count()
        names = ("layers", "d_model", "heads", "kv_heads", "head_dim", "ffn", "vocab", "context")
        sizes = {name: getattr(self, name) for name in names}
        return {**sizes, "params": params, "weight_bytes": round(params * bytes_per_weight)}


ENCODER_OUTPUTS = ("mean", "first", "score")


@dataclass(frozen=True)
class BertConfig:
    """An encoder of the BERT family: learned positions, layer norm after, GELU (erf).

    Attributes:
      output: "mean" (a text's embedding is the mean of its tokens), "first" (that of its first
        token) or "score" (a classification head on the first token: the relevance of a pair).
      token_types: kinds of segments that the model tells apart; 0 if there is one only.
    """

    layers: int
    d_model: int
    heads: int
    ffn: int
    vocab: int
    context: int
    norm_eps: float
    output: str = "mean"
    token_types: int = 0

    def __post_init__(self) -> None:
        _check_sizes(self, ("layers", "d_model", "heads", "ffn", "vocab", "context"))
        if self.d_model % self.heads:
            raise ModelFormatError(
                f"the model is {self.d_model} wide with {self.heads} heads, expected a multiple"
            )
        if self.output not in ENCODER_OUTPUTS:
            raise ModelFormatError(
                f"the model's output is '{self.output}', expected {', '.join(ENCODER_OUTPUTS)}"
            )
        _check_positive("norm_eps", self.norm_eps)

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.heads

    @property
    def scores(self) -> bool:
        """Whether this is a cross encoder."""
        return self.output == "score"

    def parameter_count(self) -> int:
        """Weights that the output needs (of token types, those that it tells apart)."""
        d = self.d_model
        layer = 4 * d * (d + 1) + d * self.ffn * 2 + self.ffn + d + 4 * d
        embeddings = (self.vocab + self.context + max(self.token_types, 1)) * d + 2 * d
        return self.layers * layer + embeddings + (d * (d + 2) + 1 if self.scores else 0)

    def dims(self, bytes_per_weight: float = 4.0) -> dict[str, int]:
        """Returns the `dims` of `agent.model`."""
        params = self.parameter_count()
        names = ("layers", "d_model", "heads", "ffn", "vocab", "context")
        sizes = {name: getattr(self, name) for name in names}
        total = {"params": params, "weight_bytes": round(params * bytes_per_weight)}
        return {**sizes, **total, **({} if self.scores else {"embedding_dim": self.d_model})}


def _check_positive(name: str, value: float) -> None:
    if not (isfinite(value) and value > 0):
        raise ModelFormatError(f"the model's {name} is {value}, expected a number above 0")


def _check_sizes(config: Any, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MAX_EXTENT:
            raise ModelFormatError(
                f"the model's {name} is {value!r}, expected a whole number of 1 to {MAX_EXTENT}"
            )


Config = TypeVar("Config", DecoderConfig, BertConfig)


def checked(kind: type[Config], origin: str, **values: Any) -> Config:
    """Returns `kind(**values)`; `origin` names the file in its errors."""
    try:
        return kind(**values)
    except ModelFormatError as error:
        raise ModelFormatError(f"{origin}: {error.message}") from error
