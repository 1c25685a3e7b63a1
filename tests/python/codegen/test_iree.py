"""The compile cache, errors of the code generator, targets, kernels."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from agentc.codegen import iree, kernels, store, targets
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError

HOST = TargetSpec("local-task")
PROGRAM = """
func.func @add(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
"""


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTC_CACHE", str(tmp_path / "cache"))


def test_second_compile_is_a_hit():
    first = iree.compile(PROGRAM, HOST)
    second = iree.compile(PROGRAM, HOST)
    assert not first.cached and second.cached
    assert (first.path, first.sha256) == (second.path, second.sha256)
    assert first.path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "change",
    [
        {"text": PROGRAM.replace("addf", "mulf")},
        {"target": TargetSpec("local-task", "x86-64")},
        {"target": TargetSpec("local-task", flags=("--iree-opt-level=O3",))},
    ],
    ids=["program", "processor", "flag"],
)
def test_whatever_decides_the_binary_is_in_the_key(change):
    base = iree.compile(PROGRAM, HOST)
    other = iree.compile(change.get("text", PROGRAM), change.get("target", HOST))
    assert not other.cached and other.path != base.path


def test_processor_compiler_and_kernels_are_in_the_key(tmp_path, monkeypatch):
    job = iree.Job(PROGRAM, HOST)
    keys = {iree._key(job)}
    kernel = tmp_path / "k.o"
    for content in (b"one", b"two"):
        kernel.write_bytes(content)
        keys.add(iree._key(iree.Job(PROGRAM, HOST, objects=(kernel,))))
    monkeypatch.setattr(targets, "cpu_features", lambda: "x86_64 other")
    keys.add(iree._key(job))
    monkeypatch.setattr(iree, "compiler_version", lambda: "0")
    keys.add(iree._key(job))
    assert len(keys) == 5


def test_targets_compile_together_in_order_with_progress():
    events = []
    jobs = [
        iree.Job(PROGRAM, HOST, "cpu"),
        iree.Job(PROGRAM, TargetSpec("vulkan"), "gpu"),
        iree.Job(PROGRAM, HOST, "again"),
    ]
    found = iree.compile_all(jobs[:2], lambda label, state: events.append((label, state)))
    assert len({c.path for c in found}) == 2
    assert ("cpu", "compiling") in events and ("gpu", "compiling") in events
    assert sum(state.startswith("done in") for _, state in events) == 2
    again = iree.compile_all(jobs, lambda label, state: events.append((label, state)))
    assert [c.path for c in again] == [found[0].path, found[1].path, found[0].path]
    assert ("again", "cached") in events


def test_refused_program_is_one_error_and_leaves_nothing():
    with pytest.raises(CompileError, match=r"code generation for bad failed: .*error: ") as error:
        iree.compile(PROGRAM.replace("arith.addf", "arith.addi"), HOST, label="bad")
    assert "Traceback" not in str(error.value)
    assert list(store.folder("vmfb").iterdir()) == []


def test_slow_compile_is_one_error(monkeypatch):
    monkeypatch.setattr(iree, "TIMEOUT_S", 0.001)
    with pytest.raises(CompileError, match="did not end within 0 s"):
        iree.compile(PROGRAM, HOST, label="slow")


def test_unknown_driver_gets_a_hint():
    with pytest.raises(CompileError, match=r"unknown driver 'vulcan'.*did you mean 'vulkan'"):
        TargetSpec("vulcan").compiler_flags()


@pytest.mark.parametrize(
    "target",
    [TargetSpec("cuda", "sm_90"), TargetSpec("cuda", "sm_120"), TargetSpec("hip", "gfx942")],
    ids=lambda t: t.arch,
)
def test_gpu_targets_compile_without_a_gpu(target):
    assert iree.compile(PROGRAM, target).path.stat().st_size > 500


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_kernels_call_nothing_but_kernels():
    """The module's loader resolves no symbols: what an object needs comes with the objects beside
    it, of the same instruction set."""
    objects = [p for folder in kernels.folders() for p in folder.glob("*.o")]
    assert objects, "no kernel objects: build kernels/ or set AGENTC_KERNELS"
    for path in objects:
        _, _, variant = path.name.partition(".")
        beside = path.parent.glob(f"*.{variant}")
        known = {name for other in beside for name in symbols(other, "--defined-only")}
        assert symbols(path, "-u") <= known, path.name


def symbols(path, option):
    found = subprocess.run(["nm", option, path], capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in found.stdout.splitlines()}
