"""The owners of IREE objects: typed errors, ordered ends, copies only."""

import os
import subprocess
import sys
from pathlib import Path

import iree.compiler
import iree.runtime
import numpy as np
import pytest

from agentc.errors import PackageError, RuntimeFault
from agentc.plan import Device
from agentc.runtime.backends.forward import FlatBatch, IreeForward
from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.backends.tensor_module import TensorModule
from agentc.runtime.engine.opening import PAGE_DTYPES, count_pages

ADD_AND_ROW = """
module @m {
  func.func @add(%a: tensor<?x4xf32>, %b: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<4xf32>) {
    %r = arith.addf %a, %b : tensor<?x4xf32>
    %s = tensor.extract_slice %a[0, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<4xf32>
    return %r, %s : tensor<?x4xf32>, tensor<4xf32>
  }
}
"""


def _vulkan_works():
    try:
        return bool(iree.runtime.get_driver("vulkan").query_available_devices())
    except (RuntimeError, ValueError):
        return False


VULKAN = pytest.param(
    "vulkan", marks=pytest.mark.skipif(not _vulkan_works(), reason="no Vulkan device here")
)


@pytest.fixture(scope="module")
def compile_add(tmp_path_factory):
    def compile_(driver):
        backend = "vulkan-spirv" if driver == "vulkan" else "llvm-cpu"
        extra = [] if driver == "vulkan" else ["--iree-llvmcpu-target-cpu=host"]
        path = tmp_path_factory.mktemp("vmfb") / f"{backend}.vmfb"
        path.write_bytes(
            iree.compiler.compile_str(ADD_AND_ROW, target_backends=[backend], extra_args=extra)
        )
        return path

    return compile_


@pytest.mark.parametrize("driver", ["local-task", "local-sync", VULKAN])
def test_arrays_in_copies_out(compile_add, driver):
    with IreeDevice(driver, 2 if driver == "local-task" else 0) as device:
        module = device.load(compile_add(driver))
        add = TensorModule(module, "add", 2)
        random = np.random.default_rng(0)
        a, b = random.random((2, 300, 4), np.float32)
        total, row = add(a, b)
        assert np.array_equal(total, a + b)
        assert np.array_equal(row, a[0])
        zeros = module.zeros((3, 4), np.dtype(np.float32))
        assert not module.read(zeros).any()
        del zeros
    assert np.array_equal(total, a + b)  # still ours when the device is gone
    total += 1  # and writable


def test_wrong_shapes_are_a_fault_and_the_module_lives(compile_add):
    with IreeDevice("local-sync") as device:
        add = TensorModule(device.load(compile_add("local-sync")), "add", 2)
        with pytest.raises(RuntimeFault, match="'add' failed") as caught:
            add(np.zeros((3, 5), np.float32), np.zeros((3, 5), np.float32))
        assert caught.value.kind == "device"
        assert "\n" not in str(caught.value)
        with pytest.raises(RuntimeFault, match="an array of complex128 cannot go to a device"):
            add(np.zeros((3, 4), complex), np.zeros((3, 4), complex))
        ones = np.ones((1, 4), np.float32)
        assert np.array_equal(add(ones, ones)[0], 2 * ones)


def test_no_such_device():
    with pytest.raises(RuntimeFault, match=r"cannot open device 'abacus'.*local-task"):
        IreeDevice("abacus")


def test_files_that_are_not_modules(tmp_path, compile_add):
    (tmp_path / "bad.vmfb").write_bytes(b"not a module" * 10)
    (tmp_path / "bad.irpa").write_bytes(b"not parameters" * 10)
    with IreeDevice("local-sync") as device:
        for vmfb, parameters in (
            (tmp_path / "bad.vmfb", None),
            (tmp_path / "missing.vmfb", None),
            (compile_add("local-sync"), tmp_path / "bad.irpa"),
            (compile_add("local-sync"), tmp_path / "missing.irpa"),
        ):
            with pytest.raises(PackageError, match="cannot load"):
                device.load(vmfb, parameters)


