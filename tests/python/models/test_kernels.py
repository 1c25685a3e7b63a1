"""The attention kernels alone, every instruction set, against float64 on random data."""

from __future__ import annotations

import numpy as np
import pytest

from agentc.codegen import iree, pack, store
from agentc.models.kernel_attention import KernelAttention, supports
from agentc.models.linear import KernelLinear, panel_reader
from agentc.models.rope import rope_tables
from agentc.models.shape_ops import columns
from agentc.models.tensor_module import Argument, TensorModule, verify
from agentc.models.tensor_program import Function

from . import tiny
from .conftest import HOST, kernel_objects
from .harness import PAGE, Session

SHAPES = {
    "group of 1": {"heads": 2, "kv_heads": 2, "head_dim": 16},
    "group of 3": {"heads": 9, "kv_heads": 3, "head_dim": 64},
    "group of 5, wide": {"heads": 5, "kv_heads": 1, "head_dim": 256},
    "group of 14, odd width": {"heads": 28, "kv_heads": 2, "head_dim": 48},
}


def attention_program(config, kernel):
    """One layer's attention as a program: qkv and the batch in, output and pool out."""
    module = TensorModule("attention")
    attention = KernelAttention(config, module, kernel.attention_file())
    arguments = [
        Argument("qkv", ("T", config.qkv_width)),
        Argument("positions", ("T",), "i32"),
        Argument("sequence_of", ("T",), "i32"),
        Argument("block_table", ("S", "P"), "i32"),
        Argument("pool", ("pages", *attention.page_shape), updated=True),
    ]
    f = Function(module, "main", arguments)
    attention.begin(f, f["pool"])
    out, pool = attention.layer(f, 1, f["qkv"], f["pool"])
    whole = columns(f, out, 0, config.heads * config.head_dim)
    f.finish([whole], {"pool": attention.end(f, pool)})
    verify(module.text())
    return module


class Attention:
    """A compiled attention layer with a pool full of NaN."""

    def __init__(self, config, kernel, pages=30):
        module = attention_program(config, kernel)
        binary = iree.compile(module.text(), HOST, objects=[kernel.attention])
        declared = {n: (t.shape, t.element) for n, t in module.parameters.items()}
        tables = rope_tables(config)
        origin = store.digest(*(t.tobytes() for t in tables.values()))
        archive = pack.pack(declared, tables.__getitem__, origin)
        self.session = Session(binary.path, archive.path, "main")
        self.shape = (pages, config.layers, config.kv_heads, 2, PAGE, config.head_dim)
        self.pool = np.full(self.shape, np.nan, np.float32)

    def __call__(self, qkv, positions, sequences, table):
        ints = [np.asarray(a, np.int32) for a in (positions, sequences, table)]
        out, self.pool = self.session.run([qkv.astype(np.float32), *ints, self.pool], 2)
        return out

    def pages(self, table, head, kv, count):
        """Keys (kv 0) or values (1) of a sequence as [count, head_dim]."""
        blocks = self.pool[table, 1, head, kv]
        if kv == 0:  # inside a K page, the dimension comes first
            blocks = blocks.reshape(len(table), -1, PAGE).swapaxes(1, 2)
        return blocks.reshape(len(table) * PAGE, -1)[:count]


def rotate(x, positions, config):
    half = config.head_dim // 2
    angles = np.outer(positions, config.rope_base ** (-np.arange(half) * 2 / config.head_dim))
    z = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)[:, None]
    return np.concatenate([z.real, z.imag], -1)


