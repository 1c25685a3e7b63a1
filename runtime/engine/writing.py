"""The growing text of one decode: which token comes next, and when the text ends."""

from __future__ import annotations

from collections.abc import Sequence

from agentc.runtime.backends.logits import Logits
from agentc.runtime.engine.constraint import Constraint
from agentc.runtime.engine.logprobs import token_logprobs
from agentc.runtime.engine.quick_sampling import QuickSampler
from agentc.runtime.engine.request import Sampling, TokenLogprobs
from agentc.runtime.engine.text_stream import TextStream


class Writing:
    """Chooses tokens by the sampling rule, and feeds them to the grammar and the text."""

    def __init__(
        self,
        sampling: Sampling,
        seed: int,
        stream: TextStream,
        constraint: Constraint | None,
        sampler: QuickSampler,
        end_tokens: frozenset[int],
    ) -> None:
        self.sampling = sampling
        self.stream = stream
        self.finish = ""
        self._seed = seed
        self._constraint = constraint
        self._sampler = sampler
        self._end_tokens = end_tokens
        self._logprobs: list[TokenLogprobs] = []

    @property
    def logprobs(self) -> tuple[TokenLogprobs, ...]:
        """Of the tokens that the text holds, if they were asked for."""
        return tuple(self._logprobs[: self.stream.kept_tokens])

    def write(self, logits: Logits, row: int, index: int, *, last: bool) -> tuple[int, str]:
        """Chooses token number `index` from a row of logits; returns it with the text to show.

        `last`: there is no room for another. Sets `finish` when the text ends with this token.
        """
        token = self._choose(logits, row, index)
        self.finish = self._advance(token) or ("length" if last else "")
        return token, self.stream.take_text(final=bool(self.finish))

    def forced(self, count: int) -> tuple[int, ...]:
        """Up to `count` tokens that the grammar lets follow as the only text."""
        return self._constraint.forced()[:count] if self._constraint else ()

    def allowed(self, draft: Sequence[int]) -> int:
        """How many tokens of `draft` the grammar allows to follow."""
        return self._constraint.allowed(draft) if self._constraint else len(draft)

    def _choose(self, logits: Logits, row: int, index: int) -> int:
        how = self.sampling
        if self._constraint is None and how.temperature == 0 and how.logprobs is None:
            return logits.best()[row]
        values = logits.row(row)
        if self._constraint is not None:
            self._constraint.mask(values)
        token = self._sampler.choose(values, how, self._seed, index)
        if how.logprobs is not None:
            given = values if self._constraint is None else logits.row(row)
            self._logprobs.append(token_logprobs(given, token, how.logprobs))
        return token

    def _advance(self, token: int) -> str:
        """Feeds the token to text and grammar; returns why they end with it, or ""."""
        if token in self._end_tokens:
            return "end"
        self.stream.push(token)
        if self.stream.stopped:
            return "stop"
        if self._constraint is not None and self._constraint.push(token):
            return "grammar"
        return ""
