"""Parameter archives: the same weights copied or mapped; what is no archive is refused."""

from __future__ import annotations

import gc
import mmap
import weakref

import numpy as np
import pytest

from agentc.codegen import iree, pack
from agentc.codegen.targets import TargetSpec
from agentc.errors import PackageError
from agentc.models.tensor_module import Argument, TensorModule
from agentc.models.tensor_program import Function
from agentc.runtime.backends import parameters
from agentc.runtime.backends.iree import IreeDevice

WEIGHTS = {
    "scale": np.linspace(-1, 1, 7, dtype=np.float32),
    "rope.cos": np.linspace(0, 2, 7, dtype=np.float32),
    "table": np.arange(700_001 * 7, dtype=np.float32).reshape(-1, 7) % 1009,
}
HAS_HUGE_PAGES = hasattr(mmap, "MADV_HUGEPAGE")


@pytest.fixture(scope="module")
def compiled():
    """x[t, 7] times `scale` and `rope.cos`, plus the last row of a table that is larger than a
    huge page."""
    module = TensorModule("weighted")
    f = Function(module, "main", [Argument("x", ("T", 7))])
    scale, cos = f.parameter("scale", (7,)), f.parameter("rope.cos", (7,))
    table = f.parameter("table", WEIGHTS["table"].shape)
    last = WEIGHTS["table"].shape[0] - 1

    def body(b, x, s, c):
        row = b.constant(last, "index")
        return x * s * c + b.read(table, row, b.loop_index("d"))

    f.finish([f.map("td,d,d->td", f["x"], scale, cos, body=body)])
    declared = {n: (t.shape, t.element) for n, t in module.parameters.items()}
    binary = iree.compile(module.text(), TargetSpec("local-sync"))
    archive = pack.pack(declared, WEIGHTS.__getitem__, "test_parameters")
    return binary.path, archive.path


def run(compiled):
    with IreeDevice("local-sync") as device:
        module = device.load(*compiled)
        x = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
        (result,) = module.invoke("main", [module.upload(x)], results=1)
        found = module.read(result)
        del result
    return x, found


@pytest.mark.parametrize("largest_bytes", [0, parameters.LARGEST_COPIED_BYTES])
def test_weights_are_the_same_copied_and_mapped(compiled, monkeypatch, largest_bytes):
    monkeypatch.setattr(parameters, "LARGEST_COPIED_BYTES", largest_bytes)
    x, found = run(compiled)
    expected = x * WEIGHTS["scale"] * WEIGHTS["rope.cos"] + WEIGHTS["table"][-1]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.skipif(not HAS_HUGE_PAGES, reason="the system has no huge pages")
def test_a_copy_begins_at_a_huge_page_and_is_freed(compiled):
    index, memory = parameters.open_parameters(compiled[1], on_host=True)
    assert memory.ctypes.data % parameters.HUGE_PAGE_BYTES == 0
    assert memory.nbytes == 64 + -(-WEIGHTS["table"].nbytes // 64) * 64
    assert {name for name, _ in index.items()} == set(WEIGHTS)
    gone = weakref.ref(memory)
    del index, memory
    gc.collect()
    assert gone() is None


def test_other_devices_map(compiled):
    index, memory = parameters.open_parameters(compiled[1], on_host=False)
    assert memory is None and len(list(index.items())) == len(WEIGHTS)


@pytest.mark.parametrize("damage", ["cut", "text", "missing"])
def test_what_is_no_archive_is_refused(compiled, tmp_path, damage):
    bad = tmp_path / "bad.irpa"
    if damage != "missing":
        whole = compiled[1].read_bytes()
        bad.write_bytes(whole[:100] if damage == "cut" else b"not an archive" * 100)
    with IreeDevice("local-sync") as device, pytest.raises(PackageError, match="cannot load"):
        device.load(compiled[0], bad)
