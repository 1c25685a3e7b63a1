"""The encoder: order kept, batches of similar length, the same bits in any company."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.errors import ModelFormatError, PackageError, RuntimeFault
from agentc.plan import Device
from agentc.runtime.backends.encoder import Encoder, length_buckets
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
    with pytest.raises(ModelFormatError, match="cannot read the tokenizer"):
        Encoder(module, tmp_path / "bad.json", context_tokens=512, dimension=384)