def reference(qkv, config):
    """Output, rotated keys and values of one sequence from position 0, f64."""
    count = len(qkv)
    split = qkv.reshape(count, -1, config.head_dim).astype(np.float64)
    h, k = config.heads, config.kv_heads
    queries = rotate(split[:, :h], np.arange(count), config)
    keys, values = rotate(split[:, h : h + k], np.arange(count), config), split[:, h + k :]
    wide_keys, wide_values = (np.repeat(a, h // k, axis=1) for a in (keys, values))
    scores = np.einsum("ihd,jhd->hij", queries, wide_keys) / np.sqrt(config.head_dim)
    scores[:, np.triu(np.ones((count, count), bool), 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    out = np.einsum("hij,jhd->ihd", weights, wide_values).reshape(count, -1)
    return out, keys, values


@pytest.fixture(params=[(s, v) for v in kernel_objects() for s in SHAPES], ids="-".join)
def layer(request):
    shape, variant = request.param
    config = tiny.decoder_config(**SHAPES[shape])
    attention = Attention(config, kernel_objects()[variant])
    yield attention, config
    attention.session.close()


def test_output_keys_and_values(layer):
    attention, config = layer
    count, table = 150, [7, 3, 29, 1, 12, 5, 20, 21, 2, 9]
    qkv = np.random.default_rng(0).standard_normal((count, config.qkv_width)) * 2
    out, keys, values = reference(qkv, config)
    found = attention(qkv, range(count), [0] * count, [table])
    np.testing.assert_allclose(found, out, atol=2e-5)
    for head in range(config.kv_heads):
        for kv, expected in enumerate((keys, values)):
            stored = attention.pages(table, head, kv, count)
            np.testing.assert_allclose(stored, expected[:, head], atol=1e-5)
    untouched = np.delete(attention.pool, table, axis=0)
    assert np.isnan(untouched).all() and np.isnan(attention.pool[:, 0]).all()

    mixed_sequences(attention, config, qkv, found)


def mixed_sequences(attention, config, qkv, alone):
    """Decode rows, a chunk, and padding between them give the bits of the sequence alone."""
    table = [[7, 3, 29, 1, 12, 5, 20, 21, 2, 9], [15, 16, 17, 18, 19, 22, 23, 24, 25, 26]]
    attention(qkv[:140], range(140), [1] * 140, table)
    rows = [149, 0, *range(140, 150), 1, 33]
    sequences = [0, -1, *([1] * 10), -1, 0]
    found = attention(qkv[rows], rows, sequences, table)
    np.testing.assert_array_equal(found[[0, *range(2, 12)]], alone[[149, *range(140, 150)]])
    np.testing.assert_array_equal(found[-1], alone[33])
    np.testing.assert_array_equal(found[[1, 12]], 0)


def test_extreme_scores_stay_finite(layer):
    """Softmax of scores far apart: the largest key takes all, nothing overflows."""
    attention, config = layer
    qkv = np.random.default_rng(1).standard_normal((40, config.qkv_width)) * 300
    out, _, _ = reference(qkv, config)
    found = attention(qkv, range(40), [0] * 40, [[4, 8, 6]])
    assert np.isfinite(found).all()
    # Rounding of scores near 1e5 moves close competitors; compare where one key clearly wins.
    agree = np.isclose(found, out, rtol=1e-3, atol=1.0).mean()
    assert agree > 0.95


@pytest.fixture(scope="module", params=kernel_objects())
def product(request):
    """x[rows, 37] times three matrices: many panels, one panel, and one that fits no panel."""
    kernel = kernel_objects()[request.param]
    module = TensorModule("product")
    linear = KernelLinear(module, kernel.matmul_file())
    f = Function(module, "main", [Argument("x", ("rows", 37)), Argument("ids", ("n",), "i32")])
    results = [linear.apply(f, f["x"], f"w{n}", n) for n in (16 * 7, 16, 21)]
    results += [linear.gather(f, f["ids"], f"w{n}", (n, 37)) for n in (16 * 7, 21)]
    f.finish(results)
    rng = np.random.default_rng(5)
    weights = {f"w{n}": rng.standard_normal((n, 37)).astype(np.float32) for n in (112, 16, 21)}
    binary = iree.compile(module.text(), HOST, objects=[kernel.matmul])
    declared = {n: (t.shape, t.element) for n, t in module.parameters.items()}
    archive = pack.pack(declared, panel_reader(weights.__getitem__), "product test")
    session = Session(binary.path, archive.path, "main")
    yield session, weights, set(declared)
    session.close()


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 13, 40])
def test_products_match_float64_whatever_the_rows(product, rows):
    session, weights, declared = product
    assert declared == {"w112.panels", "w16.panels", "w21"}
    x = np.random.default_rng(6).standard_normal((40, 37)).astype(np.float32)
    ids = np.array([20, 0, 15, 16], np.int32)
    *products, gathered, plain = session.run([x[:rows], ids], 5)
    for found, weight in zip(products, weights.values(), strict=True):
        np.testing.assert_allclose(found, x[:rows].astype(np.float64) @ weight.T, atol=2e-5)
    for row in (0, rows - 1):
        alone = session.run([x[row : row + 1], ids], 5)
        for found, one in zip(products, alone, strict=False):
            np.testing.assert_array_equal(found[row], one[0])
    np.testing.assert_array_equal(gathered, weights["w112"][ids])
    np.testing.assert_array_equal(plain, weights["w21"][ids])


@pytest.mark.parametrize(
    ("head_dim", "expected"), [(16, True), (256, True), (10, False), (72, False), (272, False)]
)
def test_supported_shapes(head_dim, expected):
    assert supports(tiny.decoder_config(head_dim=head_dim)) == expected
