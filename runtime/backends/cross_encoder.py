"""Cross encoders: a query and texts in, how relevant each text is out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.backends.encoder import open_tokenizer
from agentc.runtime.backends.encoder_program import EncoderProgram


class CrossEncoder:
    """A model that reads query and text together: its program with its tokenizer, whose template
    for pairs says how they are joined and which tokens belong to which."""

    def __init__(self, program: EncoderProgram, tokenizer: Path, *, context_tokens: int) -> None:
        """`context_tokens`: of longer pairs the longer text is cut. Raises ModelFormatError on a
        bad tokenizer."""
        self._program = program
        self._tokenizer = open_tokenizer(tokenizer, context_tokens)

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Scores [N] of `texts`, in their order, higher is better: the classifier's output as it
        is, of any sign and size. Blocks; safe from any thread."""
        if not texts:
            return np.zeros(0, np.float32)
        pairs = self._tokenizer.encode_batch([(query, text) for text in texts])
        return self._program.run([p.ids for p in pairs], [p.type_ids for p in pairs])
