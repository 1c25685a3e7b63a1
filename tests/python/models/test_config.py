"""Sizes of models: counts, limits, derived widths."""

from __future__ import annotations

import dataclasses

import pytest

from agentc.errors import ModelFormatError
from agentc.models.config import MAX_EXTENT, BertConfig, RopeScaling

from . import tiny


def test_encoder_counts_its_parameters():
    config = tiny.bert_config()
    stored = sum(w.size for w in tiny.bert_weights(config).values())
    # The file has a row for token type 0 too; the program adds it to the positions.
    assert config.parameter_count() == stored + config.d_model
    assert config.dims()["embedding_dim"] == config.d_model


def test_tied_embeddings_count_once():
    tied, own = tiny.decoder_config(), tiny.decoder_config(tied=False)
    assert own.parameter_count() - tied.parameter_count() == tied.vocab * tied.d_model


def test_weight_bytes_follow_the_precision():
    config = tiny.decoder_config()
    assert config.dims(0.5)["weight_bytes"] == round(config.parameter_count() * 0.5)
    assert set(config.dims()) == {
        "layers",
        "d_model",
        "heads",
        "kv_heads",
        "head_dim",
        "ffn",
        "vocab",
        "context",
        "params",
        "weight_bytes",
    }


def test_widths():
    config = tiny.decoder_config(heads=6, kv_heads=2, head_dim=16)
    assert config.qkv_width == (6 + 2 + 2) * 16
    assert tiny.bert_config().head_dim == 12


@pytest.mark.parametrize("field", ["layers", "d_model", "heads", "ffn", "vocab", "context"])
@pytest.mark.parametrize("value", [0, -1, MAX_EXTENT + 1, 1.5, True, None])
def test_absurd_sizes_are_refused(field, value):
    for config in (tiny.decoder_config(), tiny.bert_config()):
        with pytest.raises(ModelFormatError, match=f"the model's {field} is {value!r}, expected"):
            dataclasses.replace(config, **{field: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 7, "kv_heads": 2}, "has 7 heads, expected a multiple of its 2 kv heads"),
        ({"head_dim": 15}, "head_dim is 15, rotary positions need it even"),
        ({"rms_eps": float("nan")}, "rms_eps is nan, expected a number above 0"),
        ({"rope_base": -1.0}, "rope_base is -1.0, expected"),
        ({"rope_scaling": RopeScaling("linear", factor=0.0)}, "scaling factor is 0.0"),
        ({"rope_scaling": RopeScaling("llama3", 2.0, 4.0, 4.0)}, "frequency range is 0.0"),
        ({"rope_scaling": RopeScaling("factors", factors=(1.0,) * 7)}, "has 7 rope .* expected 8"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ModelFormatError, match=message):
        tiny.decoder_config(**changes)


def test_encoder_heads_must_divide_its_width():
    with pytest.raises(ModelFormatError, match="36 wide with 5 heads"):
        BertConfig(layers=1, d_model=36, heads=5, ffn=4, vocab=9, context=8, norm_eps=1e-12)
