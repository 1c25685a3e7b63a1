"""A request that is running: its sequence, and for a decode how its text grows."""

from __future__ import annotations

from agentc.runtime.backends.logits import Logits
from agentc.runtime.engine.request import Decoded, Request
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
        self._writing = writing
        self._context_tokens = context_tokens

    @property
    def pending(self) -> int:
        """Rows that can run now: all tokens for a decode, all but the last for a prefill."""
        return self.sequence.pending - (self.request.sampling is None)

    @property
    def decoding(self) -> bool:
        """Whether it is past its prompt: one row a step, and somebody may be watching."""
        return bool(self.sequence.generated)

    @property
    def finish(self) -> str:
        """Why the text has ended, or ""."""
        return self._writing.finish if self._writing else ""

    def wants_logits(self, rows: int) -> bool:
        """Whether a token is to be sampled after the next `rows` rows."""
        return self.request.sampling is not None and rows == self.sequence.pending

    def take(self, logits: Logits, row: int) -> None:
        """Samples from a row of logits and tells the caller."""
        assert self._writing is not None
        index = len(self.sequence.generated)
        last = self.room <= 1
        token, text = self._writing.write(logits, row, index, last=last)
        self.sequence.append(token)
        if self.request.on_token is not None:
            self.request.on_token(text, token)

    @property
    def room(self) -> int:
        """How many tokens it may still generate."""
        sampling = self.request.sampling
        wanted = sampling.max_tokens if sampling else 0
        sequence = self.sequence
        return min(wanted - len(sequence.generated), self._context_tokens - len(sequence.tokens))

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
        )
