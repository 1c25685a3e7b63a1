"""Prompt lookup: what followed the last tokens when they occurred before (quotes, names, code).

Saxena, "Prompt Lookup Decoding", 2023 (github.com/apoorvumang/prompt-lookup-decoding).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from agentc.runtime.engine.request import Request
from agentc.runtime.engine.speculation.drafter import Want
from agentc.runtime.engine.tokenizer import Tokenizer

CANDIDATES = 32
"""Earlier occurrences that are compared, the most recent first."""


class PromptLookup:
    """A Drafter that copies from the sequence itself.

    Of the earlier occurrences of the last `shortest` tokens it takes the one that agrees with the
    sequence's end the longest, up to `longest` tokens; of equals the most recent.
    """

    def __init__(self, shortest: int = 2, longest: int = 8) -> None:
        """Lengths of a match in tokens, 1 <= shortest <= longest."""
        assert 1 <= shortest <= longest
        self._shortest = shortest
        self._longest = longest
        self._indices: WeakKeyDictionary[Request, Index] = WeakKeyDictionary()

    def attach(self, tokenizer: Tokenizer) -> None:
        """See Drafter. Any tokens will do."""

    def propose(self, wants: Sequence[Want]) -> list[list[int]]:
        """See Drafter."""
        return [self._propose(want) for want in wants]

    def forget(self, request: Request) -> None:
        """See Drafter."""
        self._indices.pop(request, None)

    def close(self) -> None:
        """See Drafter."""
        self._indices.clear()

    def _propose(self, want: Want) -> list[int]:
        index = self._indices.get(want.request)
        if index is None:
            index = self._indices[want.request] = Index(self._shortest)
        index.read(want.tokens)
        end = index.longest_match(want.tokens, self._longest)
        return _copy(want.tokens, end, want.count) if end else []


class Index:
    """Where each run of `size` tokens ends in a sequence that grows. Constant time a token."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._last: dict[tuple[int, ...], int] = {}  # run -> end of its most recent occurrence
        self._before = array("i")  # end of the previous occurrence of the run that ends here, or 0

    def read(self, tokens: Sequence[int]) -> None:
        """Takes in what was added. The run at the very end is left out: it would match itself."""
        size, last, before = self._size, self._last, self._before
        for end in range(len(before), len(tokens)):
            if end < size:
                before.append(0)
                continue
            run = tuple(tokens[end - size : end])
            before.append(last.get(run, 0))
            last[run] = end

    def longest_match(self, tokens: Sequence[int], longest: int) -> int:
        """The end of the occurrence that agrees longest with the end of `tokens`; 0: none."""
        if len(tokens) < self._size:
            return 0
        best, best_length = 0, 0
        end = self._last.get(tuple(tokens[-self._size :]), 0)
        for _ in range(CANDIDATES):
            if not end:
                break
            length = _agreement(tokens, end, self._size, longest)
            if length > best_length:
                best, best_length = end, length
            if length >= longest:
                break
            end = self._before[end]
        return best


def _agreement(tokens: Sequence[int], end: int, known: int, longest: int) -> int:
    """How many tokens before `end` equal those at the end of the sequence, up to `longest`; the
    first `known` do."""
    length, last = known, len(tokens)
    while length < min(longest, end) and tokens[end - length - 1] == tokens[last - length - 1]:
        length += 1
    return length


def _copy(tokens: Sequence[int], start: int, count: int) -> list[int]:
    """`count` tokens from `start` on; behind the end the copy goes on with itself, so that a
    repetition goes on repeating."""
    copied = list(tokens[start : start + count])
    period = len(tokens) - start
    while len(copied) < count:
        copied.append(copied[len(copied) - period])
    return copied
