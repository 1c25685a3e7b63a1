"""Pages out of the pool and back: the bytes themselves, and what a model makes of them."""

import iree.compiler
import iree.runtime
import numpy as np
import pytest

from agentc.runtime.backends.forward import FlatBatch, IreeForward
from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine.opening import PAGE_DTYPES

DOUBLE = """
module @m {{
  func.func @double(%a: tensor<?x3x64x{type}>) -> tensor<?x3x64x{type}> {{
    %r = arith.{add} %a, %a : tensor<?x3x64x{type}>
    return %r : tensor<?x3x64x{type}>
  }}
}}
"""
TYPES = {"f32": np.float32, "f16": np.float16, "i8": np.int8}


def _vulkan_works():
    try:
        return bool(iree.runtime.get_driver("vulkan").query_available_devices())
    except (RuntimeError, ValueError):
        return False


VULKAN = pytest.param(
    "vulkan", marks=pytest.mark.skipif(not _vulkan_works(), reason="no Vulkan device here")
)


def _compile(folder, driver, element):
    add = "addi" if element == "i8" else "addf"
    backend = "vulkan-spirv" if driver == "vulkan" else "llvm-cpu"
    # The default Vulkan target has no 16-bit storage, and its emulation loses every other element.
    vulkan, cpu = "--iree-vulkan-target=valhall", "--iree-llvmcpu-target-cpu=host"
    extra = [vulkan if driver == "vulkan" else cpu]
    path = folder / "double.vmfb"
    source = DOUBLE.format(type=element, add=add)
    path.write_bytes(iree.compiler.compile_str(source, target_backends=[backend], extra_args=extra))
    return path


@pytest.mark.parametrize("element", TYPES)
@pytest.mark.parametrize("driver", ["local-task", "local-sync", VULKAN])
def test_rows_go_out_and_in_between_calls(tmp_path, driver, element):
    random = np.random.default_rng(3)
    expected = random.integers(-30, 30, (50, 3, 64)).astype(TYPES[element])
    with IreeDevice(driver, 2 if driver == "local-task" else 0) as device:
        module = device.load(_compile(tmp_path, driver, element))
        pool = module.zeros(expected.shape, expected.dtype)
        every = random.permutation(50).tolist()
        module.write_rows(pool, every, [expected[i].reshape(-1).view(np.uint8) for i in every])
        (pool,) = module.invoke("double", [pool], results=1)
        expected = expected + expected
        some = [49, 0, 17]
        for index, row in zip(some, module.read_rows(pool, some), strict=True):
            assert row.tobytes() == expected[index].tobytes()
        new = random.integers(-30, 30, (2, 3, 64)).astype(TYPES[element])
        module.write_rows(pool, [17, 3], [row.reshape(-1).view(np.uint8) for row in new])
        expected[[17, 3]] = new
        (pool,) = module.invoke("double", [pool], results=1)
        assert np.array_equal(module.read(pool), expected + expected)
        module.write_rows(pool, [], [])
        assert module.read_rows(pool, []) == []
        del pool


def _forward(smollm2, cpu, pages):
    binary = smollm2.model.binaries["cpu"]
    return IreeForward(
        cpu.load(smollm2.vmfb, smollm2.parameters),
        entry=binary.entry,
        vocabulary=smollm2.model.dims["vocab"],
        context_tokens=smollm2.model.dims["context"],
        pages=pages,
        page_tokens=binary.page_tokens,
        page_shape=binary.page_shape,
        page_dtype=PAGE_DTYPES[binary.page_dtype],
    )


def _run(forward, tokens, start, pages):
    """Logits of the last of `tokens`, which begin at position `start`."""
    count = len(tokens)
    return forward(
        FlatBatch(
            np.array(tokens, np.int32),
            np.arange(start, start + count, dtype=np.int32),
            np.zeros(count, np.int32),
            np.array([pages], np.int32),
            np.array([count - 1], np.int32),
        )
    ).row(0)


def test_pages_moved_within_a_pool_and_to_another_give_the_same_logits(smollm2, cpu):
    tokens = np.random.default_rng(1).integers(0, 40000, 41).tolist()
    forward, other = _forward(smollm2, cpu, 12), _forward(smollm2, cpu, 5)
    _run(forward, tokens[:40], 0, [1, 2, 3])
    contents = forward.read_pages([1, 2, 3])
    assert all(page.nbytes == forward.page_bytes for page in contents)
    expected = _run(forward, tokens[40:], 40, [1, 2, 3])
    forward.write_pages([9, 4, 11], contents)
    assert np.array_equal(_run(forward, tokens[40:], 40, [9, 4, 11]), expected)
    other.write_pages([4, 1, 2], contents)
    assert np.array_equal(_run(other, tokens[40:], 40, [4, 1, 2]), expected)
    changed = [page.copy() for page in contents]
    changed[1].view(np.int8)[:] += 1  # the copies are what is read: a change shows
    forward.write_pages([9, 4, 11], changed)
    assert not np.array_equal(_run(forward, tokens[40:], 40, [9, 4, 11]), expected)
    forward.close()
    other.close()
