"""The encoder: order kept, batches of similar length, the same bits in any company."""

import asyncio
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.errors import ModelFormatError, PackageError, RuntimeFault
from agentc.plan import Device
from agentc.runtime.backends.encoder import Encoder
from agentc.runtime.backends.encoder_program import (
    EncoderProgram,
    length_buckets,
    ragged_batches,
)
from agentc.runtime.engine import open_encoder

TEXTS = [
    "A cat sits on the mat.",
    "The capital of France is Paris, a city with a long history and many museums.",
    "x",
    "A kitten is lying on a rug.",
    "word " * 60,
]


@given(st.lists(st.integers(1, 512), max_size=60))
def test_buckets_cover_all_and_stay_in_bounds(lengths):
    buckets = length_buckets(lengths, 1024)
    assert sorted(i for bucket in buckets for i in bucket) == list(range(len(lengths)))
    for bucket in buckets:
        longest, shortest = max(lengths[i] for i in bucket), min(lengths[i] for i in bucket)
        assert len(bucket) == 1 or len(bucket) * longest <= 1024
        assert longest <= 2 * shortest + 16


@given(st.lists(st.integers(1, 512), max_size=60))
def test_ragged_batches_keep_order_and_bounds(lengths):
    batches = ragged_batches(lengths, 1024)
    assert [i for batch in batches for i in batch] == list(range(len(lengths)))
    sizes = [sum(lengths[i] for i in batch) for batch in batches]
    assert all(size <= 1024 for size in sizes)
    merged = (a + lengths[b[0]] for a, b in zip(sizes, batches[1:], strict=False))
    assert all(size > 1024 for size in merged)  # none is cut too early


class RecordedModule:
    """Stands for a compiled module whose result is the sum of a text's tokens and types."""

    def __init__(self, functions=()):
        self.functions = functions
        self.calls = []

    def upload(self, array):
        return array

    def read(self, result):
        return result

    def invoke(self, function, arguments, results):
        self.calls.append((function, arguments))
        if function == "set_workers":
            return []
        *tables, last = arguments
        both = np.sum(tables, axis=0)
        if function.endswith("_ragged"):
            cut = [both[a:b].sum() for a, b in itertools.pairwise(last)]
            return [np.array(cut, np.float32)]
        assert all(not row[n:].any() for row, n in zip(both, last, strict=True))
        return [both.sum(1).astype(np.float32)]


@pytest.mark.parametrize("entry", ["score", "score_ragged"])
def test_both_forms_give_every_text_its_own_result(entry):
    rng = np.random.default_rng(0)
    lengths = [*rng.integers(1, 512, 40), 0]
    tokens = [rng.integers(0, 1000, n).tolist() for n in lengths]
    types = [rng.integers(0, 2, n).tolist() for n in lengths]
    module = RecordedModule()
    program = EncoderProgram(module, entry, vocabulary=1000)
    expected = [sum(ids) + sum(kinds) for ids, kinds in zip(tokens, types, strict=True)]
    np.testing.assert_array_equal(program.run(tokens, types), expected)
    assert len(module.calls) > 1 and all(call[0] == entry for call in module.calls)
    np.testing.assert_array_equal(program.run(tokens), [sum(ids) for ids in tokens])


def test_workers_are_set_where_the_program_asks():
    module = RecordedModule(functions=("encode_ragged", "set_workers"))
    EncoderProgram(module, "encode_ragged", vocabulary=9, workers=3)
    assert module.calls == [("set_workers", [3])]


def test_tokens_that_the_model_does_not_have():
    program = EncoderProgram(RecordedModule(), "score_ragged", vocabulary=9)
    with pytest.raises(RuntimeFault, match=r"token out of range: found 0\.\.9, expected 0\.\.8"):
        program.run([[0, 9]])
    with pytest.raises(RuntimeFault, match=r"token type out of range: found 0\.\.2"):
        program.run([[0, 1]], [[0, 2]])


@pytest.fixture(scope="module")
def encoder(minilm, cpu):
    opened = open_encoder(
        minilm.model,
        minilm.device,
        cpu,
        vmfb=minilm.vmfb,
        parameters=minilm.parameters,
        tokenizer=minilm.tokenizer,
    )
    yield opened
    opened.close()
    with pytest.raises(RuntimeFault, match="the encoder is closed"):
        asyncio.run(opened.encode(["late"]))


def test_order_and_company(encoder):
    async def main():
        together = await encoder.encode(TEXTS)
        apart = await asyncio.gather(*(encoder.encode([text]) for text in TEXTS))
        assert (together == np.concatenate(apart)).all()
        assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
        likeness = together @ together[0]
        assert likeness[3] > max(likeness[1], likeness[2], likeness[4])

    asyncio.run(main())


def test_no_texts_and_too_long_texts(encoder, minilm):
    async def main():
        assert (await encoder.encode([])).shape == (0, minilm.model.dims["embedding_dim"])
        assert np.isfinite(await encoder.encode(["long " * 1000])).all()

    asyncio.run(main())


def test_a_model_without_a_binary_for_the_device(minilm, cpu):
    other = Device("gpu", "gpu", "vulkan", count=1, memory_bytes=1)
    with pytest.raises(PackageError, match="is not compiled for 'gpu', only for cpu"):
        open_encoder(
            minilm.model,
            other,
            cpu,
            vmfb=minilm.vmfb,
            parameters=minilm.parameters,
            tokenizer=minilm.tokenizer,
        )


def test_a_damaged_tokenizer(minilm, cpu, tmp_path):
    (tmp_path / "bad.json").write_text("[]")
    module = cpu.load(minilm.vmfb, minilm.parameters)
    program = EncoderProgram(module, "encode_ragged", vocabulary=30522)
    with pytest.raises(ModelFormatError, match="cannot read the tokenizer"):
        Encoder(program, tmp_path / "bad.json", context_tokens=512, dimension=384)
