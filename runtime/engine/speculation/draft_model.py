"""A small model that drafts for a large one: same tokenizer, a forward and a page pool of its own.

Source of the idea: Leviathan et al. 2023, arXiv 2211.17192. Here the small model chooses each token
by the request's own sampling rule, with the random number of that very place: two distributions
that are close then mostly give the same token, also at temperatures above 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentc.errors import RuntimeFault
from agentc.runtime.backends.forward import Forward
from agentc.runtime.backends.logits import Logits
from agentc.runtime.engine.flat_batch import pack
from agentc.runtime.engine.quick_sampling import QuickSampler
from agentc.runtime.engine.request import Request
from agentc.runtime.engine.speculation.drafter import Want
from agentc.runtime.engine.tokenizer import Tokenizer
from agentc.runtime.kv.cache import KvCache
from agentc.runtime.kv.snapshot import Sequence as KvSequence

PROMPT_ROWS = 256
"""Rows of a prompt that run at once."""


@dataclass(eq=False)
class _Draft:
    """One request's sequence in the small model. `written` rows have KV; those from
    `sequence.computed` on are guesses of the last draft."""

    sequence: KvSequence
    written: int

    @property
    def pending(self) -> int:
        """Tokens without KV."""
        return len(self.sequence.tokens) - self.written


@dataclass(frozen=True)
class _Rows:
    """A share of a step of the small model; see flat_batch.Packed."""

    state: _Draft
    rows: int
    sampled: bool
    draft: tuple[int, ...] = ()

    @property
    def sequence(self) -> KvSequence:
        return self.state.sequence

    @property
    def start(self) -> int:
        return self.state.written


class DraftModel:
    """A Drafter that runs a second model, all wanting sequences in one batch. For one engine."""

    def __init__(
        self, forward: Forward, tokenizer: Tokenizer, close: Callable[[], None] = lambda: None
    ) -> None:
        """`close` frees what is below; it is called once."""
        self._forward = forward
        self._page_tokens = forward.page_tokens
        self._context = forward.context_tokens
        self._tokenizer = tokenizer
        self._close = close
        self._cache = KvCache(forward.pages, forward.page_tokens)
        self._sampler = QuickSampler(forward.vocabulary)
        self._states: dict[Request, _Draft] = {}  # the least recently used first

    def attach(self, tokenizer: Tokenizer) -> None:
        """See Drafter."""
        mine, theirs = self._tokenizer.vocabulary(), tokenizer.vocabulary()
        if mine != theirs:
            differ = sorted(text for text, token in theirs.items() if mine.get(text) != token)
            example = repr((differ or sorted(mine.keys() - theirs.keys()))[0])
            raise RuntimeFault(
                f"the draft model has another vocabulary: {len(mine)} tokens, {len(theirs)} "
                f"expected, {example} is not the same; choose a draft model of the same family",
                kind="input",
            )

    def propose(self, wants: Sequence[Want]) -> list[list[int]]:
        """See Drafter."""
        drafts: list[list[int]] = [[] for _ in wants]
        running = [
            (want, state, draft)
            for want, draft in zip(wants, drafts, strict=True)
            if (state := self._state(want, wants)) is not None
        ]
        self._run_prompts([state for _, state, _ in running])
        while running:
            batch, sampled = pack([_Rows(s, 1, True) for _, s, _ in running], self._page_tokens)
            logits = self._forward(batch)
            for (want, state, draft), (_, row) in zip(running, sampled, strict=True):
                token = self._choose(logits, row, want, len(draft))
                state.written += 1
                state.sequence.tokens.append(token)
                draft.append(token)
            running = [r for r in running if len(r[2]) < r[0].count and self._room(r[1]) > 0]
        return drafts

    def forget(self, request: Request) -> None:
        """See Drafter."""
        state = self._states.pop(request, None)
        if state is not None:
            self._cache.drop(state.sequence)

    def close(self) -> None:
        """See Drafter."""
        for request in list(self._states):
            self.forget(request)
        close, self._close = self._close, lambda: None
        close()

    def _choose(self, logits: Logits, row: int, want: Want, drafted: int) -> int:
        """By the request's own rule, but for its grammar."""
        how = want.request.sampling
        assert how is not None
        if how.temperature == 0:
            return logits.best()[row]
        index = want.generated + drafted
        return self._sampler.choose(logits.row(row), how, want.request.seed, index)

    def _run_prompts(self, states: Sequence[_Draft]) -> None:
        """Runs all tokens but the last of each. They are sure, so their pages are cached."""
        while True:
            shares = [
                _Rows(state, min(PROMPT_ROWS, state.pending - 1), False)
                for state in states
                if state.pending > 1
            ]
            if not shares:
                return
            self._forward(pack(shares, self._page_tokens)[0])
            for share in shares:
                share.state.written += share.rows
                self._cache.commit(share.sequence, share.rows)

    def _state(self, want: Want, wants: Sequence[Want]) -> _Draft | None:
        """The request's sequence, brought to its tokens; None when there is no room for it."""
        state = self._states.pop(want.request, None)
        if state is None:
            state = self._begin(want, {other.request for other in wants})
        else:
            self._follow(state, want.tokens)
        if state is None:
            return None
        self._states[want.request] = state
        return state if self._room(state) > 0 and state.pending <= self._room(state) else None

    def _begin(self, want: Want, needed: set[Request]) -> _Draft | None:
        """A new sequence; those that are not needed now give way to it."""
        sampling = want.request.sampling
        assert sampling is not None
        left = min(sampling.max_tokens - want.generated, self._context - len(want.tokens))
        if left < 0:
            return None
        start = self._cache.open(want.request.snapshot.tenant)
        snapshot = self._cache.append(start, tuple(want.tokens))
        sequence = self._cache.begin(snapshot, left)
        for request in [r for r in self._states if r not in needed]:
            if sequence is not None:
                break
            self.forget(request)
            sequence = self._cache.begin(snapshot, left)
        self._cache.close(snapshot)
        return _Draft(sequence, sequence.computed) if sequence else None

    def _follow(self, state: _Draft, tokens: Sequence[int]) -> None:
        """Keeps what was guessed right, and goes on with what came instead of the rest."""
        mine = state.sequence.tokens
        sure, right = state.sequence.computed, state.sequence.computed
        while right < min(state.written, len(tokens) - 1) and mine[right] == tokens[right]:
            right += 1
        mine[right:] = tokens[right:]
        state.written = right
        self._cache.commit(state.sequence, right - sure)

    def _room(self, state: _Draft) -> int:
        """How many more rows have a place."""
        places = min(self._context, len(state.sequence.pages) * self._page_tokens)
        return places - state.written
