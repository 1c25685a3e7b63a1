"""Slot: how many likely tokens are worth a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from typing import Protocol

FORGET_VERIFIED = 0.85
"""What a verified draft leaves of the older counts."""
FORGET_IDLE = 0.995
"""What a step without a draft leaves of them, so that in time a drafter gets another try."""


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

    A step of one row takes the time 1, in which its arithmetic mostly waits for the weights. Up to
    `free_rows` rows a further row takes `free_cost`, then `row_cost`. Token k of a draft is useful
    with probability rate^k. Adding a row to a step that takes C with U useful rows pays if that
    probability exceeds the row's time times U / C, which rises with the batch towards 1: with many
    sequences there is nothing to gain, and a drafter whose tokens are wrong is soon not asked.

    The defaults are the int4 CPU kernels' (SmolLM2-135M, 2 cores: a step of 1, 3, 5, 9, 13 rows
    took 3.2, 3.4, 4.2, 6.6, 8.9 ms).
    """

    free_rows: int = 3
    free_cost: float = 0.03
    row_cost: float = 0.18
    max_tokens: int = 12

    def lengths(self, histories: Sequence[History], rows: int) -> list[int]:
        """See DraftPolicy."""
        lengths, useful = [0] * len(histories), float(rows)
        likely = [(-history.rate, i) for i, history in enumerate(histories)]
        heapify(likely)
        while likely and self.max_tokens:
            chance, i = -likely[0][0], likely[0][1]
            time = self.step_time(rows)
            if chance * time <= (self.step_time(rows + 1) - time) * useful:
                break
            lengths[i], rows, useful = lengths[i] + 1, rows + 1, useful + chance
            if lengths[i] < self.max_tokens:
                heapreplace(likely, (-chance * histories[i].rate, i))
            else:
                heappop(likely)
        return lengths

    def step_time(self, rows: int) -> float:
        """The time of a step of `rows` rows, in that of one row."""
        free = min(rows, self.free_rows) - 1
        return 1 + free * self.free_cost + max(0, rows - self.free_rows) * self.row_cost
