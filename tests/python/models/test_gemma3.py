"""Gemma 3 270M from its published file: numbers, windows, tokenizer, sizes.

The file's weights are real; the programs read the first rows of its vocabulary only, so that the
float64 reference takes seconds.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest
from tokenizers import Tokenizer

from agentc import models
from agentc.models import gguf_decoder, gguf_tokenizer
from agentc.models.gguf_file import GgufFile

from .conftest import kernel_objects
from .harness import decoder_reference

VOCAB = 16384
TEXT = "The capital of France is Paris and the capital of Germany is"


class Cut:
    """The published model with fewer tokens, and maybe fewer layers."""

    def __init__(self, layers: int) -> None:
        self.weights = gguf_decoder.from_gguf(GgufFile(models.resolve("gemma3-270m").path))
        c = self.weights.config
        self.config = replace(c, vocab=VOCAB, layers=layers, windows=c.windows[:layers])

    @cached_property
    def _embed(self) -> np.ndarray:
        return self.weights.array("embed")[:VOCAB].copy()

    def __getitem__(self, name: str) -> np.ndarray:
        return self._embed if name == "embed" else self.weights.array(name)

    def items(self):
        """What identifies the weights; stands in for the arrays."""
        yield f"gemma3-270m, {VOCAB} tokens", np.zeros(1, np.float32)


@pytest.fixture(scope="module")
def words():
    """The tokenizer of the file."""
    source = gguf_tokenizer.from_gguf(GgufFile(models.resolve("gemma3-270m").path))
    return Tokenizer.from_str(source.json)


@pytest.fixture(scope="module")
def tokens(words):
    return [2, *words.encode(TEXT, add_special_tokens=False).ids]


def test_config_is_what_the_model_card_says():
    config = Cut(18).weights.config
    assert config.windows == ((512,) * 5 + (0,)) * 3
    assert (config.rope_base, config.local_rope_base) == (1e6, 1e4)
    assert (config.heads, config.kv_heads, config.head_dim, config.tied) == (4, 1, 256, True)
    assert config.query_scale == 256**-0.5 and config.embedding_scale == 640**0.5
    assert models.dims(models.resolve("gemma3-270m"))["params"] == 268_098_176


def test_logits_match_float64_teacher_forced(open_decoder, words, tokens):
    cut = Cut(18)
    forward = open_decoder(cut.config, cut, next(iter(kernel_objects().values()), None), pages=8)
    expected = decoder_reference(cut.config, cut.__getitem__, tokens)
    found = np.stack([forward.prefill([t], [3, 1], at)[0] for at, t in enumerate(tokens)])
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_array_equal(found.argmax(-1), expected.argmax(-1))
    np.testing.assert_array_equal(forward.prefill(tokens, [5, 6]), found)
    assert words.decode([int(found[-1].argmax())]) == " Berlin"


def test_the_windows_of_512_are_felt(open_decoder):
    """Six layers, the last of which sees all keys, over 530 tokens."""
    cut = Cut(6)
    forward = open_decoder(cut.config, cut, next(iter(kernel_objects().values()), None), pages=40)
    text = np.random.default_rng(0).integers(300, VOCAB, 530).tolist()
    rows = [511, 512, 529]
    found = forward.prefill(text, list(range(1, 35)), rows=rows)
    expected = decoder_reference(cut.config, cut.__getitem__, text, rows)
    np.testing.assert_allclose(found, expected, atol=2e-3)
