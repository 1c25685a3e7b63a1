"""Packs the shares of one step into the arguments of `forward`."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import Protocol, TypeVar

import numpy as np

from agentc.runtime.backends.forward import FlatBatch, Ints
from agentc.runtime.kv.snapshot import Sequence


class Packed(Protocol):
    """Rows of one sequence: `rows` of its tokens from position `start` on, then `draft`."""

    @property
    def sequence(self) -> Sequence: ...

    @property
    def start(self) -> int: ...

    @property
    def rows(self) -> int: ...

    @property
    def draft(self) -> tuple[int, ...]: ...

    @property
    def sampled(self) -> bool:
        """Whether the logits of the last of `rows` and of all of `draft` are needed."""


P = TypeVar("P", bound=Packed)


def pack(shares: Many[P], page_tokens: int) -> tuple[FlatBatch, list[tuple[P, int]]]:
    """The batch, and the shares that need logits, each with the number of its first row of them.

    P of the block table is that of the longest sequence in the batch and no more: plain kernels
    run over all of it.
    """
    tokens: list[int] = []
    positions: list[int] = []
    sampled: list[tuple[P, int]] = []
    logit_rows: list[int] = []
    counts: list[int] = []
    for share in shares:
        start, end, draft = share.start, share.start + share.rows, share.draft
        tokens += share.sequence.tokens[start:end]
        if share.sampled:
            sampled.append((share, len(logit_rows)))
            logit_rows += range(len(tokens) - 1, len(tokens) + len(draft))
        tokens += draft
        positions += range(start, end + len(draft))
        counts.append(share.rows + len(draft))
    batch = FlatBatch(
        np.array(tokens, np.int32),
        np.array(positions, np.int32),
        np.repeat(np.arange(len(shares), dtype=np.int32), counts),
        _block_table(shares, counts, page_tokens),
        np.array(logit_rows or [0], np.int32),  # a batch of prompts only still asks for one row
    )
    return batch, sampled


def _block_table(shares: Many[Packed], counts: list[int], page_tokens: int) -> Ints:
    used = [-(-(s.start + n) // page_tokens) for s, n in zip(shares, counts, strict=True)]
    table = np.zeros((len(shares), max(used)), np.int32)
    for row, (share, pages) in enumerate(zip(shares, used, strict=True)):
        table[row, :pages] = share.sequence.pages[:pages]
    return table
