"""Packing weights: exact types keep every bit, the others stay within half a step."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize
from hypothesis import given, settings
from hypothesis import strategies as st

from agentc.errors import ModelFormatError
from agentc.models import gguf_decoder, safetensors_decoder
from agentc.models.gguf_file import GgufFile
from agentc.models.panels import (
    PANEL,
    Quantised,
    dequantise,
    pack_panels,
    panels_shape,
    unpack_panels,
)
from agentc.models.quantise import narrowest_form, quantise, round_to_q4, round_to_q8
from agentc.models.quantised_weights import QuantisedWeights
from agentc.models.safetensors_folder import SafetensorsFolder

from . import tiny, tiny_folders

EXACT = [("Q4_0", "q4"), ("Q4_0", "q8"), ("Q4_1", "q4"), ("Q5_0", "q8"), ("Q8_0", "q8")]
K_BLOCKS = {"Q4_K": 144, "Q5_K": 176, "Q6_K": 210}
SIZES = {"d_model": 64, "ffn": 96, "head_dim": 16, "heads": 6, "kv_heads": 2, "vocab": 61}


def matrix(rows: int, inputs: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, inputs)).astype(np.float32)


def stored(kind: str, rows: int, inputs: int) -> np.ndarray:
    """Rows of a file type that gguf cannot write: random bits, small scales."""
    rng = np.random.default_rng(2)
    blocks = rng.integers(0, 256, (rows * inputs // 256, K_BLOCKS[kind]), np.uint8)
    at = [208] if kind == "Q6_K" else [0, 2]
    for offset in at:
        scale = rng.uniform(1e-4, 1e-3, len(blocks)).astype(np.float16)
        blocks[:, offset : offset + 2] = scale[:, None].view(np.uint8)
    return blocks.reshape(rows, -1)


@pytest.mark.parametrize(("kind", "form"), EXACT)
@pytest.mark.parametrize("rows", [1, 16, 37])
def test_exact_types_keep_every_bit(kind, form, rows):
    raw = quantize(matrix(rows, 96), gguf.GGMLQuantizationType[kind])
    if kind == "Q8_0":
        raw[0, 2] = 128  # a code of -128, which our own rounding never gives
    expected = dequantize(raw, gguf.GGMLQuantizationType[kind])
    panels = pack_panels(quantise(kind, raw, form))
    assert panels.dtype == np.int8 and panels.shape == panels_shape(rows, 96, form)
    found = dequantise(unpack_panels(panels, rows))
    np.testing.assert_array_equal(found, expected)  # but for the sign of zero, the same bits
    padding = dequantise(unpack_panels(panels, panels.shape[0] * PANEL))[rows:]
    np.testing.assert_array_equal(padding, 0)


def test_q4_k_rounds_only_its_scales():
    raw = stored("Q4_K", 5, 512)
    expected = dequantize(raw, gguf.GGMLQuantizationType.Q4_K)
    rows = quantise("Q4_K", raw, "q4")
    found = dequantise(rows)
    # code * scale and minimum are each off by half a unit of f16
    most = 15 * np.abs(rows.scales.astype(np.float32)) + np.abs(rows.minima.astype(np.float32))
    bound = np.repeat(most * 2.0**-11 + 2.0**-24, 32, axis=1)
    assert np.all(np.abs(found - expected) <= bound)
    assert np.abs(found - expected).max() > 0


ROUNDED = [(k, f) for k in ("Q5_1", "Q5_K", "Q6_K", "F16", "BF16", "F32") for f in ("q4", "q8")]


@pytest.mark.parametrize(("kind", "form"), [*ROUNDED, ("Q4_1", "q8"), ("Q4_K", "q8")])
def test_other_types_are_within_half_a_step(kind, form):
    raw = stored(kind, 3, 512) if kind in K_BLOCKS else matrix(3, 512)
    if kind not in (*K_BLOCKS, "F32"):
        raw = quantize(raw, gguf.GGMLQuantizationType[kind])
    expected = raw if kind == "F32" else dequantize(raw, gguf.GGMLQuantizationType[kind])
    check_half_step(quantise(kind, raw.view(np.uint8), form), expected.reshape(3, -1))


def check_half_step(rows: Quantised, expected: np.ndarray) -> None:
    """Every weight is within half a step; the step is no more than the group's range needs."""
    step = rows.scales.astype(np.float64)
    error = np.abs(dequantise(rows).astype(np.float64) - expected).reshape(*step.shape, 32)
    assert np.all(error <= step[..., None] * (0.5 + 1e-5) + np.abs(expected).max() * 1e-7)
    groups = expected.reshape(*step.shape, 32).astype(np.float64)
    need = (
        np.abs(groups).max(-1) / 127
        if rows.form == "q8"
        else (groups.max(-1) - groups.min(-1)) / 15 + np.abs(groups).max(-1) * 2.0**-10 / 15
    )
    assert np.all(step <= need * (1 + 2.0**-9) + 2.0**-23)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-7, 1e-5, 1e-3, 1.0, 100.0]),
    st.sampled_from([0.0, -5.0, 0.3]),
)
def test_rounding_holds_its_bound_at_any_magnitude(seed, size, shift):
    values = (matrix(2, 64, seed) + shift) * np.float32(size)
    check_half_step(round_to_q8(values), values)
    check_half_step(round_to_q4(values), values)


