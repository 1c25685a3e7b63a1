"""GGUF files of every family whose numbers cannot be right: one typed error each, before work."""

from __future__ import annotations

import struct

import gguf
import numpy as np
import pytest

from agentc import models
from agentc.errors import ModelFormatError
from agentc.models import gguf_decoder
from agentc.models.gguf_file import GgufFile

from . import tiny

CODES = {4: "<I", 6: "<f", 10: "<Q"}


def good(path, family):
    config = tiny.family_config(family, vocab=12, attention_scale=0.0)
    tiny.write_gguf(path, config, tiny.decoder_weights(config))
    return path.read_bytes()


def patched(data: bytes, key: str, value: float) -> bytes:
    """The file with another number under a key."""
    name = key.encode()
    at = data.index(struct.pack("<Q", len(name)) + name) + 8 + len(name)
    code = CODES[struct.unpack("<I", data[at : at + 4])[0]]
    number = struct.pack(code, value)
    return data[: at + 4] + number + data[at + 4 + len(number) :]


NUMBERS = {
    "heads that kv heads do not divide": ("attention.head_count_kv", 4, "a multiple of its 4 kv"),
    "no kv heads": ("attention.head_count_kv", 0, "kv_heads is 0, expected a whole number"),
    "more kv heads": ("attention.head_count_kv", 12, "6 heads, expected a multiple of its 12"),
    "no heads": ("attention.head_count", 0, "heads is 0, expected|'attention.head_count'"),
    "other heads": ("attention.head_count", 8, r"has shape \(96, 52\), expected \(128, 52\)"),
    "no head_dim": ("attention.key_length", 0, "head_dim is 0, expected"),
    "odd head_dim": ("attention.key_length", 15, "head_dim is 15, rotary positions need it even"),
    "huge head_dim": ("attention.key_length", 1 << 31, "head_dim is 2147483648, expected"),
    "no context": ("context_length", 0, "context is 0, expected"),
    "huge context": ("context_length", 1 << 31, "context is 2147483648, expected"),
    "large context": ("context_length", (1 << 20) + 1, "context is 1048577, expected 1 to 1048576"),
    "no layers": ("block_count", 0, "layers is 0, expected"),
    "one layer more": ("block_count", 3, r"has no tensor 'blk\.2\.attn_norm\.weight'"),
    "huge layers": ("block_count", 0xFFFFFFFF, "layers is 4294967295, expected"),
    "other width": ("embedding_length", 53, r"shape \(12, 52\), expected \(12, 53\)"),
    "no width": ("embedding_length", 0, "d_model is 0, expected"),
    "no ffn": ("feed_forward_length", 0, "ffn is 0, expected"),
    "eps of nothing": ("attention.layer_norm_rms_epsilon", 0.0, "rms_eps is 0.0, expected a numb"),
    "eps that is none": ("attention.layer_norm_rms_epsilon", float("nan"), "rms_eps is nan"),
    "base below": ("rope.freq_base", -1.0, "rope_base is -1.0, expected"),
    "base without end": ("rope.freq_base", float("inf"), "rope_base is inf, expected"),
}


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_cannot_be_right(tmp_path, family, name):
    key, value, message = NUMBERS[name]
    path = tmp_path / "m.gguf"
    architecture = "llama" if family == "mistral" else family
    path.write_bytes(patched(good(path, family), f"{architecture}.{key}", value))
    with pytest.raises(ModelFormatError, match=message) as error:
        models.dims(models.resolve(str(path)))
    assert str(error.value).startswith("m.gguf: ") and len(str(error.value)) < 250


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_every_tensor_is_missed(tmp_path, family):
    """Renaming any tensor is found before anything is built."""
    path = tmp_path / "m.gguf"
    data = good(path, family)
    optional = ("output.weight", "blk.0.attn_q.bias", "blk.0.attn_q_norm.weight")
    for tensor in GgufFile(path).tensors:
        name = tensor.encode()
        path.write_bytes(data.replace(name, name[:-2] + b"??"))
        if tensor in optional:
            continue  # its absence means another model of the family, which also lacks others
        with pytest.raises(ModelFormatError, match="has no tensor"):
            gguf_decoder.from_gguf(GgufFile(path))


@pytest.mark.parametrize("extra", ["blk.1.attn_output.bias", "blk.7.attn_norm.weight"])
def test_a_tensor_that_nothing_reads_is_refused(tmp_path, extra, monkeypatch):
    """A layer with a bias that the program would leave out is another model."""
    config = tiny.family_config("llama")
    weights = tiny.decoder_weights(config)
    tensors = tiny.gguf_tensors(config, weights)
    bias = {extra: weights["final_norm"], "rope_freqs.weight": np.ones(8, np.float32)}
    monkeypatch.setattr(tiny, "gguf_tensors", lambda *_: {**tensors, **bias})
    tiny.write_gguf(tmp_path / "m.gguf", config, weights)
    with pytest.raises(ModelFormatError, match=f"has the tensor '{extra}', which models of the"):
        models.dims(models.resolve(str(tmp_path / "m.gguf")))


def test_a_vocabulary_larger_than_the_file(tmp_path):
    """A table that announces 4 billion rows ends outside the file."""
    path = tmp_path / "m.gguf"
    data = good(path, "qwen2")
    at = data.index(b"token_embd.weight") + len(b"token_embd.weight") + 4
    assert struct.unpack("<QQ", data[at : at + 16]) == (52, 12)
    path.write_bytes(data[: at + 8] + struct.pack("<Q", 1 << 32) + data[at + 16 :])
    with pytest.raises(ModelFormatError, match=r"is cut off: tensor 'token_embd\.weight' ends at"):
        models.dims(models.resolve(str(path)))


def test_a_tokenizer_of_another_model(tmp_path):
    config = tiny.family_config("llama", vocab=11)
    tiny.write_gguf(tmp_path / "m.gguf", config, tiny.decoder_weights(config))
    source = models.resolve(str(tmp_path / "m.gguf"))
    with pytest.raises(ModelFormatError, match="has a token 11, the embedding has 11 rows"):
        models.build(source, "local-task")


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_files_cut_anywhere(tmp_path, family):
    path = tmp_path / "m.gguf"
    data = good(path, family)
    for length in np.linspace(4, len(data) - 40, 60).astype(int):
        path.write_bytes(data[:length])
        with pytest.raises(ModelFormatError, match=r"cut off|announces|past its end"):
            models.dims(models.resolve(str(path)))


def test_a_window_pattern_that_makes_no_sense(tmp_path):
    path = tmp_path / "m.gguf"
    data = good(path, "gemma3")
    for value, windows in ((0, (21, 21)), (1, (0, 0)), (1 << 31, (21, 21))):
        path.write_bytes(patched(data, "gemma3.attention.sliding_window_pattern", value))
        assert gguf_decoder.from_gguf(GgufFile(path)).config.windows == windows
    path.write_bytes(patched(data, "gemma3.attention.sliding_window", 1 << 31))
    with pytest.raises(ModelFormatError, match="has attention windows"):
        gguf_decoder.from_gguf(GgufFile(path))


@pytest.mark.parametrize("architecture", ["mamba", "gemma2", "qwen2moe", "llama4"])
def test_unknown_architectures(tmp_path, architecture):
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", architecture)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelFormatError, match=f"'{architecture}' is not supported, expected one"):
        models.dims(models.resolve(str(tmp_path / "m.gguf")))
