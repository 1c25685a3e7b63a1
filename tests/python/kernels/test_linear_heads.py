"""Queries, keys and values: bias, head norms, rotary positions and the way into the page."""

from __future__ import annotations

import numpy as np
import pytest

from .linear_cases import OBJECTS, activations, allowed, matrix, rms_norm, run

every_object = pytest.mark.parametrize(("form", "variant"), OBJECTS)
every_shape = pytest.mark.parametrize(
    ("heads", "kv_heads", "dim"), [(2, 2, 16), (9, 3, 64), (5, 1, 256), (4, 2, 48)]
)
DEPTH, ROWS, PAGE, PAGES, LAYERS, LAYER, CONTEXT = 64, 9, 16, 7, 3, 1, 64
EPS, SCALE = 1e-5, 0.37
BIAS, NORM = 1, 2
TABLE = np.array([[4, 2, 6], [1, 5, 3]], np.int32)
SEQUENCE_OF = np.array([0, 0, 0, 1, -1, 1, 1, 0, -1], np.int32)
POSITIONS = np.array([14, 15, 16, 0, 3, 31, 32, 40, 0], np.int32)


class Projection:
    """Random weights of one layer's projection, and what it should give in f64."""

    def __init__(self, form, heads, kv_heads, dim, flags):
        rng = np.random.default_rng([heads, dim, flags])
        self.heads, self.kv_heads, self.dim, self.flags = heads, kv_heads, dim, flags
        self.x = activations(ROWS, DEPTH)
        self.norm = rng.normal(1, 0.3, DEPTH).astype(np.float32)
        self.matrix = matrix(form, (heads + 2 * kv_heads) * dim, DEPTH)
        self.bias = rng.standard_normal((heads + 2 * kv_heads, dim)).astype(np.float32)
        self.head_norm = rng.normal(1, 0.3, (2, dim)).astype(np.float32)
        angles = np.outer(np.arange(CONTEXT), 100.0 ** (-np.arange(dim // 2) * 2 / dim))
        self.cos, self.sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def run(self, variant, page_dtype, pool, groups=1, rows=slice(None)):
        """Queries of the chosen rows; keys and values go to the pool."""
        x, positions, sequences = (
            np.ascontiguousarray(a[rows]) for a in (self.x, POSITIONS, SEQUENCE_OF)
        )
        queries = np.full((len(x), self.heads * self.dim), np.nan, np.float32)
        buffers = [x, self.norm, self.matrix.panels, self.bias, self.head_norm, positions]
        buffers += [sequences, TABLE, self.cos, self.sin, pool, queries]
        shape = [self.heads, self.kv_heads, self.dim, LAYER, LAYERS]
        scalars = [len(x), DEPTH, TABLE.shape[1], *shape, EPS, SCALE, self.flags]
        run(self.matrix.form, variant, f"norm_heads_{page_dtype}", buffers, scalars, groups)
        return queries

    def expected(self):
        """Queries, keys and values [rows, heads, dim], and how far off quantising may put them."""
        normed = rms_norm(self.x, self.norm, EPS)
        shape = ROWS, -1, self.dim
        y = (normed @ self.matrix.values.T).reshape(shape)
        slack = allowed(normed, self.matrix).reshape(shape) * 1.001
        if self.flags & BIAS:
            y = y + self.bias
        parts, slacks = self._split(y), self._split(slack)
        if self.flags & NORM:
            for i in (0, 1):
                parts[i], slacks[i] = self._norm(parts[i], slacks[i], self.head_norm[i])
        for i, scale in ((0, SCALE), (1, 1.0)):
            parts[i] = self._rotate(parts[i]) * scale
            both = slacks[i][..., : self.dim // 2] + slacks[i][..., self.dim // 2 :]
            slacks[i] = np.concatenate([both, both], -1) * scale
        return parts, slacks

    def _split(self, y):
        ends = self.heads, self.heads + self.kv_heads
        return np.split(y, ends, axis=1)

    def _norm(self, y, slack, factors):
        """RMSNorm, and the error of its result to first order, doubled."""
        size = np.sqrt((y**2).mean(-1, keepdims=True) + EPS)
        result = y / size * factors
        relative = np.sqrt((slack**2).mean(-1, keepdims=True)) / size
        return result, 2 * (slack / size * np.abs(factors) + np.abs(result) * relative)

    def _rotate(self, y):
        half = self.dim // 2
        turn = np.exp(1j * np.arctan2(self.sin, self.cos).astype(np.float64))[POSITIONS][:, None]
        z = (y[..., :half] + 1j * y[..., half:]) * turn
        return np.concatenate([z.real, z.imag], -1)


def f16_pool(kv_heads, dim):
    return np.full((PAGES, LAYERS, kv_heads, 2, PAGE * dim), np.nan, np.float16)


def entry(row):
    """Page and slot of a row."""
    sequence, position = SEQUENCE_OF[row], POSITIONS[row]
    return TABLE[sequence, position // PAGE], position % PAGE


@every_object
@every_shape
@pytest.mark.parametrize("flags", [0, BIAS, NORM, BIAS | NORM])
def test_f16_pages(form, variant, heads, kv_heads, dim, flags):
    projection = Projection(form, heads, kv_heads, dim, flags)
    (queries, keys, values), slacks = projection.expected()
    pool = f16_pool(kv_heads, dim)
    found = projection.run(variant, "f16", pool).reshape(ROWS, heads, dim)
    real = [row for row in range(ROWS) if SEQUENCE_OF[row] >= 0]
    assert (np.abs(found - queries)[real] <= slacks[0][real] + 1e-5).all()
    assert np.isnan(found[SEQUENCE_OF < 0]).all()
    pages = pool.astype(np.float64)
    for row in real:
        page, slot = entry(row)
        part = pages[page, LAYER]
        key = part[:, 0].reshape(kv_heads, dim, PAGE)[:, :, slot]
        value = part[:, 1].reshape(kv_heads, PAGE, dim)[:, slot]
        for stored, wanted, slack in ((key, keys, slacks[1]), (value, values, slacks[2])):
            rounding = np.abs(wanted[row]) * 2.0**-10 + 2.0**-24
            assert (np.abs(stored - wanted[row]) <= slack[row] * 1.001 + rounding + 1e-5).all()
    assert np.isfinite(pool).sum() == len(real) * 2 * kv_heads * dim


@every_object
@pytest.mark.parametrize("page_dtype", ["f16", "i8"])
def test_bits_do_not_depend_on_company(form, variant, page_dtype):
    projection = Projection(form, 9, 3, 64, BIAS | NORM)
    pools = [np.zeros((PAGES, LAYERS, 3, 8192), np.uint8) for _ in range(3)]
    whole = projection.run(variant, page_dtype, pools[0])
    np.testing.assert_array_equal(projection.run(variant, page_dtype, pools[1], groups=4), whole)
    for row in range(ROWS):
        alone = projection.run(variant, page_dtype, pools[2], rows=slice(row, row + 1))
        np.testing.assert_array_equal(alone[0], whole[row])
    np.testing.assert_array_equal(pools[0], pools[1])
    np.testing.assert_array_equal(pools[0], pools[2])


@every_object
@pytest.mark.parametrize(("kv_heads", "dim"), [(2, 64), (1, 128), (3, 16)])
def test_i8_pages(form, variant, kv_heads, dim):
    """Values come back to half a step, and products of keys with each other to a few: keys are
    stored turned by an orthonormal matrix, which leaves products alone."""
    projection = Projection(form, 4, kv_heads, dim, 0)
    part = 2 * (PAGE * dim + PAGE * 4)
    pool = np.zeros((PAGES, LAYERS, kv_heads, part), np.uint8)
    wide = f16_pool(kv_heads, dim)
    i8_queries, f16_queries = (
        projection.run(variant, dtype, p) for dtype, p in (("i8", pool), ("f16", wide))
    )
    np.testing.assert_array_equal(i8_queries, f16_queries)
    (_, keys, values), slacks = projection.expected()
    real = [row for row in range(ROWS) if SEQUENCE_OF[row] >= 0]
    for head in range(kv_heads):
        stored = [_i8_row(pool[entry(row)[0], LAYER, head], entry(row)[1], dim) for row in real]
        key, value = (np.array(list(side)) for side in zip(*stored, strict=True))
        wanted, slack = values[real, head], slacks[2][real, head]
        step = (np.abs(wanted) + slack).max(-1, keepdims=True) / 127
        assert (np.abs(value - wanted) <= slack + step / 2 * 1.001).all()
        wanted, slack = keys[real, head], slacks[1][real, head]
        off = np.linalg.norm(slack, axis=-1) + _step(wanted, slack) * np.sqrt(dim) / 2
        size = np.linalg.norm(wanted, axis=-1)
        bound = np.outer(off, size) + np.outer(size, off) + np.outer(off, off)
        assert (np.abs(key @ key.T - wanted @ wanted.T) <= bound * 1.001).all()


def _step(keys, slack):
    """No more than this is a step of a turned key: a turn makes no number larger than the norm."""
    return (np.linalg.norm(keys, axis=-1) + np.linalg.norm(slack, axis=-1)) / 127


def _i8_row(part, slot, dim):
    """Key (still turned) and value of one slot, by the layout that kernels/pages.h describes."""
    halves = part.reshape(2, -1)
    scales = np.ascontiguousarray(halves[:, : PAGE * 4]).view(np.float32)[:, slot]
    codes = halves[:, PAGE * 4 :]
    key = codes[0].reshape(dim // 4, PAGE, 4)[:, slot].reshape(dim).astype(np.float64) - 128
    value = codes[1].reshape(PAGE // 4, dim, 4)[slot // 4, :, slot % 4].astype(np.float64) - 128
    return key * scales[0], value * scales[1]
