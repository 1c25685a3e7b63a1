"""Paged attention through C kernels, for CPU classes (kernels/attention_f32.c).

Pool: [pages, layers, kv heads, K | V, page tokens, head_dim] f32; the inside of a K page is
transposed, which only the kernels see.
"""

from __future__ import annotations

from agentc.models.config import DecoderConfig
from agentc.models.dispatch import (
    Kernel,
    KernelFile,
    dispatch,
    float_scalar,
    link_kernels,
    workgroups,
)
from agentc.models.pages import page_shape
from agentc.models.tensor_module import Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

FAMILY = "attention_f32"
"""The kernel family (the object file's stem)."""
_BATCH = ("i32", "i32", "i32")  # positions, sequences, block table
_ROPE_STORE = Kernel(FAMILY, "rope_store_f32", ("f32", *_BATCH, "f32", "f32", "f32", "f32"), 8)
_ATTENTION = Kernel(FAMILY, "attention_f32", ("f32", *_BATCH, "f32", "f32"), 8)
_GROUPS_PER_WORKER = 4
"""Finer than one workgroup a worker: rows late in a prompt cost more than early ones."""
_MAX_HEAD_DIM = 256
_LANES = 16


def supports(config: DecoderConfig) -> bool:
    """Whether the kernels take this model's shapes."""
    return config.head_dim % _LANES == 0 and config.head_dim <= _MAX_HEAD_DIM


class KernelAttention:
    """Implements `decoder.Attention` with two dispatches a layer."""

    def __init__(self, config: DecoderConfig, module: TensorModule, file: KernelFile) -> None:
        self.config = config
        self.page_dtype = "f32"
        self.page_shape: Shape = page_shape(config, "f32")
        link_kernels(module, [_ROPE_STORE, _ATTENTION], file)

    def begin(self, f: Function, pool: Tensor) -> None:
        """Works out the numbers of workgroups and the scalars that all layers pass."""
        c = self.config
        self._store_groups = workgroups(f, 1, "T")
        self._attend_groups = workgroups(f, _GROUPS_PER_WORKER, "T", c.kv_heads)
        sizes = [f.index(n) for n in (c.heads, c.kv_heads, c.head_dim)]
        self._scalars = ["%T", "%P", *sizes]
        self._layers = f.index(c.layers)
        self._scale = f.index(float_scalar(c.query_scale))

    def layer(self, f: Function, layer: int, qkv: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """Rotates, stores keys and values in their pages, then attends."""
        c = self.config
        scalars = [*self._scalars, f.index(layer), self._layers]
        shape: Shape = ("T", c.heads * c.head_dim)
        rows = [f["positions"], f["sequence_of"], f["block_table"]]
        angles = (c.context, c.head_dim // 2)
        rope = [f.parameter(f"{c.rope_table(layer)}.{n}", angles) for n in ("cos", "sin")]
        queries, stored = dispatch(
            f,
            _ROPE_STORE,
            self._store_groups,
            [qkv, *rows, *rope, pool],
            [*scalars, self._scale],
            shape,
            updates=pool,
        )
        assert stored is not None
        operands = [queries, *rows, stored]
        window = f.index(c.windows[layer])
        out, _ = dispatch(f, _ATTENTION, self._attend_groups, operands, [*scalars, window], shape)
        return out, stored

    def end(self, f: Function, pool: Tensor) -> Tensor:
        """Returns the pool: the kernels keep its shape."""
        return pool
