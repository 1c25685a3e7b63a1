"""SmolLM2-135M-Instruct as built: numbers, text, and what the plan is told."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from agentc import models
from agentc.codegen import copies, iree
from agentc.models import builder, gguf_decoder
from agentc.models.decoder import emit_decoder
from agentc.models.gguf_file import GgufFile

from .conftest import HOST, kernel_objects
from .harness import Forward, decoder_reference

PROMPT = "What is the capital of France? Answer in one sentence."


@pytest.fixture(scope="module")
def forward(smol):
    session = Forward(smol.vmfb, smol.archive.path, smol.page_shape, pages=64)
    yield session
    session.close()


@pytest.fixture(scope="module")
def tokenizer(smol):
    return Tokenizer.from_str(smol.tokenizer_json)


def chat_tokens(smol, tokenizer, text):
    c = smol.chat
    system = c.begin["system"] + c.default_system + c.end["system"]
    turn = c.begin["user"] + text + c.end["user"] + c.begin["assistant"]
    return tokenizer.encode(system + turn, add_special_tokens=False).ids


def test_logits_match_float64_teacher_forced(smol, tokenizer, forward):
    """32 tokens one at a time, each step's logits within 1e-3 of the reference."""
    tokens = chat_tokens(smol, tokenizer, PROMPT)[:32]
    weights = gguf_decoder.from_gguf(GgufFile(models.resolve("smollm2-135m-instruct").path))
    expected = decoder_reference(weights.config, weights.array, tokens)
    found = np.stack(
        [forward.prefill([t], [1, 2], position)[0] for position, t in enumerate(tokens)]
    )
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_array_equal(found.argmax(-1), expected.argmax(-1))
    np.testing.assert_array_equal(forward.prefill(tokens, [3, 4]), found)


def test_long_prompt_in_chunks_has_the_same_bits(forward):
    tokens = np.random.default_rng(0).integers(100, 40000, 300).tolist()
    pages = list(range(5, 30))
    whole = forward.prefill(tokens, pages, rows=[299])
    for start, end in ((0, 128), (128, 256), (256, 299), (299, 300)):
        found = forward.prefill(tokens[start:end], pages, start, rows=[end - start - 1])
    np.testing.assert_array_equal(found, whole)


def test_answers_a_question(smol, tokenizer, forward):
    tokens = chat_tokens(smol, tokenizer, PROMPT)
    pages, answer = list(range(1, 12)), []
    logits = forward.prefill(tokens, pages, rows=[len(tokens) - 1])
    while (token := int(logits[0].argmax())) not in smol.chat.end_tokens and len(answer) < 24:
        logits = forward.prefill([token], pages, len(tokens) + len(answer))
        answer.append(token)
    assert "Paris" in tokenizer.decode(answer)


def test_no_step_copies_the_pool():
    """The stream form of the real program has no copy of unknown size, nor one of a page."""
    source = models.resolve("smollm2-135m-instruct")
    program = builder._load(source).emit(HOST, "f32", "")
    assert program.objects, "expected the kernels in use"
    stream = iree.stream_text(program.module.text(), HOST, program.objects)
    page_bytes = 4 * int(np.prod(program.page_shape))
    assert copies.cache_sized_copies(stream, page_bytes) == []


def test_generic_program_copies_no_pool_either():
    from .conftest import tiny_decoder

    config, _ = tiny_decoder()
    from agentc.models.generic_attention import GenericAttention

    text = emit_decoder(config, GenericAttention).module.text()
    assert copies.cache_sized_copies(iree.stream_text(text, HOST), 4096) == []
    borrowed = text.replace("hal.tensor.import consume ", "hal.tensor.import ")
    assert copies.cache_sized_copies(iree.stream_text(borrowed, HOST), 4096)


def test_plan_records(smol):
    binary = smol.binary("models/smol/cpu.vmfb")
    assert (binary.entry, binary.page_tokens, binary.page_dtype) == ("forward", 16, "f32")
    assert binary.has_set_workers == bool(kernel_objects())
    assert smol.parameters().size_bytes == smol.archive.path.stat().st_size
    assert smol.dims["params"] == 134_515_008
    assert smol.dims == models.dims(models.resolve("smollm2-135m-instruct"))
    assert smol.notes == ()
