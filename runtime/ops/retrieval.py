"""`stage.encode`, `stage.search`, `stage.score`: embeddings and passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.call import Call

Passage = dict[str, Any]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


async def encode(call: Call) -> tuple[Any]:
    """A text's embedding, or those of a list of texts: unit vectors, f32."""
    text = call.operands[0]
    texts = text if isinstance(text, list) else [text]
    vectors = await _embed(call, texts)
    call.report["texts"] = len(texts)
    return (list(vectors),) if isinstance(text, list) else (vectors[0],)


async def _embed(call: Call, texts: Sequence[str]) -> NDArray[np.float32]:
    model = call.services.model(call.attrs["model"])
    encoder = await call.services.devices.encoder(model, call.op.device or "")
    if not texts:
        return np.zeros((0, model.dims["embedding_dim"]), np.float32)
    return await encoder.encode(list(texts))


async def search(call: Call) -> tuple[list[Passage]]:
    """The k passages nearest to an embedding by cosine, best first; `score` is the cosine."""
    index = await call.services.devices.index(call.services.index(call.attrs["index"]))
    query, k = np.asarray(call.operands[0], np.float32), int(call.attrs["k"])
    found = await call.services.clock.in_thread(lambda: index.search(query, k))
    call.report["passages"] = len(found)
    return (found,)


async def score(call: Call) -> tuple[list[Passage]]:
    """The k best passages for a query, best first, ties in the order given.

    A cross encoder scores the pair of texts. An encoder scores a passage by its best sentence:
    max over sentences s of cos(query, s), late interaction (Khattab & Zaharia 2020, arXiv
    2004.12832) with sentences for tokens.
    """
    query, docs = call.operands
    call.report["passages"] = len(docs)
    if not docs:
        return ([],)
    texts = [passage["text"] for passage in docs]
    model = call.services.model(call.attrs["model"])
    if model.kind == "cross_encoder":
        scorer = await call.services.devices.cross_encoder(model, call.op.device or "")
        scored = await call.services.clock.in_thread(lambda: scorer.score(query, texts))
        scores = scored.astype(np.float64)
    else:
        scores = await _best_sentences(call, query, texts)
    return (best(docs, scores, int(call.attrs["k"])),)


async def _best_sentences(call: Call, query: str, texts: Sequence[str]) -> NDArray[np.float64]:
    cut = [sentences(text) for text in texts]
    vectors = await _embed(call, [query, *(s for parts in cut for s in parts)])
    cosines = vectors[1:].astype(np.float64) @ vectors[0].astype(np.float64)
    starts = np.cumsum([0, *(len(parts) for parts in cut[:-1])])
    return np.maximum.reduceat(cosines, starts)


def sentences(text: str) -> list[str]:
    """Cuts a text after `.`, `!` or `?` with white space behind, and at line ends; a text without
    any is one sentence."""
    parts = [part.strip() for part in _SENTENCE_END.split(text)]
    return [part for part in parts if part] or [text]


def best(docs: Sequence[Passage], scores: NDArray[Any], k: int) -> list[Passage]:
    """Returns the k passages with the highest scores, with their scores."""
    order = sorted(range(len(docs)), key=lambda i: (-float(scores[i]), i))[:k]
    return [{**docs[i], "score": float(scores[i])} for i in order]
