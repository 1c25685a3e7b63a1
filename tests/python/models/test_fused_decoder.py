"""The fused quantised program on random models: its numbers, and that nothing changes a row's bits.

The reference rounds the inputs of products, and keys and values, where the kernels do; the program
then differs by f32 rounding (1e-7), but where that tips a value to the next of 255 steps. A tipped
value moves what follows by about 1e-2, and most rows have none.
"""

from __future__ import annotations

import contextlib
import re

import numpy as np
import pytest

from agentc.codegen import copies, iree
from agentc.errors import CompileError
from agentc.models import fused_decoder
from agentc.models.dispatch import KernelFile

from . import fused, tiny
from .conftest import HOST
from .harness import decoder_reference

TOKENS = np.random.default_rng(3).integers(0, 61, 100).tolist()
PAGES = [5, 3, 9, 2, 8, 7, 12]
VARIANTS = fused.variants()
KV_VARIANTS = [(kv, v) for kv in fused_decoder.KV_DTYPES for v in fused.variants(kv)]
KV_BEST = [kv for kv in fused_decoder.KV_DTYPES if fused.variants(kv)]
ODD = {
    "no groups": {"kv_heads": 6, "layers": 1},
    "one kv head for 13": {"heads": 14, "kv_heads": 1, "layers": 1},
    "wide heads": {"heads": 2, "kv_heads": 1, "head_dim": 256, "layers": 1},
    "heads of 80": {"heads": 4, "kv_heads": 2, "head_dim": 80, "layers": 1},
    "deep": {"ffn": 32 * 37, "d_model": 32, "layers": 1},
}


def config_of(family="llama", **changes):
    return tiny.family_config(family, **{**fused.SIZES, **changes})


@pytest.fixture
def open_fused(tmp_path):
    """`open_fused(config, kind, precision, kv, variant)` gives the program and its weights."""
    with contextlib.ExitStack() as stack:

        def open_(config, kind="Q4_1", precision="i4", kv="f16", variant=""):
            weights = fused.weights_of(tmp_path, config, kind, precision)
            return stack.enter_context(fused.opened(weights, kv, variant)), weights

        yield open_


def check_numbers(found, weights, tokens, kv="f16"):
    read = weights.source.array
    exact = decoder_reference(weights.config, read, tokens)
    error = np.sqrt(np.mean((found - exact) ** 2)) / np.sqrt(np.mean(exact**2))
    if kv == "i8":  # keys, values, queries and weights of the sum in 8 bits: twice the noise
        assert error < 0.1
        return
    assert error < 0.05
    rounded = fused.RoundingReference(weights.config, read, len(tokens)).logits(tokens, None)
    off = np.abs(found - rounded).max(-1)
    assert off.max() < 0.15
    assert np.quantile(off, 0.1) < 1e-5  # a tipped key moves all rows behind it


def test_this_machine_has_all_kernels():
    assert VARIANTS, "no kernel objects: build kernels/ or set AGENTC_KERNELS"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_every_family(open_fused, family, variant):
    """Biases, head norms, windows shorter than the text, norms of what is added, both rotary
    tables, an odd vocabulary."""
    forward, weights = open_fused(config_of(family), variant=variant)
    check_numbers(forward.prefill(TOKENS, PAGES), weights, TOKENS)


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_odd_shapes(open_fused, changes):
    forward, weights = open_fused(config_of(**changes))
    check_numbers(forward.prefill(TOKENS[:50], PAGES), weights, TOKENS[:50])


@pytest.mark.parametrize("kind", ["Q4_0", "Q8_0", "Q5_0"])
def test_exact_types(open_fused, kind):
    forward, weights = open_fused(config_of(tied=False), kind)
    check_numbers(forward.prefill(TOKENS, PAGES), weights, TOKENS)


@pytest.mark.parametrize("family", ["llama", "gemma3"])
@pytest.mark.parametrize("variant", fused.variants("i8"))
def test_pages_of_8_bits(open_fused, family, variant):
    forward, weights = open_fused(config_of(family), kv="i8", variant=variant)
    check_numbers(forward.prefill(TOKENS, PAGES), weights, TOKENS, "i8")


@pytest.mark.parametrize(("kv", "variant"), KV_VARIANTS)
@pytest.mark.parametrize("family", ["qwen2", "gemma3"])
def test_rows_are_bitwise_independent(open_fused, family, kv, variant):
    """Chunks, page numbers, company, padding, workers: no bit of a row changes."""
    forward, _ = open_fused(config_of(family), kv=kv, variant=variant)
    whole = forward.prefill(TOKENS, PAGES)
    elsewhere = [30, 21, 17, 25, 29, 11, 13]
    for start in range(0, 100, 13):
        chunk = TOKENS[start : min(start + 13, 100)]
        found = forward.prefill(chunk, elsewhere, start)
        np.testing.assert_array_equal(found, whole[start : start + len(chunk)])
    for position in (0, 15, 16, 22, 99):
        found = forward.prefill(TOKENS[position : position + 1], elsewhere, position)
        np.testing.assert_array_equal(found[0], whole[position])
    check_company(forward, whole, elsewhere)
    for workers in (1, 3):
        forward.set_workers(workers)
        np.testing.assert_array_equal(forward.prefill(TOKENS, PAGES), whole)


