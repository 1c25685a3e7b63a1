"""Whether two programs give the same greedy answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Answers = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Agreement:
    """Shares between 0 and 1.

    Attributes:
      identical: of answers that are equal from the first token to the last.
      common_prefix: of the reference's tokens that come before the first difference.
    """

    identical: float
    common_prefix: float


def compare(reference: Answers, other: Answers) -> Agreement:
    """How far `other` says what `reference` says."""
    pairs = list(zip(reference, other, strict=True))
    prefixes = [_common(a, b) for a, b in pairs]
    total = sum(len(a) for a, _ in pairs)
    same = sum(list(a) == list(b) for a, b in pairs)
    return Agreement(same / len(pairs), sum(prefixes) / total if total else 1.0)


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """The number of leading tokens that are equal."""
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return index
    return min(len(a), len(b))


def until_end(tokens: Sequence[int], end_tokens: Sequence[int]) -> list[int]:
    """`tokens` before the first end token."""
    for index, token in enumerate(tokens):
        if token in end_tokens:
            return list(tokens[:index])
    return list(tokens)
