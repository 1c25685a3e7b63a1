"""Encoders in plain code against a float64 reference, and MiniLM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from agentc import models
from agentc.codegen import iree, pack, store
from agentc.models import bert, bert_weights
from agentc.models.safetensors_folder import SafetensorsFolder

from . import tiny
from .conftest import HOST
from .harness import Session, bert_reference

TEXTS = (
    "Paris is the capital of France.",
    "What city is the seat of the French government?",
    "def add(a, b): return a + b  # Größe 北京",
)
OUTPUTS = {
    "mean": {},
    "first": {"output": "first"},
    "score": {"output": "score", "token_types": 2},
    "score, one type": {"output": "score"},
}


def padded(rows: list[list[int]], width: int) -> np.ndarray:
    table = np.zeros((len(rows), width), np.int32)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


def run(session: Session, rows: list[list[int]], width: int, types=None) -> np.ndarray:
    tables = [padded(values, width) for values in (rows, types) if values is not None]
    lengths = np.array([len(r) for r in rows], np.int32)
    return session.run([*tables, lengths], 1)[0]


@pytest.fixture(scope="module", params=OUTPUTS)
def random_encoder(request):
    config = tiny.bert_config(**OUTPUTS[request.param])
    weights = tiny.bert_weights(config)
    module = bert.emit_bert(config)
    binary = iree.compile(module.text(), HOST)
    declared = {n: (t.shape, t.element) for n, t in module.parameters.items()}
    origin = store.digest("plain encoder", request.param)
    archive = pack.pack(declared, weights.__getitem__, origin)
    session = Session(binary.path, archive.path, bert.SCORE if config.scores else bert.ENCODE)
    yield session, config, weights
    session.close()


def random_texts(config, lengths, seed):
    """Tokens, and types where the entry takes them."""
    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, config.vocab, n).tolist() for n in lengths]
    types = [rng.integers(0, 2, n).tolist() for n in lengths] if config.scores else None
    return rows, types


def expected(config, weights, rows, types) -> np.ndarray:
    kinds = types or [None] * len(rows)
    pairs = zip(rows, kinds, strict=True)
    return np.stack([bert_reference(config, weights.__getitem__, r, t) for r, t in pairs])


def test_random_encoder_matches_float64(random_encoder):
    session, config, weights = random_encoder
    rows, types = random_texts(config, (1, 7, 40, 16), 3)
    found = run(session, rows, 40, types)
    np.testing.assert_allclose(found, expected(config, weights, rows, types), atol=3e-6)


def test_padding_and_company_change_nothing(random_encoder):
    session, config, _ = random_encoder
    (row,), types = random_texts(config, (9,), 4)
    alone = run(session, [row], 9, types)[0]
    many = [types[0], types[0][:3], types[0]] if types else None
    found = run(session, [row, row[:3], row], 31, many)
    np.testing.assert_allclose(found[[0, 2]], [alone, alone], atol=1e-6)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6), seed=st.integers(0, 999))
def test_any_batch_matches_float64(random_encoder, lengths, seed):
    """Batch size, width and lengths are run-time sizes."""
    session, config, weights = random_encoder
    rows, types = random_texts(config, lengths, seed)
    width = int(np.random.default_rng(seed).integers(max(lengths), 41))
    found = run(session, rows, width, types)
    np.testing.assert_allclose(found, expected(config, weights, rows, types), atol=4e-6)


def ragged(session: Session, rows: list[list[int]]) -> np.ndarray:
    starts = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int32)
    return session.run([np.concatenate(rows).astype(np.int32), starts], 1)[0]


@pytest.mark.parametrize(("precision", "error"), [("f32", 1e-5), ("i8", 0.02)])
def test_minilm_matches_float64(precision, error):
    source = models.resolve("all-minilm-l6-v2")
    built = models.build(source, "local-task", precision=precision)
    weights = bert_weights.from_safetensors(SafetensorsFolder(source.path))
    tokenizer = Tokenizer.from_str(built.tokenizer_json)
    rows = [tokenizer.encode(text).ids for text in TEXTS]
    reference = np.stack([bert_reference(weights.config, weights.array, r) for r in rows])
    session = Session(built.vmfb, built.archive.path, built.entry)
    found = ragged(session, rows)
    session.close()
    np.testing.assert_allclose(found, reference, atol=error)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert (found * reference).sum(1).min() > 0.998
    similarity = found @ found.T
    assert similarity[0, 1] > 0.5 > similarity[0, 2]


def test_eight_bits_take_a_third_of_the_memory():
    source = models.resolve("all-minilm-l6-v2")
    narrow, wide = (models.build(source, "local-task", precision=p) for p in ("i8", "f32"))
    assert narrow.archive.size_bytes < 0.3 * wide.archive.size_bytes


def test_plan_records(minilm):
    binary = minilm.binary("x.vmfb")
    assert (binary.entry, binary.page_shape, binary.page_tokens) == ("encode_ragged", (), 0)
    assert binary.precision == "f32" and binary.has_set_workers
    assert minilm.chat is None and minilm.dims["embedding_dim"] == 384
