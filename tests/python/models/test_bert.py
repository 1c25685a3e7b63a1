"""Encoders against a float64 reference: a random one, and MiniLM."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from agentc import models
from agentc.codegen import iree, pack, store
from agentc.models import bert, bert_weights, linear
from agentc.models.safetensors_folder import SafetensorsFolder

from . import tiny
from .conftest import HOST, kernel_objects
from .harness import Session, bert_reference

TEXTS = (
    "Paris is the capital of France.",
    "What city is the seat of the French government?",
    "def add(a, b): return a + b  # Größe 北京",
)


def encode(session: Session, rows: list[list[int]], width: int) -> np.ndarray:
    tokens = np.zeros((len(rows), width), np.int32)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = row
    lengths = np.array([len(r) for r in rows], np.int32)
    return session.run([tokens, lengths], 1)[0]


@pytest.fixture(scope="module", params=["plain", *kernel_objects()])
def random_encoder(request):
    kernel = kernel_objects().get(request.param)
    # Widths of 48 and 80 fit the kernel's panels; those of the plain encoder fit nothing.
    sizes = {"d_model": 48, "ffn": 80} if kernel else {}
    config = dataclasses.replace(tiny.bert_config(), **sizes)
    weights = tiny.bert_weights(config)
    make = partial(linear.KernelLinear, file=kernel.matmul_file()) if kernel else linear.PlainLinear
    module = bert.emit_bert(config, make)
    binary = iree.compile(module.text(), HOST, objects=[kernel.matmul] if kernel else [])
    declared = {n: (t.shape, t.element) for n, t in module.parameters.items()}
    read = linear.panel_reader(weights.__getitem__)
    archive = pack.pack(declared, read, store.digest("random encoder"))
    session = Session(binary.path, archive.path, "encode")
    yield session, config, weights
    session.close()


def test_random_encoder_matches_float64(random_encoder):
    session, config, weights = random_encoder
    rng = np.random.default_rng(3)
    rows = [rng.integers(0, config.vocab, n).tolist() for n in (1, 7, 40, 16)]
    found = encode(session, rows, 40)
    expected = [bert_reference(config, weights.__getitem__, r) for r in rows]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_padding_and_company_change_nothing(random_encoder):
    session, config, _ = random_encoder
    row = np.random.default_rng(4).integers(0, config.vocab, 9).tolist()
    alone = encode(session, [row], 9)[0]
    padded = encode(session, [row, row[:3], row], 31)
    np.testing.assert_allclose(padded[[0, 2]], [alone, alone], atol=1e-6)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6), seed=st.integers(0, 999))
def test_any_batch_matches_float64(random_encoder, lengths, seed):
    """Batch size, width and lengths are run-time sizes; padding holds random tokens."""
    session, config, weights = random_encoder
    rng = np.random.default_rng(seed)
    width = int(rng.integers(max(lengths), 41))
    tokens = rng.integers(0, config.vocab, (len(lengths), width)).astype(np.int32)
    (found,) = session.run([tokens, np.array(lengths, np.int32)], 1)
    for row, length, embedding in zip(tokens, lengths, found, strict=True):
        expected = bert_reference(config, weights.__getitem__, row[:length].tolist())
        np.testing.assert_allclose(embedding, expected, atol=3e-6)


def test_minilm_matches_float64(minilm):
    weights = bert_weights.from_safetensors(
        SafetensorsFolder(models.resolve("all-minilm-l6-v2").path)
    )
    tokenizer = Tokenizer.from_str(minilm.tokenizer_json)
    rows = [tokenizer.encode(text).ids for text in TEXTS]
    expected = np.stack([bert_reference(weights.config, weights.array, r) for r in rows])
    session = Session(minilm.vmfb, minilm.archive.path, "encode")
    found = encode(session, rows, 32)
    session.close()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    similarity = found @ found.T
    assert similarity[0, 1] > 0.5 > similarity[0, 2]


def test_reference_agrees_with_transformers():
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    path = models.resolve("all-minilm-l6-v2").path
    weights = bert_weights.from_safetensors(SafetensorsFolder(path))
    tokens = [101, 3000, 2003, 1996, 3007, 1997, 2605, 102]
    model = transformers.AutoModel.from_pretrained(path).eval()
    with torch.no_grad():
        mean = model(torch.tensor([tokens])).last_hidden_state[0].mean(0).double().numpy()
    ours = bert_reference(weights.config, weights.array, tokens)
    np.testing.assert_allclose(ours, mean / np.linalg.norm(mean), atol=1e-5)


def test_plan_records(minilm):
    binary = minilm.binary("x.vmfb")
    assert (binary.entry, binary.page_shape, binary.page_tokens) == ("encode", (), 0)
    assert minilm.chat is None and minilm.dims["embedding_dim"] == 384
