"""Encoders as chains of C kernels: every precision and instruction set, against float64."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentc.codegen import iree, kernels, pack, store
from agentc.models import ragged_encoder
from agentc.models.dispatch import KernelFile

from . import tiny
from .conftest import HOST
from .harness import Session, bert_reference
from .test_bert import OUTPUTS, expected, random_texts

ERRORS = {"f32": 5e-6, "i8": 0.06}
"""Of embeddings of length 1 of tiny models. Scores are a few times as large."""
LARGE = {"d_model": 128, "heads": 2, "ffn": 224, "context": 512, "layers": 2}


def objects(precision: str, variant: str) -> dict[str, Path]:
    """The objects of one instruction set, by family."""
    found: dict[str, Path] = {}
    for family in ragged_encoder.families(precision):
        for folder in kernels.folders():
            path = folder / f"{family}.{variant}.o"
            if path.is_file():
                found.setdefault(family, path)
    return found


def variants() -> list[tuple[str, str]]:
    """(precision, instruction set) pairs that this machine can run."""
    pairs = [(p, v) for p in ("f32", "i8") for v in kernels.variants(HOST)]
    return [(p, v) for p, v in pairs if len(objects(p, v)) == len(ragged_encoder.families(p))]


def open_ragged(config, weights, precision, variant) -> Session:
    paths = objects(precision, variant)
    elf = kernels.find("encoder_rows", HOST).elf
    files = {family: KernelFile(path.name, elf) for family, path in paths.items()}
    module = ragged_encoder.emit_ragged(config, precision, files)
    binary = iree.compile(module.text(), HOST, objects=tuple(paths.values()))
    declared = {n: (t.shape, t.element) for n, t in module.parameters.items()}
    origin = store.digest(*(n.encode() + w.tobytes() for n, w in weights.items()))
    archive = pack.pack(declared, ragged_encoder.reader(weights.__getitem__), origin)
    entry = ragged_encoder.SCORE if config.scores else ragged_encoder.ENCODE
    return Session(binary.path, archive.path, entry)


def run(session: Session, rows, types=None) -> np.ndarray:
    starts = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int32)
    flat = [np.concatenate(v).astype(np.int32) for v in (rows, types) if v is not None]
    return session.run([*flat, starts], 1)[0]


def cases() -> list[tuple[str, str, str]]:
    """Every output with the best instruction set, and one output with every other."""
    pairs = variants()
    best = {p: next(v for q, v in pairs if q == p) for p in dict(pairs)}
    return [(p, v, o) for p, v in pairs for o in OUTPUTS if v == best[p] or o == "mean"]


@pytest.fixture(scope="module", params=cases(), ids=" ".join)
def opened(request):
    """A random encoder, whose widths the quantised kernels take."""
    precision, variant, output = request.param
    config = tiny.bert_config(d_model=96, ffn=160, **OUTPUTS[output])
    weights = tiny.bert_weights(config)
    session = open_ragged(config, weights, precision, variant)
    yield session, config, weights, ERRORS[precision] * (4 if config.scores else 1)
    session.close()


def test_random_encoder_matches_float64(opened):
    session, config, weights, error = opened
    rows, types = random_texts(config, (1, 7, 40, 16, 2), 3)
    found = run(session, rows, types)
    np.testing.assert_allclose(found, expected(config, weights, rows, types), atol=error)


def test_company_changes_no_bit(opened):
    session, config, _, _ = opened
    rows, types = random_texts(config, (9, 40, 1, 23, 17, 33, 40), 4)
    together = run(session, rows, types)
    for i, row in enumerate(rows):
        alone = run(session, [row], [types[i]] if types else None)[0]
        np.testing.assert_array_equal(alone, together[i])


def test_workers_change_no_bit(opened):
    session, config, _, _ = opened
    rows, types = random_texts(config, (40, 3, 21, 40, 11), 5)
    found = []
    for workers in (1, 2, 5):
        session.set_workers(workers)
        found.append(run(session, rows, types))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6), seed=st.integers(0, 999))
def test_any_batch_matches_float64(opened, lengths, seed):
    session, config, weights, error = opened
    rows, types = random_texts(config, lengths, seed)
    found = run(session, rows, types)
    np.testing.assert_allclose(found, expected(config, weights, rows, types), atol=error)


@pytest.mark.parametrize("heads", [2, 4])
@pytest.mark.parametrize("precision", ["f32", "i8"])
def test_long_texts_and_usual_head_widths(precision, heads):
    """Heads of 64 and 32, lengths up to the context of real models."""
    config = tiny.bert_config(**{**LARGE, "heads": heads})
    weights = tiny.bert_weights(config)
    session = open_ragged(config, weights, precision, kernels.variants(HOST)[0])
    rows, _ = random_texts(config, (512, 1, 200, 65), 6)
    found = run(session, rows)
    session.close()
    reference = expected(config, weights, rows, None)
    np.testing.assert_allclose(found, reference, atol=ERRORS[precision])
    assert (found * reference).sum(1).min() > 0.999


def test_f32_takes_widths_that_no_panel_fits():
    config = tiny.bert_config()
    weights = tiny.bert_weights(config)
    session = open_ragged(config, weights, "f32", kernels.variants(HOST)[0])
    rows, _ = random_texts(config, (40, 3), 7)
    found = run(session, rows)
    session.close()
    np.testing.assert_allclose(found, expected(config, weights, rows, None), atol=5e-6)


def test_refusals():
    config = tiny.bert_config(d_model=96, ffn=160)
    assert ragged_encoder.refusal(config, "i8") == ragged_encoder.refusal(config, "f32") == ""
    odd = dataclasses.replace(config, ffn=150)
    assert "ffn is 150, expected a multiple of 32" in ragged_encoder.refusal(odd, "i8")
    assert ragged_encoder.refusal(odd, "f32") == ""
    deep = dataclasses.replace(config, ffn=52384)
    assert "ffn is 52384, expected at most 52352" in ragged_encoder.refusal(deep, "i8")
    wide = dataclasses.replace(config, d_model=480)
    assert "head_dim is 160, expected at most 128" in ragged_encoder.refusal(wide, "f32")


def test_weight_bytes_are_those_of_the_archive():
    config = tiny.bert_config(d_model=96, ffn=160, output="score", token_types=2)
    weights = tiny.bert_weights(config)
    read = ragged_encoder.reader(weights.__getitem__)
    paths = objects("i8", kernels.variants(HOST)[0])
    files = {family: KernelFile(path.name, "embedded-elf-x86_64") for family, path in paths.items()}
    module = ragged_encoder.emit_ragged(config, "i8", files)
    stored = sum(read(name).nbytes for name in module.parameters)
    assert ragged_encoder.weight_bytes(config) == stored


def test_reference_tells_types_apart():
    """The tests above would not see a program that ignores types, were they not to matter."""
    config = tiny.bert_config(output="score", token_types=2)
    weights = tiny.bert_weights(config)
    (row,), (types,) = random_texts(config, (9,), 8)
    other = [1 - t for t in types]
    scores = [bert_reference(config, weights.__getitem__, row, t) for t in (types, other)]
    assert abs(scores[0] - scores[1]) > 0.1
