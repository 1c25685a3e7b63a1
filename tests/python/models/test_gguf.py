"""GGUF files: every supported type, the row order of llama.cpp, and damage of every kind."""

from __future__ import annotations

import struct

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentc import models
from agentc.errors import AgentcError, ModelFormatError
from agentc.models import decoder_weights, gguf_decoder, gguf_tokenizer
from agentc.models.gguf_file import GgufFile

from . import tiny


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small valid file, its config and weights. Rows of 64 so that all types fit."""
    config = tiny.decoder_config(d_model=64, ffn=64, vocab=12, head_dim=16, heads=4, layers=1)
    weights = tiny.decoder_weights(config)
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    tiny.write_gguf(path, config, weights)
    return path, config, weights


def read_all(path):
    """All that the compiler reads of a file."""
    file = GgufFile(path)
    weights = gguf_decoder.from_gguf(file)
    gguf_tokenizer.from_gguf(file)
    names = ["embed", "final_norm", "layers.0.qkv", "layers.0.gate_up", "layers.0.down"]
    return weights.config, {name: weights.array(name) for name in names}


def test_reads_back_what_was_written(sound):
    path, config, weights = sound
    found, arrays = read_all(path)
    assert found == gguf_decoder.from_gguf(GgufFile(path)).config
    assert (found.layers, found.kv_heads, found.tied) == (1, config.kv_heads, True)
    assert found.rms_eps == pytest.approx(config.rms_eps)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, weights[name], err_msg=name)


def test_half_split_undoes_the_interleaving():
    matrix = np.arange(4 * 6 * 3).reshape(24, 3)
    mixed = tiny.interleave_rows(matrix, 4)
    assert (mixed != matrix).any()
    np.testing.assert_array_equal(mixed[decoder_weights.half_split_order(4, 6)], matrix)


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"])
def test_types_match_the_library(tmp_path, sound, kind):
    _, config, weights = sound
    path = tmp_path / "typed.gguf"
    tiny.write_gguf(path, config, weights, kind)
    matrix = weights["layers.0.down"]
    type_ = gguf.GGMLQuantizationType[kind]
    if kind == "F16":
        expected = matrix.astype(np.float16).astype(np.float32)
    else:
        expected = dequantize(quantize(matrix, type_), type_)
    found = GgufFile(path).array("blk.0.ffn_down.weight", matrix.shape)
    assert GgufFile(path).tensors["blk.0.ffn_down.weight"].type == kind
    np.testing.assert_array_equal(found, expected)
    assert 0 < np.abs(found - matrix).max() < 0.5


@pytest.mark.parametrize("kind", ["Q4_K", "Q5_K", "Q6_K"])
def test_k_quants_read_raw_blocks(tmp_path, kind):
    type_ = gguf.GGMLQuantizationType[kind]
    block, size = gguf.GGML_QUANT_SIZES[type_]
    raw = np.random.default_rng(0).integers(0, 60, (3, 2 * size), dtype=np.uint8)
    writer = gguf.GGUFWriter(tmp_path / "k.gguf", "llama")
    writer.add_tensor("w", raw, raw_dtype=type_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = GgufFile(tmp_path / "k.gguf").array("w", (3, 2 * block))
    np.testing.assert_array_equal(found, dequantize(raw, type_))


def test_metadata_agrees_with_the_library():
    path = models.resolve("smollm2-135m-instruct").path
    ours, theirs = GgufFile(path), gguf.GGUFReader(path)
    assert {t.name for t in theirs.tensors} == set(ours.tensors)
    for t in theirs.tensors[:20]:
        info = ours.tensors[t.name]
        assert info.shape == tuple(int(d) for d in reversed(t.shape))
        assert (info.offset, info.size_bytes) == (t.data_offset, t.n_bytes)
    for key in ("llama.rope.freq_base", "general.languages", "tokenizer.ggml.add_bos_token"):
        assert ours.metadata[key] == theirs.fields[key].contents()


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"tokenizer__ggml__pre": "martian"}, "pre-tokenizer 'martian' is not supported"),
        ({"llama__rope__scaling__type": "yarn"}, "rope scaling 'yarn' is not supported"),
    ],
)
def test_unsupported_variants_are_named(tmp_path, sound, metadata, message):
    _, config, weights = sound
    writer_metadata = dict(metadata)
    path = tmp_path / "variant.gguf"
    if "tokenizer__ggml__pre" in writer_metadata:
        data = sound[0].read_bytes().replace(b"gpt-2", b"wrong")
        path.write_bytes(data)
        message = message.replace("martian", "wrong")
    else:
        tiny.write_gguf(path, config, weights, **writer_metadata)
    with pytest.raises(ModelFormatError, match=message):
        read_all(path)


def test_unsupported_architecture_is_named(tmp_path, sound):
    path = tmp_path / "other.gguf"
    path.write_bytes(
        sound[0].read_bytes().replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0mamba")
    )
    with pytest.raises(ModelFormatError, match="architecture 'mamba' is not supported"):
        read_all(path)


def header(*, magic=b"GGUF", version=3, tensors=0, pairs=b"", count=0):
    return magic + struct.pack("<IQQ", version, tensors, count) + pairs


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


DAMAGED = {
    "empty": (b"", "cannot be opened"),
    "magic": (header(magic=b"GGML"), "starts with b'GGML'"),
    "version": (header(version=9), "version 9, expected 2 or 3"),
    "big endian": (header(version=3 << 24), "in little-endian order"),
    "short": (b"GGUF\3", "cut off"),
    "many tensors": (header(tensors=1 << 60), "announces 1152921504606846976 items"),
    "many keys": (header(count=1 << 60), "items at byte"),
    "long key": (header(count=1, pairs=struct.pack("<Q", 1 << 62) + b"abcdefgh"), "announces"),
    "not utf-8": (header(count=1, pairs=text(b"\xff\xfe") + bytes(12)), "not UTF-8"),
    "unknown type": (
        header(count=1, pairs=text(b"key") + struct.pack("<IQ", 77, 0)),
        "unknown type 77",
    ),
    "long array": (
        header(count=1, pairs=text(b"key") + struct.pack("<IIQ", 9, 4, 1 << 61)),
        "announces",
    ),
    "long array of strings": (
        header(count=1, pairs=text(b"key") + struct.pack("<IIQ", 9, 8, 1 << 50)),
        "announces",
    ),
    "list of strings that ends": (
        header(count=1, pairs=text(b"key") + struct.pack("<IIQ", 9, 8, 3) + text(b"abc") * 2),
        "announces 3 items|cut off inside a list of 3 strings",
    ),
    "string longer than the file": (
        header(
            count=1,
            pairs=text(b"key") + struct.pack("<IIQ", 9, 8, 2) + text(b"abc") + b"\xff" * 16,
        ),
        "cut off inside a list of 2 strings",
    ),
    "list of strings not utf-8": (
        header(count=1, pairs=text(b"key") + struct.pack("<IIQ", 9, 8, 1) + text(b"\xff\xfe")),
        "not UTF-8",
    ),
    "deep arrays": (
        header(count=1, pairs=text(b"k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 9),
        "nests arrays",
    ),
    "twice": (header(count=2, pairs=(text(b"key") + struct.pack("<IB", 7, 1)) * 2), "twice"),
    "alignment": (
        header(count=1, pairs=text(b"general.alignment") + struct.pack("<II", 4, 0) + bytes(8)),
        "'general.alignment' is 0",
    ),
    "rank": (header(tensors=1, pairs=text(b"w") + struct.pack("<IQ", 9, 1) + bytes(8)), "9 dimens"),
    "tensor type": (
        header(tensors=1, pairs=text(b"w") + struct.pack("<IQIQ", 1, 32, 16, 0)),
        "type IQ2_XXS",
    ),
    "tensor past the end": (
        header(tensors=1, pairs=text(b"w") + struct.pack("<IQIQ", 1, 1 << 40, 0, 0)),
        "cut off",
    ),
    "huge tensor": (
        header(tensors=1, pairs=text(b"w") + struct.pack("<IQQIQ", 2, 1 << 63, 1 << 63, 0, 0)),
        "cut off",
    ),
    "row not of blocks": (
        header(tensors=1, pairs=text(b"w") + struct.pack("<IQIQ", 1, 33, 8, 0)),
        "multiples of 32",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_header_is_one_error(tmp_path, name):
    data, message = DAMAGED[name]
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelFormatError, match=message) as error:
        read_all(path)
    assert str(error.value).startswith("bad.gguf: ") and len(str(error.value)) < 300


def test_absurd_sizes_fail_before_any_work(tmp_path, sound):
    """A million layers or a vocabulary of billions must not be emitted before it is checked."""
    data = sound[0].read_bytes()
    at = data.index(b"llama.block_count") + len("llama.block_count") + 4
    path = tmp_path / "absurd.gguf"
    path.write_bytes(data[:at] + struct.pack("<I", 1 << 20) + data[at + 4 :])
    with pytest.raises(ModelFormatError, match=r"has no tensor 'blk\.1\.attn_norm\.weight'"):
        models.dims(models.resolve(str(path)))
    path.write_bytes(data[:at] + struct.pack("<I", 1 << 30) + data[at + 4 :])
    with pytest.raises(ModelFormatError, match="layers is 1073741824, expected"):
        models.dims(models.resolve(str(path)))


def test_values_that_are_not_finite_are_refused(tmp_path, sound):
    _, config, weights = sound
    broken = {**weights, "layers.0.down": np.full_like(weights["layers.0.down"], np.inf)}
    tiny.write_gguf(tmp_path / "inf.gguf", config, broken)
    with pytest.raises(ModelFormatError, match=r"'blk\.0\.ffn_down\.weight' holds values"):
        read_all(tmp_path / "inf.gguf")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_mutated_files_never_crash(tmp_path, sound, data):
    """Flipped bytes, cuts and insertions: the file reads, or one typed error says why not."""
    original = sound[0].read_bytes()
    metadata_end = original.index(b"blk.0.ffn_down.weight") + 200
    damaged = bytearray(original)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, metadata_end))
        new = data.draw(st.binary(min_size=1, max_size=8))
        action = data.draw(st.sampled_from(["overwrite", "insert", "remove", "cut"]))
        if action == "overwrite":
            damaged[at : at + len(new)] = new
        elif action == "insert":
            damaged[at:at] = new
        elif action == "remove":
            del damaged[at : at + len(new)]
        else:
            del damaged[at * len(damaged) // metadata_end :]
    path = tmp_path / "mutated.gguf"
    path.write_bytes(damaged)
    try:
        read_all(path)
    except AgentcError as error:
        assert str(error).isprintable() or "\n" not in str(error)
