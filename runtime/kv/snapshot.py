"""Token sequences with KV: `Snapshot`, an immutable value, and `Sequence`, one that is running."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.kv.radix import Node

Pages = tuple[NDArray[np.uint8], ...]
"""The bytes of the full pages at the start of a sequence, in order."""


@dataclass(frozen=True)
class Usage:
    """Token counts of one call.

    `prompt_tokens`: length of the sequence when the call began. `cached_tokens`: those whose KV
    was there. `computed_tokens`: rows run before the first generated token. `generated_tokens`:
    tokens sampled, the end token included.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    computed_tokens: int = 0
    generated_tokens: int = 0


class Snapshot:
    """An immutable token sequence of one tenant. Made and closed by an engine, never directly.

    Its KV (`computed` tokens on `pages`) is the engine's business: it may be dropped and computed
    again at any time without a change of the value. `carried`: pages that it brought along from a
    file or another engine, to be used instead of computing them.
    """

    __slots__ = (
        "__weakref__", "_orphans", "carried", "closed", "computed", "pages", "stamp", "tenant",
        "tokens", "usage",
    )  # fmt: skip

    def __init__(
        self,
        tenant: str,
        tokens: tuple[int, ...],
        orphans: deque[tuple[int, ...]],
        usage: Usage = Usage(),
    ) -> None:
        self.tenant = tenant
        self.tokens = tokens
        self.usage = usage
        self.computed = 0
        self.pages: tuple[int, ...] = ()
        self.carried: Pages = ()
        self.closed = False
        self.stamp = 0
        self._orphans = orphans

    def __len__(self) -> int:
        """Length in tokens."""
        return len(self.tokens)

    def __repr__(self) -> str:
        return f"Snapshot({len(self.tokens)} tokens, {self.computed} computed)"

    def __del__(self) -> None:
        # Collection may run in any thread, in the middle of anything: only leave a note. A deque's
        # append is atomic; the cache frees the pages when it is next used.
        if self.pages:
            self._orphans.append(self.pages)


@dataclass(eq=False)
class Sequence:
    """A sequence that is being computed: the only mutable form, owned by the engine thread.

    `pages` cover all tokens it can ever have; the first `computed` tokens have KV. `node` is the
    cached node of the first `published` pages. `prompt_tokens` and `cached_tokens` as in Usage.
    """

    tenant: str
    tokens: list[int]
    pages: list[int]
    computed: int
    node: Node
    published: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated: list[int] = field(default_factory=list)

    @property
    def pending(self) -> int:
        """Tokens without KV."""
        return len(self.tokens) - self.computed

    def append(self, token: int) -> None:
        """Adds a generated token."""
        self.tokens.append(token)
        self.generated.append(token)

    def usage(self) -> Usage:
        """Counts so far."""
        before_first = min(self.computed, self.prompt_tokens) - self.cached_tokens
        return Usage(
            self.prompt_tokens, self.cached_tokens, max(before_first, 0), len(self.generated)
        )
