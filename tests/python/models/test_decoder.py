"""The Llama program against a float64 reference, on random models; and its bitwise promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentc.models.config import DecoderConfig, RopeScaling
from agentc.models.rope import rope_frequencies

from . import tiny
from .conftest import kernel_objects, tiny_decoder
from .harness import PAGE, decoder_reference

VARIANTS = ["plain", *kernel_objects()]
TOKENS = np.random.default_rng(1).integers(0, 61, 150).tolist()
PAGES = list(range(1, 11))


def test_this_machine_has_kernels():
    assert kernel_objects(), "no kernel objects: build kernels/ or set AGENTC_KERNELS"


def pick(variant):
    return kernel_objects().get(variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "changes",
    [
        {"tied": False, "kv_heads": 6, "layers": 1},
        {"heads": 13, "kv_heads": 1, "head_dim": 32, "layers": 1},
        {"heads": 4, "kv_heads": 2, "head_dim": 80, "d_model": 33, "layers": 1},
    ],
    ids=["no groups, own head", "one kv head for 13", "head_dim 80"],
)
def test_logits_match_float64(open_decoder, variant, changes):
    config, weights = tiny_decoder(**changes)
    forward = open_decoder(config, weights, pick(variant))
    expected = decoder_reference(config, weights.__getitem__, TOKENS[:70])
    found = forward.prefill(TOKENS[:70], PAGES)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_plain_code_takes_any_head_size(open_decoder):
    config, weights = tiny_decoder(head_dim=10, heads=3, kv_heads=1)
    forward = open_decoder(config, weights)
    expected = decoder_reference(config, weights.__getitem__, TOKENS[:20])
    np.testing.assert_allclose(forward.prefill(TOKENS[:20], PAGES), expected, atol=2e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_are_bitwise_independent(open_decoder, variant):
    """Chunking, batch company, page numbers, stale NaN pages and worker counts change no bit."""
    config, weights = tiny_decoder()
    forward = open_decoder(config, weights, pick(variant))
    whole = forward.prefill(TOKENS[:100], PAGES)
    expected = decoder_reference(config, weights.__getitem__, TOKENS[:100])
    np.testing.assert_allclose(whole, expected, atol=2e-4)

    forward.fill_pool(np.nan)
    elsewhere = [30, 2, 17, 5, 29, 11, 3]
    for start in range(0, 100, 13):
        chunk = TOKENS[start : min(start + 13, 100)]
        found = forward.prefill(chunk, elsewhere, start)
        np.testing.assert_array_equal(found, whole[start : start + len(chunk)])
    for position in range(90, 100):
        found = forward.prefill(TOKENS[position : position + 1], elsewhere, position)
        np.testing.assert_array_equal(found[0], whole[position])
    if variant != "plain":
        for workers in (1, 3, 5):
            forward.set_workers(workers)
            np.testing.assert_array_equal(forward.prefill(TOKENS[:100], PAGES), whole)


@pytest.mark.parametrize("variant", VARIANTS)
def test_mixed_batch_equals_each_alone(open_decoder, variant):
    """A decode token, a chunk on a shared prefix page and a whole prompt, in one call."""
    config, weights = tiny_decoder()
    forward = open_decoder(config, weights, pick(variant))
    first, second, third = TOKENS[:40], TOKENS[:16] + TOKENS[50:70], TOKENS[100:121]
    alone = [forward.prefill(t, PAGES)[-1] for t in (first, second, third)]

    forward.fill_pool(np.nan)
    table = [[9, 4, 7, 2], [9, 16, 3, 5], [12, 13, 14, 15]]
    forward.prefill(first[:39], table[0])
    chunk = range(16, 36)
    tokens = [first[39], *second[16:], *third]
    positions = [39, *chunk, *range(21)]
    sequences = [0] + [1] * 20 + [2] * 21
    rows = [0, 20, 41]
    found = forward.step(tokens, positions, sequences, table, rows)
    np.testing.assert_array_equal(found, alone)
    again = forward.step(tokens, positions, sequences, table, rows[::-1] + rows)
    np.testing.assert_array_equal(again, [*alone[::-1], *alone])


@pytest.mark.parametrize("variant", VARIANTS)
def test_prefix_written_and_read_in_one_call(open_decoder, variant):
    config, weights = tiny_decoder()
    forward = open_decoder(config, weights, pick(variant))
    expected = forward.prefill(TOKENS[:48], PAGES)[-1]
    forward.fill_pool(np.nan)
    table = [[21, 22, 23], [21, 22, 24]]
    tokens = TOKENS[:48] + TOKENS[32:48]
    positions = [*range(48), *range(32, 48)]
    found = forward.step(tokens, positions, [0] * 48 + [1] * 16, table, [47, 63])
    np.testing.assert_array_equal(found, [expected, expected])


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v != "plain"])
def test_padding_rows_change_nothing(open_decoder, variant):
    config, weights = tiny_decoder()
    forward = open_decoder(config, weights, pick(variant))
    expected = forward.prefill(TOKENS[:20], PAGES)
    forward.fill_pool(0.0)
    padded = forward.step(TOKENS[:25], range(25), [0] * 20 + [-1] * 5, [PAGES], range(20))
    np.testing.assert_array_equal(padded, expected)


def test_page_zero_takes_padding_on_plain_targets(open_decoder):
    config, weights = tiny_decoder()
    forward = open_decoder(config, weights)
    expected = forward.prefill(TOKENS[:20], PAGES[:2])
    table = [PAGES[:2], [0, 0]]
    sequences = [0] * 20 + [1] * 4
    found = forward.step(TOKENS[:24], [*range(20), 0, 1, 2, 3], sequences, table, range(20))
    np.testing.assert_array_equal(found, expected)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(1, 59), max_size=6, unique=True), seed=st.integers(0, 2**16))
def test_any_chunking_gives_the_same_bits(open_decoder, cuts, seed):
    config, weights = tiny_decoder()
    forward = open_decoder(config, weights, next(iter(kernel_objects().values()), None))
    rng = np.random.default_rng(seed)
    pages = rng.permutation(np.arange(1, 40))[:4].tolist()
    whole = forward.prefill(TOKENS[:60], PAGES, rows=[59])
    edges = [0, *sorted(cuts), 60]
    for start, end in itertools.pairwise(edges):
        found = forward.prefill(TOKENS[start:end], pages, start, rows=[end - start - 1])
    np.testing.assert_array_equal(found, whole)


def test_attention_spans_the_online_softmax_blocks(open_decoder):
    """300 keys: more than two blocks of 8 pages."""
    config, weights = tiny_decoder(context=400)
    tokens = (TOKENS * 3)[:300]
    expected = decoder_reference(config, weights.__getitem__, tokens)[-5:]
    for variant in VARIANTS:
        forward = open_decoder(config, weights, pick(variant))
        found = forward.prefill(tokens, list(range(1, 39)), rows=range(295, 300))
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_rope_scaling_kinds():
    base = rope_frequencies(tiny.decoder_config())
    linear = tiny.decoder_config(rope_scaling=RopeScaling("linear", factor=4.0))
    np.testing.assert_allclose(rope_frequencies(linear), base / 4)
    own = tuple(range(1, 9))
    factors = tiny.decoder_config(rope_scaling=RopeScaling("factors", factors=own))
    np.testing.assert_allclose(rope_frequencies(factors), base / np.arange(1, 9))
    llama3 = tiny.decoder_config(rope_scaling=RopeScaling("llama3", 8.0, 1.0, 4.0, 64))
    turns = 64 * base / (2 * np.pi)
    found = rope_frequencies(llama3)
    np.testing.assert_allclose(found[turns > 4], base[turns > 4])
    np.testing.assert_allclose(found[turns < 1], base[turns < 1] / 8)
    assert np.all(np.diff(found) < 0)


def test_config_counts_its_parameters():
    config, weights = tiny_decoder(tied=False)
    stored = sum(w.size for n, w in weights.items() if not n.startswith("rope"))
    assert config.parameter_count() == stored
    assert config.dims()["weight_bytes"] == 4 * stored
    assert isinstance(config, DecoderConfig) and PAGE == 16
