"""The entry of a compiled encoder: token lists in, one row of numbers each out."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentc.errors import RuntimeFault
from agentc.runtime.backends.iree import IreeModule

MAX_PADDED_TOKENS = 4096
"""Tokens of a padded batch, padding included: bounds the activations' memory."""
WORKER_TOKENS = 256
"""Tokens of a ragged batch for each worker: activations stay in its caches (MiniLM: 4,096 tokens in
batches of 512 take 0.78 of the time of one batch on two cores)."""
_RAGGED = "_ragged"
_TOKEN_TYPES = 2

Tokens = Sequence[Sequence[int]]


class EncoderProgram:
    """Entry `entry` of a compiled module. Owns no device.

    An entry whose name ends in "_ragged" takes texts one behind another: tokens [T], then token
    types [T] if there are any, then starts [B + 1]. Others take padded rows: tokens [B, T], types
    [B, T], lengths [B]. Either way a text's result does not depend on its batch.
    """

    def __init__(
        self, module: IreeModule, entry: str, *, vocabulary: int, workers: int = 0
    ) -> None:
        """`workers`: threads of the device, 0 for one a core."""
        self._module = module
        self._entry = entry
        self._vocabulary = vocabulary
        workers = workers or os.cpu_count() or 1
        self._ragged_tokens = WORKER_TOKENS * max(workers, 2)
        if "set_workers" in module.functions:
            module.invoke("set_workers", [workers], results=0)

    def run(self, tokens: Tokens, types: Tokens | None = None) -> NDArray[np.float32]:
        """Returns the results [N, ...] of N >= 1 texts, in their order. A text without tokens
        counts as token 0. Blocks; safe from any thread.

        Raises RuntimeFault (kind "input" for tokens that the model does not have).
        """
        tokens = [ids or (0,) for ids in tokens]
        types = types and [kinds or (0,) for kinds in types]
        self._check("token", tokens, self._vocabulary)
        self._check("token type", types or [], _TOKEN_TYPES)
        lengths = [len(ids) for ids in tokens]
        is_ragged = self._entry.endswith(_RAGGED)
        if is_ragged:
            call, batches = self._ragged, ragged_batches(lengths, self._ragged_tokens)
        else:
            call, batches = self._padded, length_buckets(lengths, MAX_PADDED_TOKENS)
        columns = [tokens] if types is None else [tokens, types]
        parts = [call([[c[i] for i in batch] for c in columns]) for batch in batches]
        rows = np.concatenate(parts)
        result = np.empty_like(rows)
        result[np.concatenate(batches)] = rows
        return result

    def _check(self, name: str, rows: Tokens, end: int) -> None:
        """The kernels do not check bounds; we do."""
        low, high = min(map(min, rows), default=0), max(map(max, rows), default=0)
        if low < 0 or high >= end:
            raise RuntimeFault(
                f"{name} out of range: found {low}..{high}, expected 0..{end - 1}; the tokenizer "
                "is not that of the model",
                kind="input",
            )

    def _ragged(self, columns: list[list[Sequence[int]]]) -> NDArray[np.float32]:
        starts = np.cumsum([0, *map(len, columns[0])]).astype(np.int32)
        flat = [np.concatenate([np.asarray(v, np.int32) for v in column]) for column in columns]
        return self._invoke([*flat, starts])

    def _padded(self, columns: list[list[Sequence[int]]]) -> NDArray[np.float32]:
        lengths = np.array([len(ids) for ids in columns[0]], np.int32)
        tables = []
        for column in columns:
            table = np.zeros((len(lengths), int(lengths.max())), np.int32)
            for row, values in zip(table, column, strict=True):
                row[: len(values)] = values
            tables.append(table)
        return self._invoke([*tables, lengths])

    def _invoke(self, arrays: list[NDArray[np.int32]]) -> NDArray[np.float32]:
        arguments = [self._module.upload(array) for array in arrays]
        return self._module.read(self._module.invoke(self._entry, arguments, results=1)[0])


def ragged_batches(lengths: Sequence[int], max_batch_tokens: int) -> list[list[int]]:
    """Splits the indices of `lengths`, in order, into batches of at most `max_batch_tokens` (a
    longer text is a batch of its own)."""
    batches: list[list[int]] = []
    total = 0
    for index, length in enumerate(lengths):
        if batches and total + length <= max_batch_tokens:
            batches[-1].append(index)
            total += length
        else:
            batches.append([index])
            total = length
    return batches


def length_buckets(lengths: Sequence[int], max_batch_tokens: int) -> list[list[int]]:
    """Splits the indices of `lengths` into batches that waste little on padding.

    Sorted by length and cut where the padded batch would exceed `max_batch_tokens`, or where the
    longest would be more than twice the shortest plus 16.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batches:
            last = batches[-1]
            fits = (len(last) + 1) * lengths[index] <= max_batch_tokens
            if fits and lengths[index] <= 2 * lengths[last[0]] + 16:
                last.append(index)
                continue
        batches.append([index])
    return batches
