"""A passage of a document, as retrieval returns it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """One passage: `score` is its similarity to the query, higher is nearer."""

    id: str
    source: str
    text: str
    score: float = 0.0
