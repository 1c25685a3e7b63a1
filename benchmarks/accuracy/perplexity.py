"""Perplexity in windows, as `llama-perplexity` counts it.

The text is cut into windows of `WINDOW` tokens that know nothing of each other. The first half of
a window is context only; each token of its second half is scored given all before it. Perplexity
is exp of the mean negative log-likelihood of the scored tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 512
Logits = NDArray[np.float32]
Score = Callable[[Sequence[int]], Logits]
"""Logits [WINDOW - WINDOW / 2 - 1, vocabulary] of a window: rows WINDOW / 2 to WINDOW - 2."""


def windows(tokens: Sequence[int], total: int) -> list[list[int]]:
    """The first windows of `tokens`, `total` tokens in all, rounded up to whole windows."""
    count = -(-total // WINDOW)
    if count * WINDOW > len(tokens):
        raise ValueError(f"the text has {len(tokens)} tokens, {count * WINDOW} are needed")
    return [list(tokens[i * WINDOW : (i + 1) * WINDOW]) for i in range(count)]


def negative_log_likelihoods(logits: Logits, targets: Sequence[int]) -> NDArray[Any]:
    """-log softmax(logits)[target] of every row, in float64."""
    values = logits.astype(np.float64)
    peak = values.max(axis=1, keepdims=True)
    total = np.log(np.exp(values - peak).sum(axis=1)) + peak[:, 0]
    result: NDArray[Any] = total - values[np.arange(len(values)), np.asarray(targets)]
    return result


def perplexity(score: Score, cuts: Sequence[Sequence[int]]) -> tuple[float, float]:
    """The perplexity over all windows, and its standard error (first order, as if scores were
    independent)."""
    losses = np.concatenate(
        [negative_log_likelihoods(score(cut), cut[WINDOW // 2 + 1 :]) for cut in cuts]
    )
    value = math.exp(float(losses.mean()))
    return value, value * float(losses.std(ddof=1)) / math.sqrt(len(losses))
