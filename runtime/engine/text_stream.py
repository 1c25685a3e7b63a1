"""From tokens to text while it grows: whole characters only, and stop strings never shown."""

from __future__ import annotations

from collections.abc import Sequence

from agentc.runtime.engine.tokenizer import Tokenizer


class TextStream:
    """The text of one decode. `push` each token, then `take_text` what may be shown.

    `text` is all that was shown. `kept_tokens`: how many pushed tokens lie wholly before the stop
    string, all of them without one.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._decoder = tokenizer.stream()
        self._stop = tuple(stop)
        self._whole = ""  # decoded so far, whole characters
        self._ends: list[int] = []  # len(_whole) after each token
        self._tokens: list[int] = []
        self._shown = 0
        self.stopped = False
        self.kept_tokens = 0

    @property
    def text(self) -> str:
        """What was shown."""
        return self._whole[: self._shown]

    def push(self, token: int) -> None:
        """Adds a token; sets `stopped` when a stop string is complete."""
        before = len(self._whole)
        self._tokens.append(token)
        self._whole += self._decoder.push(token)
        self._ends.append(len(self._whole))
        self.kept_tokens = len(self._tokens)
        self._find_stop(before)

    def take_text(self, *, final: bool) -> str:
        """The text that can be shown now and was not. With `final`, everything that is left."""
        if final and not self.stopped:
            self._whole += self._decoder.rest()
            self._find_stop(self._shown)
        end = len(self._whole)
        if not final:
            end -= self._held_back()
        text, self._shown = self._whole[self._shown : end], max(end, self._shown)
        return text

    def _find_stop(self, before: int) -> None:
        """Cuts at the first stop string that ends behind `before` characters."""
        places = [self._place(stop, before) for stop in self._stop]
        cut = min((place for place in places if place >= 0), default=-1)
        if cut >= 0:
            self.stopped = True
            self._whole = self._whole[:cut]
            self.kept_tokens = sum(end <= cut for end in self._ends)

    def _place(self, stop: str, before: int) -> int:
        return self._whole.find(stop, max(0, before - len(stop) + 1))

    def _held_back(self) -> int:
        """Length of the longest end of the text that a stop string may begin with."""
        longest = max((len(stop) - 1 for stop in self._stop), default=0)
        for length in range(min(longest, len(self._whole)), 0, -1):
            if any(stop.startswith(self._whole[-length:]) for stop in self._stop):
                return length
        return 0
