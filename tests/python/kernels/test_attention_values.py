"""Paged attention against float64, for every page format and variant that this machine runs."""

from __future__ import annotations

import numpy as np
import pytest

from .attention_cases import (
    LAYER,
    TOLERANCE,
    PagedAttention,
    Shape,
    reference,
    store_sequence,
    variants,
)

KINDS = [(d, v) for d in ("f32", "f16", "i8") for v in variants(d)]
SHAPES = [
    Shape(2, 2, 16),
    Shape(4, 2, 48),
    Shape(9, 3, 64),
    Shape(4, 1, 96),
    Shape(14, 2, 128),
    Shape(8, 1, 256),
    Shape(32, 2, 64),
]


def shape_id(shape):
    return f"{shape.heads}-{shape.kv_heads}-{shape.dim}"


@pytest.fixture(params=KINDS, ids="-".join)
def kind(request):
    return request.param


@pytest.mark.parametrize("shape", SHAPES, ids=shape_id)
def test_output_matches_float64(kind, shape):
    attention = PagedAttention(*kind, shape, pages=40)
    sequence = store_sequence(attention, 300, np.random.default_rng(1).permutation(39)[:19] + 1)
    positions = np.arange(300)
    found = attention.attend(sequence.queries, positions, [0] * 300, [sequence.table])
    expected = sequence.expected(attention, positions)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE[kind[0]])


@pytest.mark.parametrize("window", [1, 5, 17, 64, 1000])
def test_windows(kind, window):
    attention = PagedAttention(*kind, Shape(6, 2, 32), pages=90)
    sequence = store_sequence(attention, 1200, range(1, 76))
    positions = np.array([0, 3, 4, 5, 15, 16, 17, 63, 64, 130, *range(700, 713), 1199])
    found = attention.attend(
        sequence.queries[positions], positions, [0] * len(positions), [sequence.table], window
    )
    expected = sequence.expected(attention, positions, window)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE[kind[0]])


