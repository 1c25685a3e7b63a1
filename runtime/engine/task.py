"""A request that is running: its sequence, and for a decode how its text grows."""

from __future__ import annotations

from collections.abc import Sequence as Many

from agentc.runtime.backends.logits import Logits
from agentc.runtime.engine.request import Decoded, Request
from agentc.runtime.engine.speculation.policy import History
from agentc.runtime.engine.writing import Writing
from agentc.runtime.kv.cache import KvCache
from agentc.runtime.kv.snapshot import Sequence, Snapshot


class Task:
    """One running request. The engine calls `take` with the logits of its last token."""

    def __init__(
        self, request: Request, sequence: Sequence, writing: Writing | None, context_tokens: int
    ) -> None:
        self.request = request
        self.sequence = sequence
        self.history = History()
        self.drafted_tokens = 0
        self.accepted_tokens = 0
        self._writing = writing
        self._context_tokens = context_tokens

    @property
    def pending(self) -> int:
        """Rows that can run now: all tokens for a decode, all but the last for a prefill."""
        return self.sequence.pending - (self.request.sampling is None)

    @property
    def decoding(self) -> bool:
        """Whether it is past its prompt: one row a step, and somebody may be watching. Not while
        it computes again what it lost when it was suspended."""
        return bool(self.sequence.generated) and self.sequence.pending == 1

    @property
    def finish(self) -> str:
        """Why the text has ended, or ""."""
        return self._writing.finish if self._writing else ""

    def wants_logits(self, rows: int) -> bool:
        """Whether a token is to be sampled after the next `rows` rows."""
        return self.request.sampling is not None and rows == self.sequence.pending

    def take(self, logits: Logits, row: int, draft: Many[int] = ()) -> int:
        """Samples from `row` of the logits, and from the rows of `draft` behind it as long as the
        draft has the very tokens that were sampled. Returns how many it had.
        """
        for accepted, guess in enumerate(draft):
            token = self._take_one(logits, row + accepted)
            if token != guess or self.finish:
                return accepted
        self._take_one(logits, row + len(draft))
        return len(draft)

    def _take_one(self, logits: Logits, row: int) -> int:
        """Samples one token and tells the caller."""
        assert self._writing is not None
        index = len(self.sequence.generated)
        token, text = self._writing.write(logits, row, index, last=self.room <= 1)
        self.sequence.append(token)
        if self.request.on_token is not None:
            self.request.on_token(text, token)
        return token

    @property
    def room(self) -> int:
        """How many tokens it may still generate."""
        sampling = self.request.sampling
        wanted = sampling.max_tokens if sampling else 0
        sequence = self.sequence
        return min(wanted - len(sequence.generated), self._context_tokens - len(sequence.tokens))

    @property
    def draft_room(self) -> int:
        """How many tokens of a draft can be of use: one more is sampled behind the last of them."""
        return self.room - 1

    @property
    def constrained(self) -> bool:
        """Whether a grammar restricts the text."""
        return self.request.sampling is not None and self.request.sampling.constrained

    def forced(self, count: int) -> tuple[int, ...]:
        """Up to `count` tokens that the grammar lets follow as the only text."""
        return self._writing.forced(count) if self._writing else ()

    def allowed(self, draft: Many[int]) -> int:
        """How many tokens of `draft` the grammar allows to follow."""
        return self._writing.allowed(draft) if self._writing else 0

    def result(self, cache: KvCache) -> Snapshot | Decoded:
        """Ends the sequence and makes what the caller gets."""
        sequence, writing = self.sequence, self._writing
        if writing is None:
            return cache.finish(sequence, tuple(sequence.tokens))
        kept = tuple(sequence.generated[: writing.stream.kept_tokens])
        prompt = tuple(sequence.tokens[: sequence.prompt_tokens])
        snapshot = cache.finish(sequence, prompt + kept)
        return Decoded(
            writing.stream.text,
            kept,
            snapshot,
            snapshot.usage,
            writing.finish,
            writing.logprobs,
            self.drafted_tokens,
            self.accepted_tokens,
        )
