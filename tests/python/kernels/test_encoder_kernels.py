"""The kernels of encoders, every instruction set, against float64 on random texts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agentc.models.quantise import quantise_rows

from .calling import float_bits, library, objects

ATTENTION = sorted(objects("encoder_attention"))
ROWS = sorted(objects("encoder_rows"))
LENGTHS = (1, 5, 16, 17, 33, 64, 65, 129, 512)
EPS = 1e-5


def starts_of(lengths) -> np.ndarray:
    return np.cumsum([0, *lengths]).astype(np.int32)


def texts_of(starts):
    return [slice(a, b) for a, b in itertools.pairwise(starts)]


def attend(variant, qkv, starts, heads, dim, groups=1) -> np.ndarray:
    y = np.full((len(qkv), heads * dim), np.nan, np.float32)
    scalars = [len(starts) - 1, heads, dim]
    kernel = library("encoder_attention", variant)
    kernel.run("encoder_attention", [qkv, starts, y], scalars, groups)
    return y


def attention_reference(qkv, starts, heads, dim) -> np.ndarray:
    rows = []
    for text in texts_of(starts):
        x = qkv[text].astype(np.float64).reshape(-1, 3, heads, dim)
        scores = np.einsum("ihd,jhd->hij", x[:, 0], x[:, 1]) / np.sqrt(dim)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        rows.append(np.einsum("hij,jhd->ihd", weights, x[:, 2]).reshape(len(x), -1))
    return np.concatenate(rows)


@pytest.mark.parametrize(("heads", "dim"), [(12, 32), (2, 64), (1, 128), (3, 12), (5, 7)])
@pytest.mark.parametrize("variant", ATTENTION)
def test_attention_matches_float64(variant, heads, dim):
    starts = starts_of(LENGTHS)
    rng = np.random.default_rng(dim)
    qkv = (1.5 * rng.standard_normal((starts[-1], 3 * heads * dim))).astype(np.float32)
    found = attend(variant, qkv, starts, heads, dim)
    np.testing.assert_allclose(found, attention_reference(qkv, starts, heads, dim), atol=3e-5)


@pytest.mark.parametrize("variant", ATTENTION)
def test_attention_of_far_apart_scores(variant):
    """One key wins by far, late in the text: what was summed before it must vanish."""
    rng = np.random.default_rng(1)
    qkv = rng.standard_normal((150, 3 * 32)).astype(np.float32)
    qkv[140, 32:64] *= 60
    starts = starts_of([150])
    found = attend(variant, qkv, starts, 1, 32)
    np.testing.assert_allclose(found, attention_reference(qkv, starts, 1, 32), atol=2e-4)


@pytest.mark.parametrize("variant", ATTENTION)
def test_attention_does_not_depend_on_company(variant):
    heads, dim, starts = 3, 32, starts_of((7, 100, 31, 16, 1))
    qkv = np.random.default_rng(2).standard_normal((starts[-1], 3 * heads * dim))
    qkv = qkv.astype(np.float32)
    together = attend(variant, qkv, starts, heads, dim)
    np.testing.assert_array_equal(attend(variant, qkv, starts, heads, dim, groups=5), together)
    for text in texts_of(starts):
        alone = np.ascontiguousarray(qkv[text])
        found = attend(variant, alone, starts_of([len(alone)]), heads, dim)
        np.testing.assert_array_equal(found, together[text])


def normalised(x, scale, shift) -> np.ndarray:
    x = x.astype(np.float64)
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * scale + shift


@pytest.mark.parametrize("depth", [384, 36, 5])
@pytest.mark.parametrize("variant", ROWS)
def test_norm_matches_float64(variant, depth):
    rng = np.random.default_rng(depth)
    x = (3 + 2 * rng.standard_normal((11, depth))).astype(np.float32)
    scale, shift = rng.standard_normal((2, depth)).astype(np.float32)
    y = np.full_like(x, np.nan)
    kernel = library("encoder_rows", variant)
    kernel.run("encoder_norm", [x, scale, shift, y], [11, depth, float_bits(EPS)], groups=3)
    np.testing.assert_allclose(y, normalised(x, scale, shift), atol=1e-5)


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("form", ["f32", "q8"])
@pytest.mark.parametrize("variant", ROWS)
def test_embed_matches_float64(variant, form, typed):
    depth, starts, rng = 96, starts_of((3, 1, 9)), np.random.default_rng(5)
    words, positions = (rng.standard_normal((n, depth)).astype(np.float32) for n in (50, 10))
    table = rng.standard_normal((2, depth)).astype(np.float32)
    scale, shift = rng.standard_normal((2, depth)).astype(np.float32)
    tokens = rng.integers(0, 50, starts[-1]).astype(np.int32)
    types = rng.integers(0, 2, starts[-1]).astype(np.int32)
    stored = words if form == "f32" else quantise_rows(words)
    y = np.full((starts[-1], depth), np.nan, np.float32)
    buffers = [tokens, types, starts, stored, positions, table, scale, shift, y]
    scalars = [len(y), len(starts) - 1, depth, int(typed), float_bits(EPS)]
    library("encoder_rows", variant).run(f"encoder_embed_{form}", buffers, scalars, groups=4)
    places = np.concatenate([np.arange(n) for n in np.diff(starts)])
    expected = words[tokens] + positions[places] + (table[types] if typed else 0)
    error = {"f32": 1e-5, "q8": 0.05}[form]  # half a step of 1/127 of about 3, times the scale
    np.testing.assert_allclose(y, normalised(expected, scale, shift), atol=error)


@pytest.mark.parametrize("depth", [384, 36, 7])
@pytest.mark.parametrize("variant", ROWS)
def test_mean_matches_float64(variant, depth):
    starts = starts_of((1, 40, 7))
    x = np.random.default_rng(6).standard_normal((starts[-1], depth)).astype(np.float32)
    y = np.full((3, depth), np.nan, np.float32)
    library("encoder_rows", variant).run("encoder_mean", [x, starts, y], [3, depth], groups=2)
    means = np.stack([x[text].astype(np.float64).mean(0) for text in texts_of(starts)])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_quantised_rows_are_within_half_a_step():
    words = np.random.default_rng(7).standard_normal((9, 96)).astype(np.float32)
    words[3, :32] = 0
    stored = quantise_rows(words)
    assert stored.shape == (9, 96 + 12) and stored.dtype == np.int8
    scales = np.ascontiguousarray(stored[:, 96:]).view(np.float32)
    values = stored[:, :96].reshape(9, 3, 32) * scales[..., None]
    error = np.abs(values - words.reshape(9, 3, 32)).max(-1)
    assert (error <= scales * 0.5001).all()
    np.testing.assert_array_equal(values[3, 0], 0)
