"""The sizes of KV pages, per element format. What is inside is kernels/pages.h."""

from __future__ import annotations

from math import prod

from agentc.errors import CompileError
from agentc.models.config import DecoderConfig

PAGE_TOKENS = 16
"""Tokens of one KV page."""
PAGE_DTYPES = ("f32", "f16", "i8")
"""Element formats of the pages that the CPU kernels read and write."""
_ELEMENT_BYTES = {"f32": 4, "f16": 2, "i8": 1}
_SCALE_BYTES = 4


def page_shape(config: DecoderConfig, dtype: str) -> tuple[int, ...]:
    """Returns the shape of one page in elements of `dtype`: the pool's shape without its first
    dimension, as the CPU kernels lay it out.

    f32 and f16: [layers, kv heads, K | V, 16, head_dim] (K is transposed inside). i8: [layers,
    kv heads, bytes]: 16 keys and 16 values of head_dim bytes, each token's with an f32 scale.

    Raises CompileError for other formats.
    """
    c = config
    if dtype == "i8":
        token_bytes = c.head_dim + _SCALE_BYTES
        return (c.layers, c.kv_heads, 2 * PAGE_TOKENS * token_bytes)
    if dtype not in _ELEMENT_BYTES:
        raise CompileError(
            f"unknown format of kv pages '{dtype}', expected one of {', '.join(PAGE_DTYPES)}"
        )
    return (c.layers, c.kv_heads, 2, PAGE_TOKENS, c.head_dim)


def page_bytes(config: DecoderConfig, dtype: str) -> int:
    """Returns the bytes of one page: 16 tokens of all layers. Raises as `page_shape`."""
    return prod(page_shape(config, dtype)) * _ELEMENT_BYTES[dtype]
