"""The plain programs on a Vulkan device, where there is one (Mesa's software device counts)."""

from __future__ import annotations

import iree.runtime as runtime
import numpy as np
import pytest

from agentc.codegen import iree
from agentc.codegen.targets import TargetSpec
from agentc.models.bert import emit_bert

from . import tiny
from .harness import Forward, Session, bert_reference, decoder_reference
from .plain_programs import ERRORS, archive_of, emit


def has_vulkan() -> bool:
    try:
        runtime.get_device("vulkan", cache=False)
    except (RuntimeError, ValueError):
        return False
    return True


pytestmark = pytest.mark.skipif(
    not has_vulkan(),
    reason="this machine has no vulkan device: install mesa-vulkan-drivers to run these tests",
)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_mixed_batch(family):
    config = tiny.family_config(family)
    weights = tiny.decoder_weights(config)
    program = emit(config, "f32")
    binary = iree.compile(program.module.text(), TargetSpec("vulkan"))
    archive = archive_of(program.module, weights)
    shape = program.page_shape
    forward = Forward(binary.path, archive.path, shape, 24, np.nan, "vulkan")
    tokens = np.random.default_rng(0).integers(0, config.vocab, 60).tolist()
    first, second = tokens[:40], tokens[:16] + tokens[45:60]
    table = [[9, 4, 7], [9, 16, 3]]
    forward.prefill(first[:39], table[0])
    found = forward.step(
        [first[39], *second[16:]], [39, *range(16, 31)], [0] + [1] * 15, table, [0, 15]
    )
    forward.close()
    for logits, sequence in zip(found, (first, second), strict=True):
        expected = decoder_reference(config, weights.__getitem__, sequence)[-1]
        np.testing.assert_allclose(logits, expected, atol=ERRORS["f32"])


def test_encoder():
    config = tiny.bert_config()
    weights = tiny.bert_weights(config)
    module = emit_bert(config)
    binary = iree.compile(module.text(), TargetSpec("vulkan"))
    session = Session(binary.path, archive_of(module, weights).path, "encode", "vulkan")
    rows = np.random.default_rng(1).integers(0, config.vocab, (3, 20)).astype(np.int32)
    lengths = np.array([20, 7, 1], np.int32)
    (found,) = session.run([rows, lengths], 1)
    session.close()
    expected = [
        bert_reference(config, weights.__getitem__, row[:n].tolist())
        for row, n in zip(rows, lengths, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)
