"""Packs the shares of one step into the arguments of `forward`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agentc.runtime.backends.forward import FlatBatch, Ints
from agentc.runtime.engine.batching import Share


def pack(shares: Sequence[Share], page_tokens: int) -> tuple[FlatBatch, list[Share]]:
    """The batch, and the shares whose logits are its first rows, in order.

    P is that of the longest sequence in the batch and no more: plain kernels run over all of it.
    """
    tokens: list[int] = []
    positions: list[int] = []
    sampled: list[Share] = []
    logit_rows: list[int] = []
    for share in shares:
        start, end = share.task.sequence.computed, share.task.sequence.computed + share.rows
        if share.task.wants_logits(share.rows):
            sampled.append(share)
            logit_rows.append(len(tokens) + share.rows - 1)
        tokens += share.task.sequence.tokens[start:end]
        positions += range(start, end)
    batch = FlatBatch(
        np.array(tokens, np.int32),
        np.array(positions, np.int32),
        np.repeat(np.arange(len(shares), dtype=np.int32), [share.rows for share in shares]),
        _block_table(shares, page_tokens),
        np.array(logit_rows or [0], np.int32),  # a batch of prompts only still asks for one row
    )
    return batch, sampled


def _block_table(shares: Sequence[Share], page_tokens: int) -> Ints:
    ends = [share.task.sequence.computed + share.rows for share in shares]
    used = [-(-end // page_tokens) for end in ends]
    table = np.zeros((len(shares), max(used)), np.int32)
    for row, (share, pages) in enumerate(zip(shares, used, strict=True)):
        table[row, :pages] = share.task.sequence.pages[:pages]
    return table