@pytest.mark.parametrize("form", ["q4", "q8"])
def test_zeros_and_constants(form):
    values = np.zeros((2, 32), np.float32)
    values[1] = 0.5
    found = dequantise(quantise("F32", values, form))
    np.testing.assert_array_equal(found[0], 0)
    np.testing.assert_allclose(found[1], 0.5, rtol=1e-3)


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e9])
@pytest.mark.parametrize("form", ["q4", "q8"])
def test_values_that_are_no_weights_are_refused(value, form):
    values = matrix(2, 64)
    values[1, 5] = value
    with pytest.raises(ModelFormatError, match="not finite, or beyond the range of f16"):
        quantise("F32", values, form)
    raw = quantize(matrix(2, 64), gguf.GGMLQuantizationType.Q8_0)
    raw[0, :2] = np.array([np.inf], np.float16).view(np.uint8)
    with pytest.raises(ModelFormatError, match="not finite"):
        quantise("Q8_0", raw, "q8")


def test_forms_are_as_narrow_as_the_file():
    narrow = {k for k in [*K_BLOCKS, "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "F32", "F16", "BF16"]
              if narrowest_form(k, precise=False) == "q4"}  # fmt: skip
    assert narrow == {"Q4_0", "Q4_1", "Q4_K", "F32", "F16", "BF16"}
    assert narrowest_form("F16", precise=True) == "q8"
    assert narrowest_form("Q4_K", precise=True) == "q4"


def model(tmp_path, kind="F32", precision="i4", **changes):
    config = tiny.decoder_config(**{**SIZES, **changes})
    weights = tiny.decoder_weights(config)
    tiny.write_gguf(tmp_path / "tiny.gguf", config, weights, kind)
    read = gguf_decoder.from_gguf(GgufFile(tmp_path / "tiny.gguf"))
    return QuantisedWeights(read, precision), read


def test_parameters_of_a_model(tmp_path):
    """Fused, permuted and padded: every matrix in panels stands for the file's values."""
    quantised, read = model(tmp_path, "Q4_1")
    for name, form in quantised.forms.items():
        expected = read.array(name)
        panels = quantised.array(f"{name}.{form}")
        assert panels.shape == panels_shape(*expected.shape, form)
        if name.endswith("gate_up"):
            gate, up = np.split(expected, 2)
            tiles = zip(gate.reshape(-1, PANEL, 64), up.reshape(-1, PANEL, 64), strict=True)
            expected = np.concatenate([half for pair in tiles for half in pair])
        found = dequantise(unpack_panels(panels, len(expected)))
        np.testing.assert_array_equal(found, expected, err_msg=name)
    np.testing.assert_array_equal(quantised.array("final_norm"), read.array("final_norm"))
    assert quantised.array("rope.cos").dtype == np.float32


def test_forms_of_a_model(tmp_path):
    quantised, _ = model(tmp_path, "F16", tied=False)
    assert {n for n, form in quantised.forms.items() if form == "q8"} == {"embed", "head"}
    assert {*model(tmp_path, "Q4_0", "i8")[0].forms.values()} == {"q8"}
    assert {*model(tmp_path, "Q5_0")[0].forms.values()} == {"q8"}


def test_mixed_parts_take_the_wider_form(tmp_path):
    quantised, read = model(tmp_path, "Q4_1")
    kinds = {"blk.1.attn_v.weight": "Q8_0"}
    original = read.file.stored_type
    read.file.stored_type = lambda name: kinds.get(name, original(name))
    mixed = QuantisedWeights(read, "i4")
    assert mixed.forms["layers.1.qkv"] == "q8"
    assert mixed.forms["layers.0.qkv"] == quantised.forms["layers.0.qkv"] == "q4"


def test_head_norms_are_one_parameter(tmp_path):
    _, read = model(tmp_path)
    read.array = {
        "layers.1.q_norm": np.ones(16, np.float32),
        "layers.1.k_norm": np.zeros(16, np.float32),
    }.__getitem__
    both = QuantisedWeights(read, "i4").array("layers.1.head_norm")
    np.testing.assert_array_equal(both, [[1] * 16, [0] * 16])


def test_folders_have_the_same_panels(tmp_path):
    quantised, _ = model(tmp_path)
    config = tiny.decoder_config(**SIZES)
    tiny_folders.write_decoder_folder(tmp_path / "folder", config, tiny.decoder_weights(config))
    folder = safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path / "folder"))
    other = QuantisedWeights(folder, "i4")
    assert other.forms == quantised.forms
    for name, form in quantised.forms.items():
        key = f"{name}.{form}"
        np.testing.assert_array_equal(other.array(key), quantised.array(key))


def test_damage_names_the_tensor(tmp_path):
    quantised, read = model(tmp_path)
    rows = read.file.stored_rows("blk.0.ffn_down.weight", (64, 96)).copy()
    rows[3] = 255
    read.file.stored_rows = lambda name, shape: rows
    with pytest.raises(ModelFormatError, match=r"tiny\.gguf: tensor 'blk\.0\.ffn_down\.weight'"):
        quantised.array("layers.0.down.q4")
