"""The same `forward` for every GPU: that it compiles, and that the generated code is right where
this machine can run it (the processor)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from agentc.codegen import iree
from agentc.codegen.targets import TargetSpec
from agentc.errors import ModelFormatError
from agentc.models import bert, decoder_build
from agentc.models.linear import half_reader

from . import tiny
from .conftest import HOST
from .harness import Forward, decoder_reference
from .plain_programs import DTYPES, ERRORS, PRECISIONS, archive_of, emit

TARGETS = [
    *(TargetSpec("cuda", arch) for arch in ("sm_80", "sm_86", "sm_89", "sm_90", "sm_120")),
    *(TargetSpec("hip", arch) for arch in ("gfx942", "gfx950", "gfx1100")),
    *(TargetSpec("vulkan", arch) for arch in ("", "ampere", "rdna3")),
    TargetSpec("metal"),
]
SIZES = {"d_model": 576, "heads": 9, "kv_heads": 3, "head_dim": 64, "ffn": 1536, "vocab": 49152}
"""Of SmolLM2-135M: what compiles depends on them."""
ONE_OF_EACH = [TargetSpec("cuda", "sm_89"), TargetSpec("hip", "gfx1100"), *TARGETS[-4::3]]
PLAIN = [*ONE_OF_EACH, *TARGETS[-3:-1]]


def name_of(value: object) -> str:
    if isinstance(value, TargetSpec):
        return f"{value.driver} {value.arch}".strip()
    return str(value)


@pytest.mark.parametrize(
    ("precision", "target"),
    [*(("f16", t) for t in TARGETS if t.driver != "vulkan"), *(("f32", t) for t in PLAIN)],
    ids=name_of,
)
def test_a_decoder_compiles(precision, target):
    program = emit(tiny.decoder_config(**SIZES), precision)
    assert iree.compile(program.module.text(), target).path.stat().st_size > 10_000


@pytest.mark.parametrize("target", ONE_OF_EACH[1:], ids=name_of)
def test_windows_and_norms_of_gemma_compile(target):
    program = emit(tiny.family_config("gemma3", d_model=64, ffn=96), "f32")
    assert iree.compile(program.module.text(), target).path.is_file()


@pytest.mark.parametrize("target", ONE_OF_EACH, ids=name_of)
def test_cross_encoders_compile(target):
    sizes = {"d_model": 384, "heads": 12, "ffn": 1536, "vocab": 30522, "context": 512}
    module = bert.emit_bert(tiny.bert_config(**sizes, output="score", token_types=2))
    assert iree.compile(module.text(), target).path.is_file()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("pages", [1, 8, 11])
def test_generated_attention_at_the_ends_of_chunks(precision, pages):
    """Values are summed in chunks of eight pages; the table need not fill the last one."""
    config = tiny.decoder_config()
    weights = tiny.decoder_weights(config)
    program = emit(config, precision)
    binary = iree.compile(program.module.text(), HOST)
    archive = archive_of(program.module, weights)
    shape, dtype = program.page_shape, DTYPES[precision]
    forward = Forward(binary.path, archive.path, shape, 20, np.nan, dtype=dtype)
    tokens = np.random.default_rng(pages).integers(0, config.vocab, pages * 16 - 3).tolist()
    table = (1 + np.random.default_rng(1).permutation(19)[:pages]).tolist()
    found = forward.prefill(tokens, table)
    if pages > 1:  # the last tokens again, in a wider batch
        again = forward.prefill(tokens[20:], table, start=20)
        np.testing.assert_array_equal(again, found[20:])
    forward.close()
    expected = decoder_reference(config, weights.__getitem__, tokens)
    np.testing.assert_allclose(found, expected, atol=ERRORS[precision])


def test_half_matrices_refuse_what_f16_cannot_hold():
    weights = {"head": np.array([[1.0, 7e4]], np.float32)}
    read = half_reader(weights.__getitem__)
    with pytest.raises(ModelFormatError, match="'head' holds values beyond the range of f16"):
        read("head.f16")
    assert read("head").dtype == np.float32


def test_gpus_offer_f16_to_those_who_ask():
    """But not on vulkan."""

    class Weights:
        config = dataclasses.replace(tiny.decoder_config(), d_model=64, ffn=96)

        def matrix_parts(self, name):
            return []

    for target in (TargetSpec("cuda"), TargetSpec("metal")):
        offered = decoder_build.precisions(Weights(), target, "tiny")
        assert list(offered.footprints) == ["f16", "f32"] and offered.default == "f32"
        half, full = offered.footprints["f16"], offered.footprints["f32"]
        assert full.weight_bytes == 2 * half.weight_bytes
        assert full.kv_token_bytes == 2 * half.kv_token_bytes
    offered = decoder_build.precisions(Weights(), TargetSpec("vulkan"), "tiny")
    assert list(offered.footprints) == ["f32"]
