"""Fused programs of random models, and a float64 reference that rounds where they round."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from agentc.codegen import iree, kernels, pack, store
from agentc.models import fused_decoder, gguf_decoder
from agentc.models.config import DecoderConfig
from agentc.models.decoder import DecoderProgram
from agentc.models.dispatch import kernel_file
from agentc.models.gguf_file import GgufFile
from agentc.models.panels import GROUP
from agentc.models.quantised_weights import QuantisedWeights

from . import tiny
from .conftest import HOST
from .harness import Forward, Reference

SIZES = {"d_model": 64, "ffn": 96}
"""The smallest changes that make the random models fit the kernels."""
DTYPES = {"f16": "float16", "i8": "int8"}


class RoundingReference(Reference):
    """Float64, but the inputs of every product have 8 bits in groups of 32, and keys and values
    those of f16. A program differs from it by f32 rounding, and where that tips a value over the
    edge between two steps."""

    def product(self, x: np.ndarray, name: str) -> np.ndarray:
        groups = x.reshape(len(x), -1, GROUP)
        step = np.abs(groups).max(-1, keepdims=True) / 127
        whole = np.rint(np.divide(groups, step, out=np.zeros_like(groups), where=step > 0))
        return super().product((whole * step).reshape(x.shape), name)

    def kept(self, heads: np.ndarray) -> np.ndarray:
        return heads.astype(np.float16).astype(np.float64)


def variants(kv: str = "f16") -> list[str]:
    """The instruction sets for which there are all kernels that programs with such pages need."""
    families = fused_decoder.families(kv)
    return [
        variant
        for variant in kernels.variants(HOST)
        if all(_object(family, variant) for family in families)
    ]


def _object(family: str, variant: str) -> Path | None:
    paths = (folder / f"{family}.{variant}.o" for folder in kernels.folders())
    return next((path for path in paths if path.is_file()), None)


def weights_of(
    folder: Path, config: DecoderConfig, kind: str = "Q4_1", precision: str = "i4", seed: int = 1
) -> QuantisedWeights:
    """A random model through a GGUF file whose matrices have type `kind`."""
    path = folder / "model.gguf"
    tiny.write_gguf(path, config, tiny.decoder_weights(config, seed), kind)
    read = gguf_decoder.from_gguf(GgufFile(path))
    return QuantisedWeights(read, precision)


def emitted(
    weights: QuantisedWeights, kv: str = "f16", variant: str = ""
) -> tuple[DecoderProgram, list[Path]]:
    """The program of a model, and the objects that it links."""
    families = fused_decoder.families(kv)
    variant = variant or variants()[0]
    objects = {family: _object(family, variant) for family in families}
    elf = kernels.find(families[0], HOST).elf
    files = {f: kernel_file(kernels.KernelObject(path, elf)) for f, path in objects.items()}
    program = fused_decoder.emit_fused(weights.config, weights.forms, files, kv)
    return program, list(objects.values())


@contextlib.contextmanager
def opened(
    weights: QuantisedWeights, kv: str = "f16", variant: str = "", pages: int = 40
) -> Iterator[Forward]:
    """The compiled program of a model, its pool full of NaN."""
    program, objects = emitted(weights, kv, variant)
    binary = iree.compile(program.module.text(), HOST, objects=objects)
    declared = {n: (t.shape, t.element) for n, t in program.module.parameters.items()}
    arrays = {name: weights.array(name) for name in declared}
    origin = store.digest(*(n.encode() + a.tobytes() for n, a in arrays.items()))
    archive = pack.pack(declared, arrays.__getitem__, origin)
    shape, dtype = program.page_shape, DTYPES[kv]
    forward = Forward(binary.path, archive.path, shape, pages, fill=np.nan, dtype=dtype)
    with contextlib.closing(forward):
        yield forward
