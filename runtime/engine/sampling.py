"""From logits to a token. The rule is normative: README.md states it, and it depends on nothing
but the logits, the parameters, the seed and the token's index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.engine.request import Sampling


def uniform(seed: int, index: int) -> float:
    """The random number in [0, 1) of the `index`-th token of the call seeded `seed` (>= 0)."""
    bits = np.random.Philox(key=seed, counter=[0, 0, 0, index])
    return float(np.random.Generator(bits).random())


def choose_token(logits: NDArray[np.float32], how: Sampling, seed: int, index: int) -> int:
    """The next token given `logits` [vocabulary]; -inf marks what a grammar forbids."""
    if how.temperature == 0:
        return int(np.argmax(logits))
    tokens, weights = candidates(logits, how)
    cumulative = np.cumsum(weights)
    place = np.searchsorted(cumulative, uniform(seed, index) * cumulative[-1], side="right")
    return int(tokens[min(int(place), len(tokens) - 1)])


def candidates(
    logits: NDArray[np.float32], how: Sampling
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The tokens that may be chosen, ascending, and their weights (probabilities but for a
    common factor). Each cut keeps a prefix of the same order: descending probability, the
    lower token first."""
    tokens = np.flatnonzero(np.isfinite(logits))
    scaled = logits[tokens].astype(np.float64) / how.temperature
    if how.top_k is not None and how.top_k < len(tokens):
        kept = _highest(scaled, how.top_k)
        tokens, scaled = tokens[kept], scaled[kept]
    weights = np.exp(scaled - scaled.max())  # the highest is 1
    if how.top_p is not None:
        kept = _nucleus(weights, how.top_p)
        tokens, weights = tokens[kept], weights[kept]
    if how.min_p is not None:
        kept = np.flatnonzero(weights >= how.min_p)
        tokens, weights = tokens[kept], weights[kept]
    return tokens, weights


def _highest(scaled: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Indices, ascending, of the `count` highest; among equals the first ones."""
    threshold = np.partition(scaled, -count)[-count]
    above = np.flatnonzero(scaled > threshold)
    equal = np.flatnonzero(scaled == threshold)[: count - len(above)]
    return np.sort(np.concatenate([above, equal]))


def _nucleus(weights: NDArray[np.float64], top_p: float) -> NDArray[np.int64]:
    """Indices, ascending, of the fewest highest weights whose share of the sum reaches `top_p`."""
    total = weights.sum()
    # All weights below this bound together are less than the share that may be cut: skip them.
    likely = np.flatnonzero(weights >= (1 - top_p) * total / len(weights))
    order = likely[np.argsort(-weights[likely], kind="stable")]
    reached = np.searchsorted(np.cumsum(weights[order]), top_p * total, side="left")
    return np.sort(order[: int(reached) + 1])
