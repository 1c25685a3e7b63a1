"""Flags of every driver, and what identifies a target."""

from __future__ import annotations

import platform
import re

import pytest

from agentc import processor
from agentc.codegen.targets import TargetSpec, cpu_features
from agentc.errors import CompileError


@pytest.mark.parametrize(
    ("target", "flags"),
    [
        (TargetSpec("local-task"), ["--iree-llvmcpu-target-cpu=host"]),
        (TargetSpec("local-sync", "x86-64-v3"), ["--iree-llvmcpu-target-cpu=x86-64-v3"]),
        (TargetSpec("vulkan"), ["--iree-hal-target-device=vulkan"]),
        (TargetSpec("vulkan", "rdna3"), ["--iree-vulkan-target=rdna3"]),
        (TargetSpec("cuda"), ["--iree-hal-target-device=cuda", "--iree-cuda-target=sm_80"]),
        (TargetSpec("cuda", "sm_86"), ["--iree-cuda-target=sm_86"]),
        (TargetSpec("hip", "gfx1100"), ["--iree-rocm-target=gfx1100"]),
        (TargetSpec("vulkan", flags=("--x",)), ["--x"]),
        (TargetSpec("metal"), ["--iree-metal-compile-to-metallib=false"]),
    ],
    ids=lambda v: f"{v.driver}-{v.arch}" if isinstance(v, TargetSpec) else "",
)
def test_flags(target, flags):
    assert set(flags) <= set(target.compiler_flags())


@pytest.mark.parametrize("arch", ["sm_90", "sm_90a", "sm_100"])
def test_parts_the_compiler_refuses_get_the_newest_it_takes(arch):
    assert "--iree-cuda-target=sm_89" in TargetSpec("cuda", arch).compiler_flags()


@pytest.mark.parametrize("driver", ["cuda", "hip"])
def test_gpus_avoid_the_distribution_that_fails_on_gathers(driver):
    flags = TargetSpec(driver).compiler_flags()
    assert "--iree-codegen-llvmgpu-use-reduction-vector-distribution=false" in flags


@pytest.mark.parametrize(
    ("driver", "arch", "message"),
    [
        ("cuda", "gfx942", "unknown architecture 'gfx942' for driver 'cuda', expected sm_NN"),
        ("cuda", "89", "unknown architecture '89'"),
        ("hip", "sm_80", "unknown architecture 'sm_80' for driver 'hip', expected gfxNNN"),
        ("metal", "m3", "unknown architecture 'm3' for driver 'metal', expected nothing"),
        ("vulkan", "a b", "unknown architecture 'a b'"),
        ("rocm", "gfx942", "unknown driver 'rocm', expected one of local-task, local-sync, vulkan"),
        ("metall", "", "did you mean 'metal'?"),
    ],
)
def test_unknown_targets_are_named(driver, arch, message):
    with pytest.raises(CompileError, match=re.escape(message)):
        TargetSpec(driver, arch).compiler_flags()


def test_only_host_binaries_depend_on_this_processor():
    assert TargetSpec("local-task").identity() == cpu_features()
    assert TargetSpec("local-task", "host").identity() == cpu_features()
    for other in (TargetSpec("local-task", "x86-64"), TargetSpec("cuda"), TargetSpec("vulkan")):
        assert other.identity() == ""


def test_features_name_the_machine():
    assert cpu_features().split()[0] == platform.machine()


def test_features_without_a_list(monkeypatch):
    def missing(*_args, **_kwargs):
        raise OSError

    monkeypatch.setattr(processor.Path, "read_text", missing)
    cpu_features.cache_clear()
    try:
        assert cpu_features().startswith(platform.machine())
    finally:
        cpu_features.cache_clear()
