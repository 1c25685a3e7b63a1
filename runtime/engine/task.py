"""A request that is running: its sequence, and for a decode how its text grows."""

from __future__ import annotations

from agentc.runtime.backends.logits import Logits
from agentc.runtime.engine.constraint import Constraint
from agentc.runtime.engine.quick_sampling import QuickSampler
from agentc.runtime.engine.request import Decoded, Request, Sampling
from agentc.runtime.engine.text_stream import TextStream
from agentc.runtime.kv.cache import KvCache
from agentc.runtime.kv.snapshot import Sequence, Snapshot


class Task:
    """One running request. The engine calls `take` with the logits of its last token."""

    def __init__(
        self,
        request: Request,
        sequence: Sequence,
        stream: TextStream | None,
        constraint: Constraint | None,
        sampler: QuickSampler,
        end_tokens: frozenset[int],
        context_tokens: int,
    ) -> None:
        self.request = request
        self.sequence = sequence
        self.finish = ""
        self._stream = stream
        self._constraint = constraint
        self._sampler = sampler
        self._end_tokens = end_tokens
        self._context_tokens = context_tokens

    @property
    def pending(self) -> int:
        """Rows that can run now: all tokens for a decode, all but the last for a prefill."""
        return self.sequence.pending - (self.request.sampling is None)

    @property
    def decoding(self) -> bool:
        """Whether it is past its prompt: one row a step, and somebody may be watching."""
        return bool(self.sequence.generated)

    def wants_logits(self, rows: int) -> bool:
        """Whether a token is to be sampled after the next `rows` rows."""
        return self.request.sampling is not None and rows == self.sequence.pending

    def take(self, logits: Logits, row: int) -> None:
        """Samples from a row of logits and tells the caller."""
        sampling = self.request.sampling
        assert sampling is not None and self._stream is not None
        token = self._choose(logits, row, sampling)
        self.sequence.append(token)
        self.finish = self._advance(token, sampling.max_tokens)
        text = self._stream.take_text(final=bool(self.finish))
        if self.request.on_token is not None:
            self.request.on_token(text, token)

    def _choose(self, logits: Logits, row: int, sampling: Sampling) -> int:
        if self._constraint is None and sampling.temperature == 0:
            return logits.best()[row]
        values = logits.row(row)
        if self._constraint is not None:
            self._constraint.mask(values)
        index = len(self.sequence.generated)
        return self._sampler.choose(values, sampling, self.request.seed, index)

    def _advance(self, token: int, max_tokens: int) -> str:
        """Feeds the token to text and grammar; returns why the decode ends, or ""."""
        assert self._stream is not None
        if token in self._end_tokens:
            return "end"
        self._stream.push(token)
        if self._stream.stopped:
            return "stop"
        if self._constraint is not None and self._constraint.push(token):
            return "grammar"
        full = len(self.sequence.tokens) >= self._context_tokens
        return "length" if full or len(self.sequence.generated) >= max_tokens else ""

    def result(self, cache: KvCache) -> Snapshot | Decoded:
        """Ends the sequence and makes what the caller gets."""
        sequence = self.sequence
        if self._stream is None:
            return cache.finish(sequence, tuple(sequence.tokens))
        kept = tuple(sequence.generated[: self._stream.kept_tokens])
        prompt = tuple(sequence.tokens[: sequence.prompt_tokens])
        snapshot = cache.finish(sequence, prompt + kept)
        return Decoded(self._stream.text, kept, snapshot, snapshot.usage, self.finish)
