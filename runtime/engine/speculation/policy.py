"""Slot: how many likely tokens are worth a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

FORGET_VERIFIED = 0.85
"""What a verified draft leaves of the older counts."""
FORGET_IDLE = 0.99
"""What a step without a draft leaves of them: after some ten steps a drafter gets another try."""


@dataclass
class History:
    """How a sequence's drafts did: decayed counts of right tokens, and of first wrong ones."""

    right: float = 0.0
    wrong: float = 0.0

    @property
    def rate(self) -> float:
        """The estimated probability that a drafted token is right, given those before it are. A
        sequence without a past counts as three right of four."""
        return (self.right + 0.75) / (self.right + self.wrong + 1)

    def learn(self, drafted: int, accepted: int) -> None:
        """`accepted` of `drafted` tokens were right; what follows a wrong one says nothing."""
        self.right = self.right * FORGET_VERIFIED + accepted
        self.wrong = self.wrong * FORGET_VERIFIED + (accepted < drafted)

    def rest(self) -> None:
        """A step went by without a draft."""
        self.right *= FORGET_IDLE
        self.wrong *= FORGET_IDLE


class DraftPolicy(Protocol):
    """Slot: draft length."""

    def lengths(self, histories: Sequence[History], rows: int) -> list[int]:
        """How many tokens to draft for each of the sequences that decode in a step of `rows` rows
        (drafts not counted)."""


@dataclass(frozen=True)
class AdaptiveDraft:
    """Drafts as long as another token raises the step's useful tokens per time.

    A step of n rows is taken to cost 1 + `row_cost` (n - 1): weights are read once, each further
    row adds its arithmetic. Token k of a draft is useful with probability rate^k. Adding a row to
    a step of cost C with U useful rows pays if its probability exceeds `row_cost` U / C, which
    rises with the batch towards 1: with many sequences there is nothing to gain, and a drafter
    whose tokens are wrong is soon not asked. `row_cost` 0.1 to 0.2 fits the int4 CPU kernels.
    """

    row_cost: float = 0.15
    max_tokens: int = 12

    def lengths(self, histories: Sequence[History], rows: int) -> list[int]:
        """See DraftPolicy."""
        cost, useful = 1 + self.row_cost * (rows - 1), float(rows)
        lengths: list[int] = []
        for history in histories:
            length, chance = 0, history.rate
            while length < self.max_tokens and chance * cost > self.row_cost * useful:
                length += 1
                cost += self.row_cost
                useful += chance
                chance *= history.rate
            lengths.append(length)
        return lengths
