"""Encoder folders: read back, against transformers, and built into programs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tokenizers import Tokenizer

from agentc import models
from agentc.errors import CompileError, FrontendError, ModelFormatError
from agentc.models import bert_weights
from agentc.models.safetensors_folder import SafetensorsFolder

from . import tiny_encoders
from .goldens import make, make_encoders
from .harness import Session, bert_reference

CASES = list(tiny_encoders.CASES)


def folder_of(path, name, **changes):
    kind, config, weights = tiny_encoders.case(name)
    tiny_encoders.write_encoder_folder(path, kind, config, weights, **changes)
    return config, weights


def encoded(name):
    """Tokens and types of the golden's texts."""
    kind, config, _ = tiny_encoders.case(name)
    tokenizer = tiny_encoders.tokenizer(kind, config.vocab)
    texts = make_encoders.TEXTS
    pairs = [(make_encoders.QUERY, t) for t in texts] if config.scores else list(texts)
    found = tokenizer.encode_batch(pairs)
    return [e.ids for e in found], [e.type_ids for e in found]


@pytest.mark.parametrize("name", CASES)
def test_folders_read_back(tmp_path, name):
    config, weights = folder_of(tmp_path, name)
    found = bert_weights.from_safetensors(SafetensorsFolder(tmp_path))
    assert found.config == config
    for key, value in weights.items():
        np.testing.assert_allclose(found.array(key), value, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_reference_agrees_with_transformers_golden(name):
    _, config, weights = tiny_encoders.case(name)
    golden = np.load(make_encoders.FILE)
    assert golden[f"{name}: weights"].item() == make.digest(weights), (
        "the random weights are not those of the golden: run "
        "tests/python/models/goldens/make_encoders.py"
    )
    pairs = zip(*encoded(name), strict=True)
    ours = [bert_reference(config, weights.__getitem__, ids, kinds) for ids, kinds in pairs]
    np.testing.assert_allclose(np.stack(ours), golden[name], atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_golden_is_what_transformers_computes(tmp_path, name):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    config, _ = folder_of(tmp_path, name)
    found = make_encoders.transformers_outputs(tmp_path, config.scores, config.output)
    np.testing.assert_allclose(np.load(make_encoders.FILE)[name], found, atol=1e-6)


@pytest.mark.parametrize(("precision", "error"), [("f32", 1e-5), ("i8", 0.1)])
@pytest.mark.parametrize("name", ["bert, score", "xlm-roberta, score", "bert, first"])
def test_built_from_a_folder(tmp_path, name, precision, error):
    config, _ = folder_of(tmp_path, name)
    source = models.resolve(str(tmp_path))
    assert source.kind == ("cross_encoder" if config.scores else "encoder")
    built = models.build(source, "local-task", precision=precision)
    assert models.dims(source) == built.dims
    assert ("embedding_dim" in built.dims) == (not config.scores)
    assert Tokenizer.from_str(built.tokenizer_json).get_vocab_size() == config.vocab
    tokens, types = encoded(name)
    starts = np.cumsum([0, *map(len, tokens)]).astype(np.int32)
    columns = [tokens, types] if config.scores else [tokens]
    session = Session(built.vmfb, built.archive.path, built.entry)
    flat = [np.concatenate(column).astype(np.int32) for column in columns]
    found = session.run([*flat, starts], 1)[0]
    session.close()
    np.testing.assert_allclose(found, np.load(make_encoders.FILE)[name], atol=error)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("bert, mean", {"hidden_act": "relu"}, "'hidden_act' is 'relu'"),
        ("bert, mean", {"type_vocab_size": 3}, "'type_vocab_size' is 3"),
        ("roberta, mean", {"type_vocab_size": 2}, "only 1 is supported"),
        ("roberta, mean", {"max_position_embeddings": 2}, "context is 0"),
        ("bert, score", {"id2label": {"0": "a", "1": "b"}}, "2 labels, expected 1"),
    ],
)
def test_unsupported_variants_are_named(tmp_path, name, changes, message):
    folder_of(tmp_path, name, **changes)
    with pytest.raises(ModelFormatError, match=message):
        bert_weights.from_safetensors(SafetensorsFolder(tmp_path))


def test_a_classifier_of_two_labels_is_named(tmp_path):
    kind, config, weights = tiny_encoders.case("bert, score")
    plain = dataclasses.replace(config, output="mean", token_types=0)
    tiny_encoders.write_encoder_folder(tmp_path, kind, plain, weights)
    (tmp_path / "config.json").write_text(
        (tmp_path / "config.json").read_text().replace("BertModel", "BertForSequenceClassification")
    )
    with pytest.raises(ModelFormatError, match=r"tensor 'classifier.weight', expected one of"):
        bert_weights.from_safetensors(SafetensorsFolder(tmp_path))


def test_other_pooling_is_named(tmp_path):
    folder_of(tmp_path, "bert, first")
    path = tmp_path / "1_Pooling" / "config.json"
    path.write_text('{"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": false}')
    with pytest.raises(ModelFormatError, match="only mean pooling and the first token's"):
        bert_weights.from_safetensors(SafetensorsFolder(tmp_path))


def test_a_model_without_eight_bit_shapes_says_so(tmp_path):
    kind, config, _ = tiny_encoders.case("bert, mean")
    odd = dataclasses.replace(config, ffn=50)
    weights = tiny_encoders.tiny.bert_weights(odd)
    tiny_encoders.write_encoder_folder(tmp_path, kind, odd, weights)
    source = models.resolve(str(tmp_path))
    with pytest.raises(CompileError, match="precision 'i8' is not available"):
        models.build(source, "local-task", precision="i8")
    assert models.build(source, "local-task").precision == "f32"


def test_a_folder_without_a_type_is_no_encoder(tmp_path):
    folder_of(tmp_path, "bert, mean", model_type=None)
    assert models.resolve(str(tmp_path)).kind == "llm"
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FrontendError, match="has no 'model_type'"):
        models.resolve(str(tmp_path))
