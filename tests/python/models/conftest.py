"""Shared fixtures: everything compiled once, through the compile cache."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from agentc import models
from agentc.codegen import iree, kernels, pack, store
from agentc.codegen.targets import TargetSpec
from agentc.models import linear
from agentc.models.decoder import emit_decoder
from agentc.models.dispatch import KernelFile
from agentc.models.generic_attention import GenericAttention
from agentc.models.kernel_attention import FAMILY, KernelAttention, supports

from . import tiny
from .harness import Forward

HOST = TargetSpec("local-task")


@pytest.fixture(scope="session")
def smol():
    """SmolLM2 in f32, the reference precision, built for this machine."""
    return models.build(models.resolve("smollm2-135m-instruct"), "local-task", precision="f32")


@pytest.fixture(scope="session")
def minilm():
    """MiniLM, built for this machine."""
    return models.build(models.resolve("all-minilm-l6-v2"), "local-task")


@dataclass(frozen=True)
class Objects:
    """The kernel objects of one instruction set."""

    attention: Path
    matmul: Path
    elf: str

    def attention_file(self):
        return KernelFile(self.attention.name, self.elf)

    def matmul_file(self):
        return KernelFile(self.matmul.name, self.elf)


def kernel_objects() -> dict[str, Objects]:
    """The kernels that this machine can run, by instruction set."""
    found = {}
    for variant in kernels.variants(HOST):
        for folder in kernels.folders():
            paths = [folder / f"{f}.{variant}.o" for f in (FAMILY, linear.FAMILY)]
            if all(path.is_file() for path in paths):
                found.setdefault(variant, Objects(*paths, kernels.find(FAMILY, HOST).elf))
    return found


@pytest.fixture
def open_decoder():
    """Compiles and opens a random Llama: `open_decoder(config, weights, kernel=None)`; `kernel` is
    its `Objects` or None for plain code."""
    with contextlib.ExitStack() as stack:

        def open_(config, weights, kernel=None, pages=40):
            if kernel is None:
                program, objects = emit_decoder(config, GenericAttention), ()
            else:
                objects = (kernel.attention, kernel.matmul)
                attend = partial(KernelAttention, file=kernel.attention_file())
                program = emit_decoder(
                    config,
                    attend if supports(config) else GenericAttention,
                    partial(linear.KernelLinear, file=kernel.matmul_file()),
                )
            binary = iree.compile(program.module.text(), HOST, objects=objects)
            declared = {n: (t.shape, t.element) for n, t in program.module.parameters.items()}
            origin = store.digest(*(n.encode() + w.tobytes() for n, w in weights.items()))
            archive = pack.pack(declared, linear.panel_reader(weights.__getitem__), origin)
            forward = Forward(binary.path, archive.path, program.page_shape, pages)
            stack.callback(forward.close)
            return forward

        yield open_


def tiny_decoder(**changes):
    """A random config with its weights."""
    config = tiny.decoder_config(**changes)
    return config, tiny.decoder_weights(config)
