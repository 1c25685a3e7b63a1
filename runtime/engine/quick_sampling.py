"""The sampling rule of `sampling.py`, several times faster, with the same choice for every input.

The rule sorts and sums tens of thousands of numbers in one fixed order. Here most of them are left
out, or summed in another order, where that provably cannot change the choice: a quantity that is
known only to within `slack` decides only when it is farther than that from where the choice would
change. Otherwise (about one draw in a million) the rule itself is computed.
"""

from __future__ import annotations

import numpy as np

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

BLOCK = 256
"""Weights that are summed together before the place of a draw is looked for."""
LIKELY = (512, 16384)
"""Tokens among which a nucleus is looked for, one after the other, before all are sorted."""
SAFE_TEMPERATURES = (1e-100, 1e100)
"""Between them, different float32 logits stay different when scaled in float64."""


class QuickSampler:
    """Chooses tokens for one vocabulary; keeps its scratch memory. For one thread."""

    def __init__(self, vocabulary: int) -> None:
        """`vocabulary`: length of a row of logits."""
        self._vocabulary = vocabulary
        self._padded = np.zeros(-(-vocabulary // BLOCK) * BLOCK)
        self._dense = self._padded[:vocabulary]
        # Each partial sum of n positive numbers is off by at most n roundings of the whole sum.
        self._slack = 8 * vocabulary * float(np.finfo(np.float64).eps)

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
        if how.top_p is not None:
            kept = self._nucleus(logits, how, peak)
            return None if kept is None else draw(*kept, u)
        return self._draw_from_all(logits, how.temperature, peak, u)

    def _weigh(self, logits: Row, temperature: float, peak: float) -> Weights:
        """The weights of all tokens, 0 for -inf, in the scratch memory."""
        np.divide(logits, temperature, out=self._dense, dtype=np.float64)
        np.subtract(self._dense, peak / temperature, out=self._dense)
        return np.exp(self._dense, out=self._dense)

    def _draw_from_all(self, logits: Row, temperature: float, peak: float, u: float) -> int | None:
        self._weigh(logits, temperature, peak)
        blocks = np.cumsum(self._padded.reshape(-1, BLOCK).sum(1))
        total = float(blocks[-1])
        block = int(np.searchsorted(blocks, u * total, side="right"))
        start = block * BLOCK
        if start >= len(self._padded):
            return None
        before = float(blocks[block - 1]) if block else 0.0
        inner = before + np.cumsum(self._padded[start : start + BLOCK])
        place = int(np.searchsorted(inner, u * total, side="right"))
        if place == BLOCK:
            return None
        below = u * total - (float(inner[place - 1]) if place else before)
        above = float(inner[place]) - u * total
        return start + place if min(below, above) > self._slack * total else None

    def _nucleus(self, logits: Row, how: Sampling, peak: float) -> tuple[Tokens, Weights] | None:
        """What top_p and min_p leave, looked for among the likely tokens only."""
        assert how.top_p is not None
        total = float(self._weigh(logits, how.temperature, peak).sum())
        for count in LIKELY:
            if count >= self._vocabulary:
                break
            best = np.sort(np.partition(logits, -count)[-count:])[::-1]
            size = self._reach(best.astype(np.float64) / how.temperature, how.top_p * total)
            if size:
                tokens = pick(logits, best[size - 1], size)
                weights = self._dense[tokens]
                kept = weights >= (how.min_p or 0.0)
                return tokens[kept], weights[kept]
        return None

    def _reach(self, scaled: Weights, share: float) -> int:
        """How many of the highest logits, descending, have weights that sum to `share`; 0: too
        close to call, or not all together."""
        cumulative = np.cumsum(np.exp(scaled - scaled[0]))
        close = np.abs(cumulative - share).min() <= self._slack * share
        size = int(np.searchsorted(cumulative, share, side="left")) + 1
        return 0 if close or size > len(scaled) else size


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
