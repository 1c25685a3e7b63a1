"""How much room a request takes when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Reservation(Protocol):
    """Slot: admission. What is not reserved is taken page by page while the text grows, and when
    there is none left, the least urgent sequence is suspended and goes on later."""

    def tokens(self, left: int) -> int:
        """Tokens to reserve behind those that are there, at most `left`, which is how many may
        come."""


class WholeAnswer:
    """Room for the longest answer: what has started ends without a pause, unless something more
    urgent comes. Price: a `max_tokens` much longer than the answer keeps others waiting."""

    def tokens(self, left: int) -> int:
        """See Reservation."""
        return left


@dataclass(frozen=True)
class PageByPage:
    """Room for the next `headroom` tokens: more sequences at once when answers are shorter than
    they may be. Price: when they are not, some are suspended in the middle of their text, and at
    least their last page is computed again."""

    headroom: int = 32

    def tokens(self, left: int) -> int:
        """See Reservation."""
        return min(left, self.headroom)
