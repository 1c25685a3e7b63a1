"""Every decoder family: programs against float64, the float64 reference against transformers,
and both file formats read back."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from agentc.errors import ModelFormatError
from agentc.models import gguf_decoder, safetensors_decoder
from agentc.models.gguf_file import GgufFile
from agentc.models.safetensors_folder import SafetensorsFolder

from . import tiny, tiny_folders
from .conftest import kernel_objects
from .goldens import make
from .harness import decoder_reference

TOKENS = np.random.default_rng(3).integers(0, 61, 90).tolist()
PAGES = [5, 3, 9, 2, 8, 7]
VARIANTS = ["plain", *list(kernel_objects())[:1]]


def logits_of(name):
    config, weights = make.case(name)
    return config, weights, decoder_reference(config, weights.__getitem__, make.TOKENS)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_logits_match_float64(open_decoder, family, variant):
    config = tiny.family_config(family)
    weights = tiny.decoder_weights(config, seed=1)
    forward = open_decoder(config, weights, kernel_objects().get(variant))
    forward.fill_pool(np.nan)
    expected = decoder_reference(config, weights.__getitem__, TOKENS)
    found = forward.prefill(TOKENS, PAGES)
    np.testing.assert_allclose(found, expected, atol=3e-4)


@pytest.mark.parametrize("family", [f for f in tiny.FAMILIES if f != "llama"])
def test_chunks_and_company_change_no_bit(open_decoder, family):
    """Window edges fall inside chunks, on their borders and behind them."""
    config = tiny.family_config(family)
    weights = tiny.decoder_weights(config, seed=1)
    forward = open_decoder(config, weights, kernel_objects().get(VARIANTS[-1]))
    whole = forward.prefill(TOKENS, PAGES)
    forward.fill_pool(np.nan)
    pages = [11, 12, 13, 14, 15, 16]
    for start, end in itertools.pairwise([0, 1, 20, 21, 22, 48, 63, 89]):
        found = forward.prefill(TOKENS[start:end], pages, start)
        np.testing.assert_array_equal(found, whole[start:end])
    table = [pages, [17, 18, 0, 0, 0, 0]]
    found = forward.step([TOKENS[89], *TOKENS[:25]], [89, *range(25)], [0] + [1] * 25, table, [0])
    np.testing.assert_array_equal(found[0], whole[89])


@pytest.mark.parametrize("name", make.CASES)
def test_reference_agrees_with_transformers_golden(name):
    _, weights, logits = logits_of(name)
    golden = np.load(make.FILE)
    assert golden[f"{name}: weights"].item() == make.digest(weights), (
        "the random weights are not those of the golden: run tests/python/models/goldens/make.py"
    )
    np.testing.assert_allclose(logits[list(make.ROWS)], golden[name], atol=2e-5)
    assert np.abs(golden[name]).max() > 1


def test_goldens_tell_windows_and_bases_apart():
    """A reference with a wrong window or rotary base must not pass for the right one."""
    for name, wrong in {
        "mistral, window": {"windows": (22, 21)},
        "qwen2, second layer with a window": {"windows": (21, 0)},
        "gemma3": {"windows": (0, 21)},
        "gemma3, own head": {"local_rope_base": 0.0},
        "llama 3 scaling": {"rope_scaling": make.RopeScaling()},
    }.items():
        family, changes = make.CASES[name]
        config, weights, right = logits_of(name)
        fields = {f: getattr(config, f) for f in ("d_model", "embedding_scale")}
        other = tiny.family_config(family, **{**fields, **changes, **wrong})
        found = decoder_reference(other, weights.__getitem__, make.TOKENS)
        assert np.abs(found - right)[list(make.ROWS)].max() > 1e-2, name


@pytest.mark.parametrize("name", ["llama 3 scaling", "mistral, window", "qwen3, tied", "gemma3"])
def test_program_agrees_with_transformers_golden(open_decoder, name):
    config, weights = make.case(name)
    forward = open_decoder(config, weights, kernel_objects().get(VARIANTS[-1]))
    found = forward.prefill(make.TOKENS, PAGES, rows=make.ROWS)
    np.testing.assert_allclose(found, np.load(make.FILE)[name], atol=3e-4)


@pytest.mark.parametrize("name", make.CASES)
def test_transformers_gives_the_golden_and_its_own_config_reads_back(tmp_path, name):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("torch")
    config, weights = make.case(name)
    tiny_folders.write_decoder_folder(tmp_path, config, weights)
    found = make.transformers_logits(tmp_path)
    np.testing.assert_allclose(found, np.load(make.FILE)[name], atol=2e-5)
    ours = safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path)).config
    # The way this version of the library writes configs, which differs from that of the hub.
    transformers.AutoConfig.from_pretrained(tmp_path).save_pretrained(tmp_path)
    assert safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path)).config == ours


@pytest.mark.parametrize("name", make.CASES)
def test_folders_read_back(tmp_path, name):
    config, weights = make.case(name)
    tiny_folders.write_decoder_folder(tmp_path, config, weights)
    found = safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path))
    assert found.config == config
    for parameter, array in weights.items():
        np.testing.assert_allclose(found.array(parameter), array, atol=2e-7, err_msg=parameter)
    assert set(found.names()) == {n for n in weights if not n.startswith("rope")}


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_gguf_files_read_back(tmp_path, family):
    changes = {"attention_scale": 0.0, "vocab": 12}
    config = tiny.family_config(family, **changes)
    weights = tiny.decoder_weights(config)
    tiny.write_gguf(tmp_path / "m.gguf", config, weights)
    found = gguf_decoder.from_gguf(GgufFile(tmp_path / "m.gguf"))
    stored = {"architecture": "llama"} if family == "mistral" else {}
    f32 = {n: float(np.float32(getattr(config, n))) for n in ("rms_eps", "rope_base")}
    assert found.config == tiny.family_config(family, **{**changes, **stored, **f32})
    for parameter, array in weights.items():
        np.testing.assert_array_equal(found.array(parameter), array, err_msg=parameter)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_parts_are_the_rows_of_the_fused_matrices(tmp_path, family):
    """What a packer of raw blocks relies on: tensor, rows, order."""
    config = tiny.family_config(family, attention_scale=0.0, vocab=12)
    weights = tiny.decoder_weights(config)
    tiny.write_gguf(tmp_path / "m.gguf", config, weights, "F16")
    found = gguf_decoder.from_gguf(GgufFile(tmp_path / "m.gguf"))
    for name in found.names():
        at = 0
        for part in found.matrix_parts(name):
            info = found.file.tensors[part.tensor]
            raw = found.file.blocks(info)
            values = raw.view(np.float32 if info.type == "F32" else np.float16)
            order = slice(None) if part.permutation is None else part.permutation
            values = values.reshape(part.rows, -1)[order]
            expected = weights[name][at : at + part.rows].reshape(part.rows, -1)
            np.testing.assert_array_equal(values, expected.astype(values.dtype), err_msg=name)
            at += part.rows
        assert at == len(weights[name])


def test_counts_its_parameters():
    for family in tiny.FAMILIES:
        config = tiny.family_config(family)
        weights = tiny.decoder_weights(config)
        stored = sum(w.size for n, w in weights.items() if not n.startswith("rope"))
        assert config.parameter_count() == stored, family


def test_gemma_beside_a_vision_tower(tmp_path):
    """model_type gemma3: settings in text_config, tensors under another prefix."""
    config = tiny.family_config("gemma3")
    weights = tiny.decoder_weights(config)
    tiny_folders.write_decoder_folder(tmp_path, config, weights)
    tensors = tiny_folders.folder_tensors(config, weights)
    inner = json.loads((tmp_path / "config.json").read_text())
    outer = {"model_type": "gemma3", "text_config": inner, "vision_config": {"hidden_size": 8}}
    (tmp_path / "config.json").write_text(json.dumps(outer))
    for prefix in ("language_model.model.", "model.language_model."):
        moved = {n.replace("model.", prefix, 1): t for n, t in tensors.items()}
        tiny_folders.save_file(moved, tmp_path / "model.safetensors")
        found = safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path))
        assert found.config == config
        np.testing.assert_array_equal(found.array("layers.1.down"), weights["layers.1.down"])


REFUSED = {
    "soft capping": ("gemma3", {"attn_logit_softcapping": 50.0}, "'attn_logit_softcapping' is 50"),
    "both directions": ("gemma3", {"use_bidirectional_attention": True}, "only False is supp"),
    "no query scale": ("gemma3", {"query_pre_attn_scalar": 0}, "attention_scale is nan"),
    "odd layer type": ("gemma3", {"layer_types": ["sliding_attention", "recurrent"]}, "recurrent"),
    "too few layer types": ("gemma3", {"layer_types": ["full_attention"]}, "has attention windows"),
    "negative window": ("mistral", {"sliding_window": -4}, "has attention windows"),
    "local base": ("gemma3", {"rope_local_base_freq": -1.0}, "local_rope_base is -1"),
    "gelu elsewhere": ("qwen2", {"hidden_act": "gelu"}, "'hidden_act' is 'gelu', only 'silu'"),
    "bias": ("qwen3", {"attention_bias": True}, "'attention_bias' is True, only False"),
    "part of a head": ("llama", {"partial_rotary_factor": 0.5}, "'partial_rotary_factor' is 0.5"),
    "no heads": ("qwen3", {"num_attention_heads": 0}, "heads is 0, expected a whole number"),
    "no kv heads": ("qwen3", {"num_key_value_heads": 0}, "kv_heads is 0, expected"),
    "heads do not divide": ("qwen2", {"num_key_value_heads": 4}, "a multiple of its 4 kv heads"),
    "no head_dim": ("gemma3", {"head_dim": 0}, "head_dim is 0, expected"),
    "odd head_dim": ("gemma3", {"head_dim": 15}, "head_dim is 15, rotary positions need it even"),
    "no context": ("mistral", {"max_position_embeddings": 0}, "context is 0, expected"),
    "huge vocabulary": ("qwen2", {"vocab_size": 1 << 24}, r"expected \(16777216, 52\)"),
    "text_config": ("gemma3", {"text_config": [1]}, r"'text_config' is \[1\], expected dict"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused(tmp_path, name):
    family, changes, message = REFUSED[name]
    config = tiny.family_config(family)
    tiny_folders.write_decoder_folder(tmp_path, config, tiny.decoder_weights(config))
    settings = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**settings, **changes}))
    with pytest.raises(ModelFormatError, match=message):
        safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path))


@pytest.mark.parametrize("missing", ["q_proj.bias", "k_norm", "post_feedforward_layernorm"])
def test_missing_tensors_of_a_family_are_named(tmp_path, missing):
    family = {"q_proj.bias": "qwen2", "k_norm": "qwen3"}.get(missing, "gemma3")
    config = tiny.family_config(family)
    weights = tiny.decoder_weights(config)
    tiny_folders.write_decoder_folder(tmp_path, config, weights)
    tensors = tiny_folders.folder_tensors(config, weights)
    kept = {n: np.ascontiguousarray(t) for n, t in tensors.items() if missing not in n}
    tiny_folders.save_file(kept, tmp_path / "model.safetensors")
    with pytest.raises(ModelFormatError, match=rf"no .* has the tensor 'model\.layers.*{missing}"):
        safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path))


def test_a_tensor_that_nothing_reads_is_refused(tmp_path):
    config = tiny.family_config("qwen2")
    weights = tiny.decoder_weights(config)
    tiny_folders.write_decoder_folder(tmp_path, config, weights)
    tensors = tiny_folders.folder_tensors(config, weights)
    stored = {n: np.ascontiguousarray(t) for n, t in tensors.items()}
    old = {"model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(8, np.float32)}
    tiny_folders.save_file({**stored, **old}, tmp_path / "model.safetensors")
    safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path))
    bias = {"model.layers.1.self_attn.o_proj.bias": weights["final_norm"]}
    tiny_folders.save_file({**stored, **bias}, tmp_path / "model.safetensors")
    with pytest.raises(ModelFormatError, match=r"has the tensor 'model\.layers\.1\.self_attn\.o_p"):
        safetensors_decoder.from_safetensors(SafetensorsFolder(tmp_path))
