"""From logits to a token. The rule is normative: README.md states it, and it depends on nothing
but the logits, the parameters, the seed and the token's index. This file is the rule as it is
read; `quick_sampling.py` makes the same choice faster."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.engine.request import Sampling

Row = NDArray[np.float32]
Tokens = NDArray[np.int64]
Weights = NDArray[np.float64]


def uniform(seed: int, index: int) -> float:
    """The random number in [0, 1) of the `index`-th token of the call seeded `seed` (>= 0)."""
    bits = np.random.Philox(key=seed, counter=[0, 0, 0, index])
    return float(np.random.Generator(bits).random())


def choose_token(logits: Row, how: Sampling, seed: int, index: int) -> int:
    """The next token given `logits` [vocabulary]; -inf marks what a grammar forbids."""
    if how.temperature == 0:
        return int(np.argmax(logits))
    return draw(*candidates(logits, how), uniform(seed, index))


def draw(tokens: Tokens, weights: Weights, u: float) -> int:
    """The first of `tokens` whose cumulative share of the weights exceeds `u`."""
    cumulative = np.cumsum(weights)
    place = np.searchsorted(cumulative, u * cumulative[-1], side="right")
    return int(tokens[min(int(place), len(tokens) - 1)])


def candidates(logits: Row, how: Sampling) -> tuple[Tokens, Weights]:
    """The tokens that may be chosen, ascending, and their weights (probabilities but for a
    common factor)."""
    tokens = np.flatnonzero(np.isfinite(logits))
    return cut(tokens, logits[tokens].astype(np.float64) / how.temperature, how)


def cut(tokens: Tokens, scaled: Weights, how: Sampling) -> tuple[Tokens, Weights]:
    """What top_k, top_p and min_p leave of `tokens` with logits `scaled` by the temperature, as
    for `candidates`. Each keeps a prefix of the same order: descending probability, the lower
    token first."""
    if how.top_k is not None and how.top_k < len(tokens):
        kept = highest(scaled, how.top_k)
        tokens, scaled = tokens[kept], scaled[kept]
    weights = np.exp(scaled - scaled.max())  # the highest is 1
    if how.top_p is not None:
        kept = _nucleus(weights, how.top_p)
        tokens, weights = tokens[kept], weights[kept]
    if how.min_p is not None:
        kept = np.flatnonzero(weights >= how.min_p)
        tokens, weights = tokens[kept], weights[kept]
    return tokens, weights


def highest(values: NDArray[np.floating[Any]], count: int) -> Tokens:
    """Indices, ascending, of the `count` highest; among equals the first ones."""
    return pick(values, np.partition(values, -count)[-count], count)


def pick(values: NDArray[np.floating[Any]], threshold: Any, count: int) -> Tokens:
    """Indices, ascending, of all values above `threshold` and of the first that equal it, `count`
    together."""
    above = np.flatnonzero(values > threshold)
    equal = np.flatnonzero(values == threshold)[: count - len(above)]
    return np.sort(np.concatenate([above, equal]))


def _nucleus(weights: Weights, top_p: float) -> Tokens:
    """Indices, ascending, of the fewest highest weights whose share of the sum reaches `top_p`."""
    total = weights.sum()
    # All weights below this bound together are less than the share that may be cut: skip them.
    likely = np.flatnonzero(weights >= (1 - top_p) * total / len(weights))
    order = likely[np.argsort(-weights[likely], kind="stable")]
    reached = np.searchsorted(np.cumsum(weights[order]), top_p * total, side="left")
    return np.sort(order[: int(reached) + 1])
