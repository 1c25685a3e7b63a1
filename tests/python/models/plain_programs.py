"""Decoders in generated code, in the precisions that GPUs get."""

from __future__ import annotations

from functools import partial

from agentc.codegen import pack, store
from agentc.models.decoder import DecoderProgram, emit_decoder
from agentc.models.generic_attention import GenericAttention
from agentc.models.linear import HalfLinear, PlainLinear, half_reader

PRECISIONS = ("f32", "f16")
DTYPES = {"f32": "float32", "f16": "float16"}
ERRORS = {"f32": 5e-4, "f16": 0.08}
"""Of logits of tiny models, which are of size 4."""


def emit(config, precision: str) -> DecoderProgram:
    """A model in "f32", or with f16 weights and pages."""
    if precision == "f32":
        return emit_decoder(config, GenericAttention, PlainLinear)
    return emit_decoder(config, partial(GenericAttention, page_dtype="f16"), HalfLinear)


def archive_of(module, weights) -> pack.Archive:
    """The parameters that a program declares."""
    declared = {n: (t.shape, t.element) for n, t in module.parameters.items()}
    origin = store.digest(*(n.encode() + w.tobytes() for n, w in weights.items()))
    return pack.pack(declared, half_reader(weights.__getitem__), origin)
