"""Vector indexes: exact search in numpy while that is fast, usearch above."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentc.errors import PackageError
from agentc.plan import Index

EXACT_UP_TO = 50_000
"""Vectors: below, one matrix product over all of them takes some milliseconds."""


class VectorIndex:
    """Passages with their unit vectors [count, dimension] f32."""

    def __init__(self, record: Index, passages: Path, vectors: Path, index: Path | None) -> None:
        """Opens the files. Raises PackageError if they do not fit together."""
        self.record = record
        try:
            with passages.open(encoding="utf-8") as lines:
                self.passages: list[dict[str, Any]] = [json.loads(line) for line in lines if line]
            self.vectors: NDArray[np.float32] = np.load(vectors, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise PackageError(f"index '{record.name}' is unreadable: {error}") from error
        expected = (len(self.passages), record.dimension)
        if self.vectors.shape != expected or len(self.passages) != record.count:
            raise PackageError(
                f"index '{record.name}' has {len(self.passages)} passages and vectors of shape "
                f"{self.vectors.shape}, expected {record.count} and {expected}; compile again"
            )
        self._approximate = None
        if record.count > EXACT_UP_TO and index is not None:
            from usearch.index import Index as Usearch

            self._approximate = Usearch.restore(str(index), view=True)

    def search(self, query: NDArray[np.float32], k: int) -> list[dict[str, Any]]:
        """Returns the k passages of the highest cosine, best first, ties by position."""
        if query.shape != (self.record.dimension,):
            raise ValueError(f"query has shape {query.shape}, expected ({self.record.dimension},)")
        length = float(np.linalg.norm(query)) or 1.0
        k = min(k, len(self.passages))
        if k == 0:
            return []
        if self._approximate is not None:
            rows = np.asarray(self._approximate.search(query, k).keys, np.int64)
        else:
            rows = _top(self.vectors @ query, k)
        cosines = (self.vectors[rows].astype(np.float64) @ query.astype(np.float64)) / length
        order = sorted(range(len(rows)), key=lambda i: (-cosines[i], rows[i]))
        return [{**self.passages[rows[i]], "score": float(cosines[i])} for i in order]


def _top(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Returns the positions of the k highest scores; equal scores go by position."""
    return np.argsort(-scores, kind="stable")[:k].astype(np.int64)