def test_pages_before_the_window_are_not_read(kind):
    """A window's early pages may be given back: their numbers may then be anything."""
    attention = PagedAttention(*kind, Shape(4, 2, 64), pages=30)
    sequence = store_sequence(attention, 400, range(1, 26))
    positions, rows = np.arange(380, 400), [0] * 20
    table = list(sequence.table)
    whole = attention.attend(sequence.queries[380:], positions, rows, [table], 40)
    table[: (380 - 39) // 16] = [1 << 28] * ((380 - 39) // 16)
    cut = attention.attend(sequence.queries[380:], positions, rows, [table], 40)
    np.testing.assert_array_equal(whole, cut)


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 12, 13, 37])
def test_mixed_sequences_have_the_bits_of_each_alone(kind, rows):
    attention = PagedAttention(*kind, Shape(6, 2, 48), pages=60)
    counts, pages = (37, 200, 130), np.random.default_rng(2).permutation(59) + 1
    tables = [pages[:13], pages[13:26], pages[26:39]]
    stored = [
        store_sequence(attention, n, t[: -(-n // 16)], seed=i)
        for i, (n, t) in enumerate(zip(counts, tables, strict=True))
    ]
    alone = [
        attention.attend(s.queries, np.arange(n), [i] * n, tables)
        for i, (n, s) in enumerate(zip(counts, stored, strict=True))
    ]
    rng = np.random.default_rng(rows)
    sequences = np.sort(rng.integers(-1, 3, rows))
    positions = np.zeros(rows, np.int32)
    for i, n in enumerate(counts):  # a chunk of each: neighbouring positions from somewhere on
        mine = sequences == i
        positions[mine] = rng.integers(0, n - mine.sum() + 1) + np.arange(mine.sum())
    where = list(zip(sequences, positions, strict=True))
    queries = np.stack([stored[max(i, 0)].queries[p] for i, p in where])
    expected = np.stack([alone[i][p] if i >= 0 else 0 * alone[0][0] for i, p in where])
    for groups in (1, 2, 7):
        found = attention.attend(queries, positions, sequences, tables, groups=groups)
        np.testing.assert_array_equal(found, expected)


def test_page_numbers_change_no_bit(kind):
    found = []
    for pages in (range(1, 12), [9, 30, 2, 17, 25, 3, 8, 29, 11, 4, 20]):
        attention = PagedAttention(*kind, Shape(9, 3, 64), pages=31)
        sequence = store_sequence(attention, 165, pages)
        found.append(attention.attend(sequence.queries, np.arange(165), [0] * 165, [list(pages)]))
    np.testing.assert_array_equal(*found)


def test_keys_and_values_go_to_their_slots_and_nowhere_else(kind):
    dtype, _ = kind
    shape = Shape(2, 2, 48)
    attention = PagedAttention(*kind, shape, pages=8)
    before = attention.pool.copy()
    rng = np.random.default_rng(4)
    qkv = rng.standard_normal((5, shape.width)).astype(np.float32)
    angles = rng.uniform(0, 6.28, (64, 24))
    where = [17, 18, 19, 47, 0], [0, 0, 0, 1, -1], [[3, 5, 0], [6, 1, 7]]
    attention.store(qkv, *where, angles=(np.cos(angles), np.sin(angles)), groups=3)
    changed = before.view(np.uint8) != attention.pool.view(np.uint8)
    assert set(np.argwhere(changed)[:, 0]) == {5, 7} and set(np.argwhere(changed)[:, 1]) == {LAYER}
    if dtype == "i8":
        return
    split = qkv.reshape(5, -1, 2, 24).astype(np.float64)
    z = (split[:, :, 0] + 1j * split[:, :, 1]) * np.exp(1j * angles[where[0]])[:, None]
    keys = np.concatenate([z.real, z.imag], -1)[:, 2:4]
    tolerance = 1e-6 if dtype == "f32" else 2e-3
    found = attention.stored([3, 5], 32)
    np.testing.assert_allclose(found[0, 17:20], keys[:3], atol=tolerance)
    np.testing.assert_allclose(found[1, 17:20], qkv[:3].reshape(3, -1, 48)[:, 4:], atol=tolerance)
    assert np.isnan(found[:, 20:]).all() and np.isnan(found[:, :17]).all()
    np.testing.assert_allclose(attention.stored([7], 16)[0, 15], keys[3], atol=tolerance)


def test_halves_round_to_nearest_even_and_saturate(kind):
    if kind[0] != "f16":
        pytest.skip("only pages of halves")
    shape = Shape(1, 1, 256)
    attention = PagedAttention(*kind, shape, pages=4)
    rng = np.random.default_rng(5)
    size = rng.uniform(-28, 17, (16, shape.width))
    halves = rng.integers(0, 0x7BFF, (16, shape.width), np.uint16).view(np.float16)
    ties = (halves.astype(np.float64) + np.nextafter(halves, np.float16(9))) / 2
    for qkv in (rng.choice([-1, 1], size.shape) * 2.0**size, ties):
        qkv = qkv.astype(np.float32)
        attention.store(qkv, range(16), [0] * 16, [[2]])
        expected = np.clip(qkv, -65504, 65504).astype(np.float16).reshape(16, 3, 256)
        found = attention.stored([2], 16)
        np.testing.assert_array_equal(found[0, :, 0], expected[:, 1])
        np.testing.assert_array_equal(found[1, :, 0], expected[:, 2])


def test_extreme_scores_stay_finite(kind):
    """Softmax of scores far apart: the largest key takes all, nothing overflows."""
    attention = PagedAttention(*kind, Shape(3, 1, 64), pages=20, scale=300.0)
    sequence = store_sequence(attention, 200, range(1, 14))
    found = attention.attend(sequence.queries, np.arange(200), [0] * 200, [sequence.table])
    assert np.isfinite(found).all()
    expected = sequence.expected(attention, np.arange(200))
    agree = np.isclose(found, expected, rtol=1e-2, atol=0.05).mean()
    assert agree > (0.9 if kind[0] == "i8" else 0.99)


def test_reference_agrees_with_a_sum_by_hand():
    queries = np.zeros((1, 1, 2))
    values = np.arange(6.0).reshape(3, 1, 2)
    found = reference(queries, np.ones((3, 1, 2)), values, [1])
    np.testing.assert_allclose(found, [[1, 2]])
