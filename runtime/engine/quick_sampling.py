"""The sampling rule of `sampling.py`, about ten times faster, with the same choice for every input.

The rule sorts and sums tens of thousands of float64 numbers in one fixed order. Here most of them
are left out, computed in float32, or summed in another order, where that provably cannot change the
choice: a sum that is known only to within `slack` (a share of the whole) decides only when it is
farther than that from where the choice would change. Otherwise the sums are computed in float64,
and if that is still too close to call (about one draw in a million), by the rule itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.engine.request import Sampling
from agentc.runtime.engine.sampling import (
    Row,
    Tokens,
    Weights,
    choose_token,
    cut,
    draw,
    highest,
    pick,
    uniform,
)

Floats = NDArray[np.floating[Any]]

BLOCK = 256
"""Weights that are summed together before the place of a draw is looked for."""
LIKELY_RANGE = 9.0
"""A nucleus is first looked for among the tokens with at least e^-9 times the highest weight."""
LIKELY_COUNT = 16384
"""Then among that many of the most probable ones."""
SAFE_TEMPERATURES = (1e-30, 1e30)
"""Between them different float32 logits stay different when scaled in float64, and the reciprocal
is a float32."""
COARSE_SLACK = 2e-5
"""Error of sums of float32 weights, as a share of the total. The exponent of a weight has three
roundings (difference, reciprocal, product), 1.8e-7 of itself: 5e-6 for weights of at least e^-30,
and the rest together are less than 1e-8. exp adds 5e-7, summation 1e-6. Doubled and rounded up,
since both the draw's place and the sum up to it have it."""


class QuickSampler:
    """Chooses tokens for one vocabulary; keeps its scratch memory. For one thread."""

    def __init__(self, vocabulary: int) -> None:
        """`vocabulary`: length of a row of logits."""
        padded = -(-vocabulary // BLOCK) * BLOCK
        self._vocabulary = vocabulary
        self._coarse = np.zeros(padded, np.float32)
        self._fine = np.zeros(padded, np.float64)
        # Each partial sum of n positive numbers is off by at most n roundings of the whole sum.
        self._fine_slack = 8 * vocabulary * float(np.finfo(np.float64).eps)

    def choose(self, logits: Row, how: Sampling, seed: int, index: int) -> int:
        """The same as `choose_token`."""
        token = None
        if how.temperature and SAFE_TEMPERATURES[0] < how.temperature < SAFE_TEMPERATURES[1]:
            token = self._choose(logits, how, seed, index)
        return choose_token(logits, how, seed, index) if token is None else token

    def _choose(self, logits: Row, how: Sampling, seed: int, index: int) -> int | None:
        """None: too close to call."""
        peak = float(logits.max())
        if not np.isfinite(peak):
            return None
        u = uniform(seed, index)
        if how.top_k is not None or (how.min_p and how.top_p is None):
            return draw(*_cut(logits, _few(logits, how, peak), how), u)
        for weigh, slack in ((self._roughly, COARSE_SLACK), (self._exactly, self._fine_slack)):
            weights = weigh(logits, how.temperature, peak)
            if how.top_p is None:
                token = _draw_from_all(weights, u, slack)
            else:
                kept = self._nucleus(logits, how, peak, float(weights.sum()), slack)
                token = None if kept is None else draw(*kept, u)
            if token is not None:
                return token
        return None

    def _roughly(self, logits: Row, temperature: float, peak: float) -> Floats:
        """The weights of all tokens in float32, padded with zeros to whole blocks."""
        weights = self._coarse[: self._vocabulary]
        np.subtract(logits, np.float32(peak), out=weights)
        np.multiply(weights, np.float32(1 / temperature), out=weights)
        np.exp(weights, out=weights)
        return self._coarse

    def _exactly(self, logits: Row, temperature: float, peak: float) -> Floats:
        """The weights of all tokens as the rule has them, padded with zeros to whole blocks."""
        weights = self._fine[: self._vocabulary]
        np.divide(logits, temperature, out=weights, dtype=np.float64)
        np.subtract(weights, peak / temperature, out=weights)
        np.exp(weights, out=weights)
        return self._fine

    def _nucleus(
        self, logits: Row, how: Sampling, peak: float, total: float, slack: float
    ) -> tuple[Tokens, Weights] | None:
        """What top_p and min_p leave, looked for among the likely tokens only. `total`: sum of all
        weights."""
        assert how.top_p is not None
        top = peak / how.temperature
        for best in self._likely(logits, how.temperature, peak):
            weights = np.exp(best.astype(np.float64) / how.temperature - top)
            size = _reach(weights, how.top_p * total, slack)
            if size:
                tokens = pick(logits, best[size - 1], size)
                kept = np.exp(logits[tokens].astype(np.float64) / how.temperature - top)
                enough = kept >= (how.min_p or 0.0)
                return tokens[enough], kept[enough]
        return None

    def _likely(self, logits: Row, temperature: float, peak: float) -> Iterator[Row]:
        """Yields the highest logits, descending: first few, then many."""
        floor = np.float32(peak - LIKELY_RANGE * temperature)
        few = logits[np.flatnonzero(logits >= floor)]
        if len(few) < LIKELY_COUNT:
            yield np.sort(few)[::-1]
        if self._vocabulary > LIKELY_COUNT:
            yield np.sort(np.partition(logits, -LIKELY_COUNT)[-LIKELY_COUNT:])[::-1]


def _draw_from_all(weights: Floats, u: float, slack: float) -> int | None:
    """The token of a draw from `weights`, whole blocks of them; None: too close to call."""
    blocks = np.cumsum(weights.reshape(-1, BLOCK).sum(1), dtype=np.float64)
    total = float(blocks[-1])
    block = int(np.searchsorted(blocks, u * total, side="right"))
    start = block * BLOCK
    if start >= len(weights):
        return None
    before = float(blocks[block - 1]) if block else 0.0
    inner = before + np.cumsum(weights[start : start + BLOCK], dtype=np.float64)
    place = int(np.searchsorted(inner, u * total, side="right"))
    if place == BLOCK:
        return None
    below = u * total - (float(inner[place - 1]) if place else before)
    above = float(inner[place]) - u * total
    return start + place if min(below, above) > slack * total else None


def _reach(weights: Weights, share: float, slack: float) -> int:
    """How many of `weights`, which descend, sum to `share`; 0: too close to call, or not even all
    together."""
    cumulative = np.cumsum(weights)
    close = np.abs(cumulative - share).min() <= slack * share
    size = int(np.searchsorted(cumulative, share, side="left")) + 1
    return 0 if close or size > len(weights) else size


def _few(logits: Row, how: Sampling, peak: float) -> Tokens:
    """Tokens, ascending, that hold all which top_k, or else min_p, leaves."""
    if how.top_k is not None:
        return highest(logits, how.top_k) if how.top_k < len(logits) else np.arange(len(logits))
    assert how.min_p
    # Half a percent more than needed, and rounded down, so that no rounding can leave one out.
    floor = np.float32(peak + how.temperature * (np.log(how.min_p) - 0.005))
    return np.flatnonzero(logits >= np.nextafter(floor, np.float32(-np.inf)))


def _cut(logits: Row, few: Tokens, how: Sampling) -> tuple[Tokens, Weights]:
    """The rule, given tokens that hold all which it leaves."""
    tokens = few[np.isfinite(logits[few])]
    return cut(tokens, logits[tokens].astype(np.float64) / how.temperature, how)
