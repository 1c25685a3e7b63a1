"""Which kernel objects a target gets, and what the binary then asks of a processor."""

from __future__ import annotations

import pytest

from agentc import processor
from agentc.codegen import kernels
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError

HOST = TargetSpec("local-task")
V3 = "avx avx2 bmi1 bmi2 f16c fma movbe"
V4 = f"{V3} avx512bw avx512cd avx512dq avx512f avx512vl"


@pytest.fixture
def machine(monkeypatch):
    """Makes this machine look like another: `machine("x86_64", flags)`."""
    monkeypatch.delenv(kernels.FORCE, raising=False)

    def pretend(architecture, flags=""):
        monkeypatch.setattr(kernels.platform, "machine", lambda: architecture)
        monkeypatch.setattr(processor, "description", lambda: f"{architecture} {flags}")

    return pretend


@pytest.mark.parametrize(
    ("architecture", "flags", "best"),
    [
        ("x86_64", f"{V4} avx512_vnni", "x86-64-v4-vnni"),
        ("x86_64", V4, "x86-64-v4"),
        ("x86_64", f"{V4} avx512_vnni".replace("avx512bw", ""), "x86-64-v3"),
        ("AMD64", V3.replace("f16c", ""), "x86-64"),
        ("x86_64", "", "x86-64"),
        ("aarch64", "fp asimd asimddp", "armv8.2-a+dotprod"),
        ("aarch64", "fp asimd", "armv8-a"),
    ],
)
def test_the_best_object_that_the_processor_runs(
    tmp_path, monkeypatch, machine, architecture, flags, best
):
    machine(architecture, flags)
    monkeypatch.setenv("AGENTC_KERNELS", str(tmp_path))
    assert kernels.find("family", HOST) is None
    for variants in kernels.VARIANTS.values():
        for name in variants:
            (tmp_path / f"family.{name}.o").write_bytes(b"")
    found = kernels.find("family", HOST)
    assert found.path.name == f"family.{best}.o"
    assert found.elf == ("embedded-elf-arm_64" if "arm" in best else "embedded-elf-x86_64")
    (tmp_path / f"family.{best}.o").unlink()
    worse = kernels.find("family", HOST)
    assert (worse.path.name if worse else "") != f"family.{best}.o"


def test_named_architectures_and_other_devices(machine):
    machine("x86_64", "pni")
    assert kernels.variants(TargetSpec("local-task", "x86-64-v3")) == ("x86-64-v3", "x86-64")
    assert kernels.variants(TargetSpec("local-sync", "x86-64-v4"))[0] == "x86-64-v4"
    assert kernels.variants(TargetSpec("local-sync", "znver4")) == ("x86-64",)
    assert kernels.variants(TargetSpec("vulkan")) == ()
    machine("riscv64", "")
    assert kernels.variants(HOST) == ()


def test_a_binary_asks_for_what_it_may_use(machine):
    machine("x86_64", f"{V3} hypervisor rdrand")
    assert kernels.required_features(HOST) == ("x86_64", *sorted(V3.split()))
    named = kernels.required_features(TargetSpec("local-task", "x86-64-v4"))
    assert set(named) == {"x86_64", *V4.split()} - {"avx"}
    assert kernels.required_features(TargetSpec("local-task", "x86-64")) == ("x86_64",)
    assert kernels.required_features(TargetSpec("cuda", "sm_80")) == ()


def test_a_variant_can_be_forced(monkeypatch, machine):
    machine("x86_64", V4)
    monkeypatch.setenv(kernels.FORCE, "x86-64-v3")
    assert kernels.variants(HOST) == ("x86-64-v3",)
    assert kernels.variants(TargetSpec("vulkan")) == ()
    monkeypatch.setenv(kernels.FORCE, "x86-64-v4-vnni")
    assert "avx512_vnni" in kernels.required_features(HOST)
    monkeypatch.setenv(kernels.FORCE, "avx2")
    with pytest.raises(CompileError, match="'avx2', expected one of x86-64-v4-vnni, x86-64-v4"):
        kernels.variants(HOST)
