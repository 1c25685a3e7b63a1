"""Text encoders: texts in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as HfTokenizer

from agentc.errors import ModelFormatError
from agentc.runtime.backends.encoder_program import EncoderProgram


class Encoder:
    """An embedding model: its program with its tokenizer."""

    def __init__(
        self, program: EncoderProgram, tokenizer: Path, *, context_tokens: int, dimension: int
    ) -> None:
        """`context_tokens`: longer texts are cut. Raises ModelFormatError on a bad tokenizer."""
        self.dimension = dimension
        self._program = program
        self._tokenizer = open_tokenizer(tokenizer, context_tokens)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings [N, D] of `texts`, in their order. Blocks; safe from any thread."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self._program.run([e.ids for e in self._tokenizer.encode_batch(list(texts))])


def open_tokenizer(path: Path, context_tokens: int) -> HfTokenizer:
    """Returns a tokenizer that cuts at `context_tokens`, of a pair's two texts the longer one
    first, and does not pad. Raises ModelFormatError."""
    try:
        tokenizer = HfTokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ModelFormatError(f"cannot read the tokenizer {path}: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(context_tokens, strategy="longest_first")
    return tokenizer
