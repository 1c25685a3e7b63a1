"""The engine's side of speculation: adds drafts to a step's shares, and learns how they did."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from agentc.runtime.engine.batching import Share
from agentc.runtime.engine.request import Request
from agentc.runtime.engine.speculation.drafter import Drafter, Want
from agentc.runtime.engine.speculation.policy import DraftPolicy
from agentc.runtime.engine.tokenizer import Tokenizer

MAX_FORCED = 64
"""Tokens of a grammar that run in one step: bounds the step's time for everybody else."""

_log = logging.getLogger("agentc.engine")


class Speculator:
    """Drafts of one engine. Forced tokens of a grammar come first: they need no drafter, and are
    right but for the rare text that the model cuts into tokens in another way."""

    def __init__(
        self,
        drafter: Drafter | None,
        policy: DraftPolicy,
        tokenizer: Tokenizer,
        vocabulary: int,
    ) -> None:
        """Raises RuntimeFault (kind "input") when the drafter's tokens are others."""
        self._drafter = drafter
        self._policy = policy
        self._vocabulary = vocabulary
        if drafter is not None:
            drafter.attach(tokenizer)

    def extend(self, shares: Sequence[Share]) -> list[Share]:
        """The shares, those of decoding sequences with a draft where it is worth its rows."""
        extended = [self._forced(share) for share in shares]
        if self._drafter is None:
            return extended
        rows = sum(share.rows + len(share.draft) for share in extended)
        free = [
            i for i, s in enumerate(extended) if s.task.decoding and not s.draft and s.task.room > 1
        ]
        lengths = self._policy.lengths([extended[i].task.history for i in free], rows)
        asked = {
            i: Want(
                (task := extended[i].task).request,
                task.sequence.tokens,
                len(task.sequence.generated),
                min(length, task.draft_room),
            )
            for i, length in zip(free, lengths, strict=True)
            if min(length, extended[i].task.draft_room) > 0
        }
        for i, draft in zip(asked, self._propose(list(asked.values())), strict=True):
            extended[i] = replace(extended[i], draft=self._usable(extended[i], draft))
        return extended

    def learn(self, share: Share, accepted: int) -> None:
        """`accepted` tokens of the share's draft were right."""
        share.task.drafted_tokens += len(share.draft)
        share.task.accepted_tokens += accepted
        if share.forced:
            return
        if share.draft:
            share.task.history.learn(len(share.draft), accepted)
        elif share.task.decoding:
            share.task.history.rest()

    def forget(self, request: Request) -> None:
        """The request has ended."""
        if self._drafter is not None:
            self._drafter.forget(request)

    def _forced(self, share: Share) -> Share:
        task = share.task
        if not (task.constrained and task.decoding):
            return share
        forced = task.forced(max(0, min(MAX_FORCED, task.draft_room)))
        return replace(share, draft=forced, forced=True) if forced else share

    def _propose(self, wants: list[Want]) -> list[list[int]]:
        if not wants:
            return []
        assert self._drafter is not None
        try:
            return self._drafter.propose(wants)
        except Exception:  # a second model may fail as any device; the answers do not need it
            _log.exception("the drafter failed and is not asked again; decoding goes on without")
            self._drafter = None
            return [[] for _ in wants]

    def _usable(self, share: Share, draft: Sequence[int]) -> tuple[int, ...]:
        """The tokens before the first that cannot be right."""
        count = next((i for i, t in enumerate(draft) if not 0 <= t < self._vocabulary), len(draft))
        return tuple(draft[: share.task.allowed(draft[:count])])
