"""Every GGUF type against the arithmetic of its blocks, written out by hand, on random blocks."""

from __future__ import annotations

import struct

import gguf
import numpy as np
import pytest
from gguf.quants import quantize

from agentc.models.gguf_file import GgufFile


def f16(raw: bytes) -> float:
    return float(struct.unpack("<e", raw)[0])


def q4_0(b):
    d, q = f16(b[:2]), b[2:]
    return [d * ((v & 15) - 8) for v in q] + [d * ((v >> 4) - 8) for v in q]


def q4_1(b):
    d, m, q = f16(b[:2]), f16(b[2:4]), b[4:]
    return [d * (v & 15) + m for v in q] + [d * (v >> 4) + m for v in q]


def fifth_bits(raw):
    high = int.from_bytes(raw, "little")
    return [16 * (high >> i & 1) for i in range(32)]


def q5_0(b):
    d, high, q = f16(b[:2]), fifth_bits(b[2:6]), b[6:]
    nibbles = [v & 15 for v in q] + [v >> 4 for v in q]
    return [d * (n + h - 16) for n, h in zip(nibbles, high, strict=True)]


def q5_1(b):
    d, m, high, q = f16(b[:2]), f16(b[2:4]), fifth_bits(b[4:8]), b[8:]
    nibbles = [v & 15 for v in q] + [v >> 4 for v in q]
    return [d * (n + h) + m for n, h in zip(nibbles, high, strict=True)]


def q8_0(b):
    return [f16(b[:2]) * v for v in struct.unpack("32b", b[2:])]


def scales_and_minima(s):
    """Eight pairs of 6-bit numbers in 12 bytes."""
    pairs = [(s[j] & 63, s[j + 4] & 63) for j in range(4)]
    for j in range(4):
        scale = (s[j + 8] & 15) | (s[j] >> 6 << 4)
        pairs.append((scale, (s[j + 8] >> 4) | (s[j + 4] >> 6 << 4)))
    return pairs


def q4_k(b):
    d, least, pairs, q = f16(b[:2]), f16(b[2:4]), scales_and_minima(b[4:16]), b[16:]
    values = []
    for group, (scale, minimum) in enumerate(pairs):
        part = q[group // 2 * 32 : group // 2 * 32 + 32]
        values += [d * scale * (v >> 4 * (group % 2) & 15) - least * minimum for v in part]
    return values


def q5_k(b):
    d, least, pairs = f16(b[:2]), f16(b[2:4]), scales_and_minima(b[4:16])
    high, q, values = b[16:48], b[48:], []
    for group, (scale, minimum) in enumerate(pairs):
        part = q[group // 2 * 32 : group // 2 * 32 + 32]
        for v, h in zip(part, high, strict=True):
            number = (v >> 4 * (group % 2) & 15) + 16 * (h >> group & 1)
            values.append(d * scale * number - least * minimum)
    return values


def q6_k(b):
    low, high, scales, d = b[:128], b[128:192], struct.unpack("16b", b[192:208]), f16(b[208:])
    values = []
    for i in range(256):
        half, quarter, at = i // 128, i % 128 // 32, i % 32
        nibble = low[64 * half + 32 * (quarter % 2) + at] >> 4 * (quarter // 2) & 15
        number = nibble | (high[32 * half + at] >> 2 * quarter & 3) << 4
        values.append(d * scales[i // 16] * (number - 32))
    return values


BY_HAND = {
    "Q4_0": (q4_0, [0]),
    "Q4_1": (q4_1, [0, 2]),
    "Q5_0": (q5_0, [0]),
    "Q5_1": (q5_1, [0, 2]),
    "Q8_0": (q8_0, [0]),
    "Q4_K": (q4_k, [0, 2]),
    "Q5_K": (q5_k, [0, 2]),
    "Q6_K": (q6_k, [208]),
}
"""The arithmetic of a block, and where its f16 numbers are."""


def write(path, raw, kind):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("w", raw, raw_dtype=gguf.GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return GgufFile(path)


def random_blocks(kind, rows, blocks, seed):
    """Random bytes, but for the f16 numbers, which are of the size that files have."""
    size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]][1]
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 256, (rows, blocks, size), dtype=np.uint8)
    for at in BY_HAND[kind][1]:
        numbers = (rng.standard_normal((rows, blocks, 1)) * 0.02).astype(np.float16)
        raw[:, :, at : at + 2] = numbers.view(np.uint8)
    return raw


@pytest.mark.parametrize("kind", BY_HAND)
def test_quantised_types(tmp_path, kind):
    rows, blocks = 5, 3
    raw = random_blocks(kind, rows, blocks, seed=sorted(BY_HAND).index(kind))
    expected = [[v for b in row for v in BY_HAND[kind][0](b.tobytes())] for row in raw]
    file = write(tmp_path / "w.gguf", raw.reshape(rows, -1), kind)
    found = file.array("w", (rows, len(expected[0])))
    assert found.dtype == np.float32 and file.tensors["w"].type == kind
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(file.blocks(file.tensors["w"]), raw.reshape(rows, -1))


@pytest.mark.parametrize("kind", [k for k in BY_HAND if not k.endswith("K")])
def test_what_the_library_writes_is_near_the_original(tmp_path, kind):
    values = np.random.default_rng(4).standard_normal((7, 96)).astype(np.float32)
    type_ = gguf.GGMLQuantizationType[kind]
    found = write(tmp_path / "w.gguf", quantize(values, type_), kind).array("w", (7, 96))
    step = np.abs(values).max() * 2 / (2 ** int(kind[1]) - 1)
    assert 0 < np.abs(found - values).max() < step


def test_plain_types(tmp_path):
    values = np.random.default_rng(5).standard_normal((3, 33)).astype(np.float32)
    for kind, raw, expected in (
        ("F32", values, values),
        ("F16", values.astype(np.float16), values.astype(np.float16).astype(np.float32)),
    ):
        found = write(tmp_path / f"{kind}.gguf", raw, kind).array("w", (3, 33))
        np.testing.assert_array_equal(found, expected)
    words = (values.view(np.uint32) >> 16).astype(np.uint16)
    file = write(tmp_path / "b.gguf", words.view(np.uint8), "BF16")
    expected = (words.astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(file.array("w", (3, 33)), expected)
