"""Paged attention by itself: the kernels of one page format and variant; a float64 reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .calling import float_bits, library, objects

PAGE = 16
LAYERS, LAYER = 3, 1
ELEMENTS = {"f32": np.float32, "f16": np.float16, "i8": np.uint8}
TOLERANCE = {"f32": 5e-6, "f16": 5e-6, "i8": 6e-2}
"""Of an output whose values have standard deviation 1, against a reference on stored pages for f32
and f16, on unrounded keys and values for i8."""


def variants(dtype: str) -> list[str]:
    return list(objects(f"attention_{dtype}"))


@dataclass(frozen=True)
class Shape:
    """Heads of a layer."""

    heads: int
    kv_heads: int
    dim: int

    @property
    def width(self):
        return (self.heads + 2 * self.kv_heads) * self.dim


class PagedAttention:
    """A pool of pages full of NaN (of 255 for bytes), and the two kernels that use it."""

    def __init__(self, dtype: str, variant: str, shape: Shape, pages: int, scale: float = 0.0):
        self.dtype, self.shape, self.scale = dtype, shape, scale or shape.dim**-0.5
        self.library = library(f"attention_{dtype}", variant)
        tail = (2, PAGE, shape.dim) if dtype != "i8" else (2 * PAGE * (shape.dim + 4),)
        self.pool = np.zeros((pages, LAYERS, shape.kv_heads, *tail), ELEMENTS[dtype])
        self.pool.view(np.uint8)[:] = 255

    def store(self, qkv, positions, sequences, table, angles=None, groups=1):
        """Writes keys and values; returns the queries. Without `angles` nothing is rotated."""
        s, rows = self.shape, len(qkv)
        if angles is None:
            span = max(positions) + 1
            angles = np.ones((span, s.dim // 2)), np.zeros((span, s.dim // 2))
        queries = np.full((rows, s.heads * s.dim), np.nan, np.float32)
        batch = self._batch(positions, sequences, table)
        cos, sin = (np.ascontiguousarray(a, np.float32) for a in angles)
        buffers = [np.ascontiguousarray(qkv, np.float32), *batch, cos, sin, self.pool, queries]
        scalars = [rows, *self._sizes(batch), float_bits(self.scale)]
        self.library.run(f"rope_store_{self.dtype}", buffers, scalars, groups)
        return queries

    def attend(self, queries, positions, sequences, table, window=0, groups=1):
        """Returns the attention output, [rows, heads * dim]."""
        batch = self._batch(positions, sequences, table)
        out = np.full(queries.shape, np.nan, np.float32)
        buffers = [np.ascontiguousarray(queries), *batch, self.pool, out]
        scalars = [len(queries), *self._sizes(batch), window]
        self.library.run(f"attention_{self.dtype}", buffers, scalars, groups)
        return out

    def stored(self, table, count):
        """Keys and values in the pages of a sequence, [kv, count, kv_heads, dim]; not for i8."""
        blocks = self.pool[np.asarray(table), LAYER].astype(np.float64)
        keys = blocks[:, :, 0].reshape(*blocks.shape[:2], self.shape.dim, PAGE).swapaxes(2, 3)
        both = np.stack([keys, blocks[:, :, 1]]).swapaxes(2, 3)
        return both.reshape(2, -1, self.shape.kv_heads, self.shape.dim)[:, :count]

    def _batch(self, *arrays):
        return [np.ascontiguousarray(a, np.int32) for a in arrays]

    def _sizes(self, batch):
        s = self.shape
        return [batch[2].shape[1], s.heads, s.kv_heads, s.dim, LAYER, LAYERS]


def reference(queries, keys, values, positions, window=0):
    """Attention of queries [rows, heads, dim] over keys and values [count, kv_heads, dim], f64."""
    group = queries.shape[1] // keys.shape[1]
    keys, values = (np.repeat(a.astype(np.float64), group, axis=1) for a in (keys, values))
    scores = np.einsum("ihd,jhd->hij", queries.astype(np.float64), keys)
    behind = np.asarray(positions)[:, None] - np.arange(len(keys))
    scores[:, (behind < 0) | (behind >= (window or len(keys) + 1))] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("hij,jhd->ihd", weights, values).reshape(len(queries), -1)


@dataclass
class Sequence:
    """A sequence whose keys are stored: its rows of queries, keys and values."""

    qkv: np.ndarray
    queries: np.ndarray
    table: list[int]

    def expected(self, attention: PagedAttention, positions, window=0):
        """The reference for some of its positions."""
        s, count = attention.shape, len(self.qkv)
        if attention.dtype == "i8":
            split = self.qkv.reshape(count, -1, s.dim)[:, s.heads :]
            keys, values = split[:, : s.kv_heads], split[:, s.kv_heads :]
        else:
            keys, values = attention.stored(self.table, count)
        queries = self.queries[positions].reshape(len(positions), s.heads, s.dim)
        return reference(queries, keys, values, positions, window)


def store_sequence(attention: PagedAttention, count: int, pages, seed: int = 0) -> Sequence:
    """Stores `count` random tokens in `pages`."""
    rng = np.random.default_rng(seed)
    qkv = rng.standard_normal((count, attention.shape.width)).astype(np.float32)
    queries = attention.store(qkv, range(count), [0] * count, [pages])
    return Sequence(qkv, queries, list(pages))