def check_company(forward, whole, pages):
    """A decode, a chunk of another text, padding, and a third text in one call."""
    other = [31, 32, 33, 34, 35, 36, 37]
    forward.prefill(TOKENS[:50], other)
    table = [pages, other, [38, 39, 0, 0, 0, 0, 0]]
    tokens = [TOKENS[99], 0, *TOKENS[50:71], 0, *TOKENS[:20]]
    positions = [99, 0, *range(50, 71), 0, *range(20)]
    sequences = [0, -1, *([1] * 21), -1, *([2] * 20)]
    found = forward.step(tokens, positions, sequences, table, [0, *range(2, 23), *range(24, 44)])
    np.testing.assert_array_equal(found[0], whole[99])
    np.testing.assert_array_equal(found[1:22], whole[50:71])
    np.testing.assert_array_equal(found[22:], whole[:20])


@pytest.mark.parametrize("kv", KV_BEST)
def test_shared_pages_written_in_the_same_call(open_fused, kv):
    """Two texts with one prefix: the second reads pages that the first fills in this call."""
    forward, _ = open_fused(config_of(), kv=kv)
    whole = forward.prefill(TOKENS[:60], PAGES)
    branch = [*TOKENS[:32], *TOKENS[70:80]]
    alone = forward.prefill(branch, [20, 21, 22])
    table = [[30, 31, 32, 33], [30, 31, 34, 0]]
    tokens = [*TOKENS[:60], *branch[32:]]
    positions, sequences = [*range(60), *range(32, 42)], [0] * 60 + [1] * 10
    found = forward.step(tokens, positions, sequences, table, range(70))
    np.testing.assert_array_equal(found[:60], whole)
    np.testing.assert_array_equal(found[60:], alone[32:])


@pytest.mark.parametrize("kv", KV_BEST)
def test_other_pages_are_left_alone(open_fused, kv):
    forward, _ = open_fused(config_of(), kv=kv)
    before = forward.array(forward.pool)
    tokens, positions, sequences = [*TOKENS[:20], 0, 0], [*range(20), 0, 0], [0] * 20 + [-1] * 2
    forward.step(tokens, positions, sequences, [[4, 6]], [0])
    after = forward.array(forward.pool)
    others = np.delete(np.arange(len(before)), [4, 6])
    assert before[others].tobytes() == after[others].tobytes()
    assert before[[4, 6]].tobytes() != after[[4, 6]].tobytes()


def test_no_copy_is_left_in_the_program(tmp_path):
    weights = fused.weights_of(tmp_path, config_of("gemma3"))
    program, objects = fused.emitted(weights)
    text = program.module.text()
    assert copies.copies(iree.stream_text(text, HOST, objects)) == []
    borrowed = text.replace("hal.tensor.import consume ", "hal.tensor.import ")
    assert copies.copies(iree.stream_text(borrowed, HOST, objects))


def test_one_call_a_layer(tmp_path):
    weights = fused.weights_of(tmp_path, config_of(layers=3))
    files = {f: KernelFile(f, "elf") for f in fused_decoder.families("f16")}
    text = fused_decoder.emit_fused(weights.config, weights.forms, files).module.text()
    assert text.count("flow.dispatch @") == 2 + 3
    assert "linalg" not in text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"d_model": 52}, "d_model is 52, expected a multiple of 32"),
        ({"ffn": 70}, "ffn is 70, expected a multiple of 32"),
        ({"ffn": 52384}, "ffn is 52384, expected at most 52352"),
        ({"head_dim": 24}, "head_dim is 24, expected a multiple of 16 up to 256"),
        ({"head_dim": 272}, "head_dim is 272"),
        ({"heads": 3, "kv_heads": 1}, "heads . head_dim is 48"),
        ({}, ""),
    ],
)
def test_shapes_that_the_kernels_do_not_take(changes, reason):
    assert re.match(reason, fused_decoder.refusal(config_of(**changes)))
    assert bool(reason) == bool(fused_decoder.refusal(config_of(**changes)))


def test_unknown_pages_are_refused(tmp_path):
    weights = fused.weights_of(tmp_path, config_of())
    with pytest.raises(CompileError, match="format of kv pages 'f8'"):
        fused_decoder.emit_fused(weights.config, weights.forms, {}, "f8")