def test_a_closed_device_says_so(compile_add):
    device = IreeDevice("local-sync")
    module = device.load(compile_add("local-sync"))
    device.close()
    device.close()
    with pytest.raises(RuntimeFault, match="is closed"):
        module.invoke("add", [], results=2)
    with pytest.raises(RuntimeFault, match="is closed"):
        device.load(compile_add("local-sync"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokens": [0, 99999999]}, "token out of range: found 0..99999999"),
        ({"tokens": [0, -1]}, "token out of range"),
        ({"positions": [0, 16]}, "position out of range: found 0..16, expected 0..15"),
        ({"sequence_of": [0, 1]}, "sequence out of range"),
        ({"block_table": [[500]]}, "page out of range: found 500..500, expected 0..7"),
        ({"logit_rows": [2]}, "logit row out of range"),
    ],
)
def test_the_host_checks_what_kernels_do_not(smollm2, cpu, change, message):
    binary = smollm2.model.binaries["cpu"]
    forward = IreeForward(
        cpu.load(smollm2.vmfb, smollm2.parameters),
        entry=binary.entry,
        vocabulary=smollm2.model.dims["vocab"],
        context_tokens=smollm2.model.dims["context"],
        pages=8,
        page_tokens=16,
        page_shape=binary.page_shape,
        page_dtype=PAGE_DTYPES[binary.page_dtype],
    )
    good = {
        "tokens": [5, 6],
        "positions": [0, 1],
        "sequence_of": [0, 0],
        "block_table": [[3]],
        "logit_rows": [1],
    }
    arrays = {name: np.array(value, np.int32) for name, value in {**good, **change}.items()}
    with pytest.raises(RuntimeFault, match=message):
        forward(FlatBatch(**arrays))
    arrays = {name: np.array(value, np.int32) for name, value in good.items()}
    assert forward(FlatBatch(**arrays)).row(0).shape == (forward.vocabulary,)
    forward.close()


def test_logits_are_read_in_place_until_the_next_call(smollm2, cpu):
    binary, dims = smollm2.model.binaries["cpu"], smollm2.model.dims
    forward = IreeForward(
        cpu.load(smollm2.vmfb, smollm2.parameters),
        entry=binary.entry,
        vocabulary=dims["vocab"],
        context_tokens=dims["context"],
        pages=8,
        page_tokens=16,
        page_shape=binary.page_shape,
        page_dtype=PAGE_DTYPES[binary.page_dtype],
    )
    batch = FlatBatch(
        *(np.array(v, np.int32) for v in ([5, 6, 7], [0, 1, 2], [0] * 3, [[3]], [0, 2]))
    )
    first = forward(batch)
    rows = [first.row(0), first.row(1)]
    assert first.best() == [int(row.argmax()) for row in rows]
    rows[0][:] = 0  # a copy: the next reader sees the device's values
    assert first.row(0).any()
    second = forward(batch)
    assert np.array_equal(second.row(1), rows[1])
    with pytest.raises(RuntimeFault, match="logits of an earlier step are gone"):
        first.row(0)
    forward.close()
    with pytest.raises(RuntimeFault, match="are gone"):
        second.best()


def test_pages_follow_the_memory_budget(smollm2):
    model, binary = smollm2.model, smollm2.model.binaries["cpu"]
    page_bytes = PAGE_DTYPES[binary.page_dtype].itemsize * int(np.prod(binary.page_shape))
    useful = 2 * model.dims["context"] // binary.page_tokens + 1

    def pages(memory_bytes):
        device = Device("cpu", "cpu", "local-task", count=1, memory_bytes=memory_bytes)
        return count_pages(model, binary, device, max_sequences=2)

    assert pages(page_bytes * 10 + 1) == 10
    assert pages(page_bytes * 10**6) == useful
    with pytest.raises(RuntimeFault, match="give it more memory") as caught:
        pages(page_bytes)
    assert caught.value.kind == "capacity"


EXIT = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from real_models import compile_model
from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine import Sampling
compiled = compile_model("smollm2-135m-instruct", Path({tmp!r}))
device = IreeDevice("local-task", 2)
engine = compiled.open(device)

async def main():
    global kept
    kept = await engine.decode(engine.append(engine.open(), [1, 2, 3]), Sampling(3))
    if {how!r} == "in flight":
        asyncio.get_running_loop().create_task(engine.decode(kept.snapshot, Sampling(4000)))
        await asyncio.sleep(0.2)

asyncio.run(main())
if {how!r} == "closed":
    engine.close()
    device.close()
print(len(kept.tokens), flush=True)
"""


@pytest.mark.parametrize("how", ["closed", "left open", "in flight"])
def test_the_interpreter_exits_with_0(smollm2, tmp_path, how):
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", EXIT.format(folder=folder, tmp=str(tmp_path), how=how)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
