"""SmolLM2-135M-Instruct in i4, as agentc runs it by default: numbers, text, bits, memory."""

from __future__ import annotations

import contextlib
import itertools

import numpy as np
import pytest
from tokenizers import Tokenizer

from agentc import models
from agentc.codegen import copies, iree
from agentc.models import builder, fused_decoder, gguf_decoder
from agentc.models.gguf_file import GgufFile

from . import fused
from .conftest import HOST
from .harness import Forward, decoder_reference

NAME = "smollm2-135m-instruct"
TEXT = (
    "<|im_start|>user\nWhat is the capital of France? Answer in one sentence.<|im_end|>\n"
    "<|im_start|>assistant\nThe capital of France is Paris.<|im_end|>"
)
KV = [kv for kv in fused_decoder.KV_DTYPES if fused.variants(kv)]


@pytest.fixture(scope="module", params=KV)
def built(request):
    return models.build(models.resolve(NAME), "local-task", kv=request.param)


@pytest.fixture(scope="module")
def forward(built):
    dtype = fused.DTYPES[built.page_dtype]
    shape, pages = built.page_shape, 64
    opened = Forward(built.vmfb, built.archive.path, shape, pages, fill=np.nan, dtype=dtype)
    with contextlib.closing(opened):
        yield opened


@pytest.fixture(scope="module")
def tokens(built):
    return Tokenizer.from_str(built.tokenizer_json).encode(TEXT).ids


@pytest.fixture(scope="module")
def expected(tokens):
    weights = gguf_decoder.from_gguf(GgufFile(models.resolve(NAME).path))
    return decoder_reference(weights.config, weights.array, tokens)


def test_teacher_forced_logits(forward, tokens, expected):
    """Against float64 on the file's dequantised weights. What is lost is 8-bit activations (and
    keys and values): 1.5 at worst in logits that span 40. Where the reference is sure of its
    token, by more than twice the usual error, the program says the same."""
    found = np.stack([forward.prefill([t], [1, 2, 3], at)[0] for at, t in enumerate(tokens)])
    error = found - expected
    assert np.abs(error).max() < 2.5
    assert np.sqrt((error**2).mean()) < 0.5
    best = np.sort(expected, axis=-1)[:, -2:]
    sure = best[:, 1] - best[:, 0] > 0.7
    assert sure.sum() > len(tokens) / 2
    np.testing.assert_array_equal(found.argmax(-1)[sure], expected.argmax(-1)[sure])
    np.testing.assert_array_equal(forward.prefill(tokens, [4, 5, 6]), found)


def test_a_long_prompt_in_chunks_and_with_any_workers_has_the_same_bits(forward):
    tokens = np.random.default_rng(0).integers(100, 40000, 300).tolist()
    whole = forward.prefill(tokens, list(range(5, 30)), rows=[127, 299])
    pages = np.random.default_rng(1).permutation(np.arange(30, 60)).tolist()
    for workers, chunk in ((1, 128), (3, 100), (2, 299)):
        forward.set_workers(workers)
        for start, end in itertools.pairwise([*range(0, 300, chunk), 300]):
            found = forward.prefill(tokens[start:end], pages, start, rows=[end - start - 1])
        np.testing.assert_array_equal(found[0], whole[1])


def test_answers_a_question(built, forward, tokens):
    tokenizer = Tokenizer.from_str(built.tokenizer_json)
    question, answer = tokens[: tokens.index(built.chat.end_tokens[0]) + 1], []
    question = [*question, *tokenizer.encode("\n<|im_start|>assistant\n").ids]
    pages = list(range(1, 12))
    logits = forward.prefill(question, pages, rows=[len(question) - 1])
    while (token := int(logits[0].argmax())) not in built.chat.end_tokens and len(answer) < 24:
        logits = forward.prefill([token], pages, len(question) + len(answer))
        answer.append(token)
    assert "Paris" in tokenizer.decode(answer)


def test_the_archive_holds_what_is_read(built):
    """The panels are the file's own bits; beside them norms and rotary tables."""
    (offered,) = models.precisions(models.resolve(NAME), [HOST])
    tables = 2 * 4 * built.dims["context"] * built.dims["head_dim"] // 2
    assert (built.precision, built.notes) == ("i4", ())
    extra = built.archive.size_bytes - offered.footprints["i4"].weight_bytes - tables
    assert 0 <= extra < 100_000
    file_bytes = models.resolve(NAME).path.stat().st_size
    assert offered.footprints["i4"].weight_bytes < file_bytes


def test_no_step_copies_anything(built):
    program = builder._load(models.resolve(NAME)).emit(HOST, "i4", built.page_dtype)
    assert copies.copies(iree.stream_text(program.module.text(), HOST, program.objects)) == []
