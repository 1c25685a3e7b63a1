"""Rotary positions (Su et al., 2021): the angle of every pair, and the tables programs read."""

from __future__ import annotations

import numpy as np

from agentc.models.config import DecoderConfig, RopeScaling


def rope_frequencies(config: DecoderConfig, *, local: bool = False) -> np.ndarray:
    """Returns the rotary angle per position, f64 [head_dim / 2]: base^(-2i / head_dim), stretched
    as `config.rope_scaling` says. `local` asks for the angles of layers with a window, where the
    model gives those a base of their own; they are not stretched."""
    pairs = np.arange(0, config.head_dim, 2, dtype=np.float64) / config.head_dim
    if local and config.local_rope_base:
        own: np.ndarray = config.local_rope_base**-pairs
        return own
    frequencies: np.ndarray = config.rope_base**-pairs
    scaling = config.rope_scaling
    if scaling.kind == "linear":
        return frequencies / scaling.factor
    if scaling.kind == "factors":
        divided: np.ndarray = frequencies / np.asarray(scaling.factors)
        return divided
    if scaling.kind == "llama3":
        return _llama3_frequencies(frequencies, scaling)
    return frequencies


def _llama3_frequencies(frequencies: np.ndarray, s: RopeScaling) -> np.ndarray:
    turns = s.original_context * frequencies / (2 * np.pi)
    share = (turns - s.low_frequency) / (s.high_frequency - s.low_frequency)
    keep: np.ndarray = np.clip(share, 0.0, 1.0)
    stretched: np.ndarray = frequencies * (keep + (1.0 - keep) / s.factor)
    return stretched


def rope_tables(config: DecoderConfig) -> dict[str, np.ndarray]:
    """Returns the parameters `<prefix>.cos` and `<prefix>.sin` of every prefix that
    `config.rope_table` gives a layer, f32 [context, head_dim / 2]. Tables keep the angles exact
    where f32 arithmetic on large positions would not."""
    tables: dict[str, np.ndarray] = {}
    for prefix in dict.fromkeys(config.rope_table(layer) for layer in range(config.layers)):
        frequencies = rope_frequencies(config, local=prefix != "rope")
        angles = np.arange(config.context)[:, None] * frequencies[None, :]
        tables[f"{prefix}.cos"] = np.cos(angles).astype(np.float32)
        tables[f"{prefix}.sin"] = np.sin(angles).astype(np.float32)
    return tables
