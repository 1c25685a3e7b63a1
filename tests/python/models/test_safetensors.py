"""Model folders: weights, variants and damage."""

from __future__ import annotations

import json

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from agentc import models
from agentc.errors import ModelFormatError
from agentc.models import bert_weights, safetensors_decoder
from agentc.models.config import RopeScaling
from agentc.models.rope import rope_frequencies
from agentc.models.safetensors_folder import SafetensorsFolder

from . import tiny, tiny_folders
from .harness import decoder_reference

CONFIG_KEYS = [
    "model_type",
    "num_hidden_layers",
    "hidden_size",
    "num_attention_heads",
    "head_dim",
    "num_key_value_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "rms_norm_eps",
    "rope_theta",
    "tie_word_embeddings",
    "hidden_act",
    "rope_scaling",
    "rope_parameters",
    "sliding_window",
    "attention_bias",
]
ROPE_KEYS = st.sampled_from(
    [
        "rope_type",
        "type",
        "factor",
        "rope_theta",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    ]
)


@pytest.fixture
def llama_folder(tmp_path):
    config = tiny.decoder_config(tied=False)
    weights = tiny.decoder_weights(config)
    tiny_folders.write_decoder_folder(tmp_path / "tiny", config, weights)
    return tmp_path / "tiny", config, weights


def change_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


def test_llama_folder_reads_back(llama_folder):
    path, config, weights = llama_folder
    found = safetensors_decoder.from_safetensors(SafetensorsFolder(path))
    assert found.config == config
    for name, array in weights.items():
        np.testing.assert_array_equal(found.array(name), array, err_msg=name)


def test_reference_agrees_with_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    config = tiny.decoder_config(d_model=54, tied=False)
    weights, path = tiny.decoder_weights(config), tmp_path / "tiny"
    tiny_folders.write_decoder_folder(path, config, weights)
    tokens = [3, 1, 4, 1, 5, 9, 2, 6, 60, 0]
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float64).eval()
    with torch.no_grad():
        expected = model(torch.tensor([tokens])).logits[0].numpy()
    ours = decoder_reference(config, weights.__getitem__, tokens)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_llama3_frequencies_agree_with_transformers():
    transformers = pytest.importorskip("transformers")
    rope = pytest.importorskip("transformers.modeling_rope_utils")
    scaling = RopeScaling("llama3", 8.0, 1.0, 4.0, 64)
    ours = rope_frequencies(tiny.decoder_config(head_dim=32, rope_scaling=scaling))
    parameters = {
        "rope_type": "llama3",
        "rope_theta": 1e4,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    config = transformers.LlamaConfig(
        hidden_size=192, num_attention_heads=6, head_dim=32, rope_parameters=parameters
    )
    theirs, _ = rope.ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5)


def test_shards_follow_the_index(llama_folder):
    path, _, weights = llama_folder
    from safetensors.numpy import load_file

    tensors = load_file(path / "model.safetensors")
    (path / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, members in parts.items():
        save_file({n: tensors[n] for n in members}, path / file)
    index = {"weight_map": {n: f for f, members in parts.items() for n in members}}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))
    found = safetensors_decoder.from_safetensors(SafetensorsFolder(path))
    np.testing.assert_array_equal(found.array("layers.1.qkv"), weights["layers.1.qkv"])


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_other_float_types_become_f32(tmp_path, dtype):
    values = np.random.default_rng(0).standard_normal((4, 6)).astype(dtype)
    save_file({"w": values}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    found = SafetensorsFolder(tmp_path).array("w", (4, 6))
    np.testing.assert_array_equal(found, values.astype(np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "mamba"}, "model_type 'mamba' is not supported"),
        ({"attention_bias": True}, "'attention_bias' is True, only False"),
        ({"hidden_act": "relu"}, "'hidden_act' is 'relu', only 'silu'"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "rope scaling 'yarn' is not supported"),
        ({"rope_scaling": {"rope_type": "linear"}}, "'factor' of the rope settings is None"),
        ({"model_type": "mistral", "sliding_window": "wide"}, "'sliding_window' is 'wide'"),
        ({"rms_norm_eps": 10**400}, "'rms_norm_eps' is 1000.*, expected float"),
        ({"rope_parameters": {"rope_theta": 10**400}}, "'rope_theta' of the rope settings"),
        ({"num_attention_heads": "six"}, "'num_attention_heads' is 'six', expected int"),
        ({"num_key_value_heads": 4}, "expected a multiple of its 4 kv heads"),
        ({"num_hidden_layers": 3}, r"has the tensor 'model.layers.2.input_layernorm.weight'"),
        ({"hidden_size": 53}, r"has shape \(61, 52\), expected \(61, 53\)"),
        ({"num_hidden_layers": -1}, "layers is -1, expected"),
    ],
)
def test_variants_and_lies_are_named(llama_folder, changes, message):
    path, _, _ = llama_folder
    change_config(path, **changes)
    with pytest.raises(ModelFormatError, match=message):
        safetensors_decoder.from_safetensors(SafetensorsFolder(path))


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ROPE_KEYS, inner, max_size=4),
    max_leaves=5,
)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(key=st.sampled_from(CONFIG_KEYS), value=ODD)
def test_any_config_value_reads_or_is_one_error(llama_folder, key, value):
    path, _, _ = llama_folder
    original = (path / "config.json").read_text()
    try:
        change_config(path, **{key: value})
        safetensors_decoder.from_safetensors(SafetensorsFolder(path)).array("rope.cos")
    except ModelFormatError as error:
        assert str(error).startswith("tiny")
    finally:
        (path / "config.json").write_text(original)


def test_llama3_scaling_is_read(llama_folder):
    path, _, _ = llama_folder
    scaling = {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    change_config(path, rope_scaling=scaling)
    found = safetensors_decoder.from_safetensors(SafetensorsFolder(path)).config.rope_scaling
    assert (found.kind, found.factor, found.original_context) == ("llama3", 32.0, 8192)


def test_damaged_files_are_one_error(llama_folder):
    path, _, _ = llama_folder
    data = (path / "model.safetensors").read_bytes()
    rng = np.random.default_rng(0)
    header_bytes = 8 + int.from_bytes(data[:8], "little")
    for _ in range(60):
        damaged = bytearray(data)
        for at in rng.integers(0, header_bytes, 3):
            damaged[at] = rng.integers(0, 256)
        (path / "model.safetensors").write_bytes(damaged[: rng.integers(1, len(data) + 1)])
        with pytest.raises(ModelFormatError, match=r"^tiny"):
            safetensors_decoder.from_safetensors(SafetensorsFolder(path)).array("layers.0.qkv")


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "[" * 100_000, "\x00"])
def test_damaged_config_is_one_error(llama_folder, text):
    path, _, _ = llama_folder
    (path / "config.json").write_text(text)
    with pytest.raises(ModelFormatError, match=r"^tiny/config.json"):
        SafetensorsFolder(path)


def test_bert_variants_are_named(tmp_path):
    source = models.resolve("all-minilm-l6-v2").path
    for name in ("model.safetensors",):
        (tmp_path / name).symlink_to(source / name)
    config = json.loads((source / "config.json").read_text())
    for changes, message in [
        ({"hidden_act": "relu"}, "'hidden_act' is 'relu'"),
        ({"position_embedding_type": "relative_key"}, "'position_embedding_type'"),
        ({"num_hidden_layers": 7}, "encoder.layer.6"),
    ]:
        (tmp_path / "config.json").write_text(json.dumps({**config, **changes}))
        with pytest.raises(ModelFormatError, match=message):
            bert_weights.from_safetensors(SafetensorsFolder(tmp_path))
