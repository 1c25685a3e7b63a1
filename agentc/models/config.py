"""Shapes and constants of the model families, independent of the weight format."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeVar

from agentc.errors import ModelFormatError

MAX_EXTENT = 1 << 24
"""Larger extents than this are taken for damage, not for a model."""


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
class LlamaConfig:
    """A decoder of the Llama family: RMS norm, rotary positions, grouped queries, SiLU gate.

    `head_dim` may differ from d_model / heads. `tied` means that the output head is the token
    embedding. `rms_eps` is added to the mean square.
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

    def __post_init__(self) -> None:
        sizes = ("layers", "d_model", "heads", "kv_heads", "head_dim", "ffn", "vocab", "context")
        _check_sizes(self, sizes)
        if self.heads % self.kv_heads:
            raise ModelFormatError(
                f"the model has {self.heads} heads, expected a multiple of its {self.kv_heads} kv "
                "heads"
            )
        if self.head_dim % 2:
            raise ModelFormatError(f"head_dim is {self.head_dim}, rotary positions need it even")
        _check_positive("rms_eps", self.rms_eps)
        _check_positive("rope_base", self.rope_base)
        self.rope_scaling.check(self.head_dim // 2)

    @property
    def qkv_width(self) -> int:
        """Columns of the fused query, key and value projection."""
        return (self.heads + 2 * self.kv_heads) * self.head_dim

    def parameter_count(self) -> int:
        """Weights of the model (a tied embedding counts once)."""
        attention = self.d_model * (self.qkv_width + self.heads * self.head_dim)
        layer = attention + 3 * self.d_model * self.ffn + 2 * self.d_model
        embeddings = self.vocab * self.d_model * (1 if self.tied else 2)
        return self.layers * layer + embeddings + self.d_model

    def dims(self, bytes_per_weight: float = 4.0) -> dict[str, int]:
        """Returns the `dims` of `agent.model`."""
        params = self.parameter_count()
        names = ("layers", "d_model", "heads", "kv_heads", "head_dim", "ffn", "vocab", "context")
        sizes = {name: getattr(self, name) for name in names}
        return {**sizes, "params": params, "weight_bytes": round(params * bytes_per_weight)}


@dataclass(frozen=True)
class BertConfig:
    """A BERT encoder with mean pooling: learned positions, layer norm after, GELU (erf)."""

    layers: int
    d_model: int
    heads: int
    ffn: int
    vocab: int
    context: int
    norm_eps: float

    def __post_init__(self) -> None:
        _check_sizes(self, ("layers", "d_model", "heads", "ffn", "vocab", "context"))
        if self.d_model % self.heads:
            raise ModelFormatError(
                f"the model is {self.d_model} wide with {self.heads} heads, expected a multiple"
            )
        _check_positive("norm_eps", self.norm_eps)

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.heads

    def parameter_count(self) -> int:
        """Weights used for embedding a text (no pooler, no second token type)."""
        d = self.d_model
        layer = 4 * d * (d + 1) + d * self.ffn * 2 + self.ffn + d + 4 * d
        return self.layers * layer + (self.vocab + self.context + 1) * d + 2 * d

    def dims(self, bytes_per_weight: float = 4.0) -> dict[str, int]:
        """Returns the `dims` of `agent.model`."""
        params = self.parameter_count()
        names = ("layers", "d_model", "heads", "ffn", "vocab", "context")
        sizes = {name: getattr(self, name) for name in names}
        total = {"params": params, "weight_bytes": round(params * bytes_per_weight)}
        return {**sizes, **total, "embedding_dim": self.d_model}


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


Config = TypeVar("Config", LlamaConfig, BertConfig)


def checked(kind: type[Config], origin: str, **values: Any) -> Config:
    """Returns `kind(**values)`; `origin` names the file in its errors."""
    try:
        return kind(**values)
    except ModelFormatError as error:
        raise ModelFormatError(f"{origin}: {error.message}") from error
