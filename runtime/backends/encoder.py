"""Text encoders: texts in, unit vectors out, in batches of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as HfTokenizer

from agentc.errors import ModelFormatError
from agentc.runtime.backends.iree import IreeModule

MAX_BATCH_TOKENS = 4096
"""Tokens of a batch, padding included: bounds the activations' memory."""


class Encoder:
    """`encode(tokens [B, T], lengths [B]) -> [B, D]` of a compiled module. Owns no device."""

    def __init__(
        self, module: IreeModule, tokenizer: Path, *, context_tokens: int, dimension: int
    ) -> None:
        """`context_tokens`: longer texts are cut. Raises ModelFormatError on a bad tokenizer."""
        self.dimension = dimension
        self._module = module
        try:
            self._tokenizer = HfTokenizer.from_file(str(tokenizer))
        except Exception as error:  # the library raises bare Exception
            raise ModelFormatError(f"cannot read the tokenizer {tokenizer}: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(context_tokens)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings [N, D] of `texts`, in their order. Blocks; safe from any thread."""
        result = np.zeros((len(texts), self.dimension), np.float32)
        tokens = [e.ids for e in self._tokenizer.encode_batch(list(texts))]
        for members in length_buckets([len(ids) for ids in tokens], MAX_BATCH_TOKENS):
            result[members] = self._run([tokens[i] for i in members])
        return result

    def _run(self, batch: list[list[int]]) -> NDArray[np.float32]:
        lengths = np.array([len(ids) for ids in batch], np.int32)
        padded = np.zeros((len(batch), int(lengths.max())), np.int32)
        for row, ids in zip(padded, batch, strict=True):
            row[: len(ids)] = ids
        arguments = [self._module.upload(padded), self._module.upload(lengths)]
        return self._module.read(self._module.invoke("encode", arguments, results=1)[0])


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
