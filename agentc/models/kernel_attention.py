"""Paged attention through C kernels, for CPU classes (kernels/attention_f32.c).

Pool: [pages, layers, kv heads, K | V, page tokens, head_dim] f32; the inside of a K page is
transposed, which only the kernels see. Exports `set_workers(i32)`: the number of threads that
will run the program, which sets how finely the work is cut.
"""

from __future__ import annotations

from agentc.models.config import LlamaConfig
from agentc.models.dispatch import Kernel, dispatch, link_kernels
from agentc.models.llama import PAGE_TOKENS
from agentc.models.tensor_module import Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

FAMILY = "attention_f32"
"""The kernel family (the object file's stem)."""
_ROPE_STORE = Kernel("rope_store_f32", ("f32", "i32", "i32", "i32", "f32", "f32", "f32", "f32"), 7)
_ATTENTION = Kernel("attention_f32", ("f32", "i32", "i32", "i32", "f32", "f32"), 7)
_GROUPS_PER_WORKER = 4
"""Finer than one workgroup a worker: rows late in a prompt cost more than early ones."""
_DEFAULT_WORKERS = 2
_MAX_HEAD_DIM = 256
_LANES = 16


def supports(config: LlamaConfig) -> bool:
    """Whether the kernels take this model's shapes."""
    return config.head_dim % _LANES == 0 and config.head_dim <= _MAX_HEAD_DIM


class KernelAttention:
    """Implements `llama.Attention` with two dispatches a layer."""

    def __init__(
        self, config: LlamaConfig, module: TensorModule, objects: list[str], elf: str
    ) -> None:
        c = self.config = config
        self.page_shape: Shape = (c.layers, c.kv_heads, 2, PAGE_TOKENS, c.head_dim)
        link_kernels(module, [_ROPE_STORE, _ATTENTION], objects, elf)
        module.prelude.append(_WORKERS_GLOBAL)
        module.add_function("set_workers", _SET_WORKERS)

    def begin(self, f: Function, pool: Tensor) -> None:
        """Works out the numbers of workgroups and the scalars that all layers pass."""
        c = self.config
        shape = (c.context, c.head_dim // 2)
        self._rope = [f.parameter(f"rope.{n}", shape) for n in ("cos", "sin")]
        workers = f.emit("util.global.load @workers : index", (), "index").name
        self._store_groups = self._at_most(f, workers, 1, 1)
        self._attend_groups = self._at_most(f, workers, _GROUPS_PER_WORKER, c.kv_heads)
        sizes = [f.index(n) for n in (c.heads, c.kv_heads, c.head_dim)]
        self._scalars = ["%T", "%P", *sizes]
        self._layers = f.index(c.layers)

    def layer(self, f: Function, layer: int, qkv: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """Rotates, stores keys and values in their pages, then attends."""
        scalars = [*self._scalars, f.index(layer), self._layers]
        shape: Shape = ("T", self.config.heads * self.config.head_dim)
        rows = [f["positions"], f["sequence_of"], f["block_table"]]
        queries, stored = dispatch(
            f,
            _ROPE_STORE,
            self._store_groups,
            [qkv, *rows, *self._rope, pool],
            scalars,
            shape,
            updates=pool,
        )
        assert stored is not None
        operands = [queries, *rows, stored]
        out, _ = dispatch(f, _ATTENTION, self._attend_groups, operands, scalars, shape)
        return out, stored

    def end(self, f: Function, pool: Tensor) -> Tensor:
        """Returns the pool: the kernels keep its shape."""
        return pool

    def _at_most(self, f: Function, workers: str, per_worker: int, per_row: int) -> str:
        """min(workers * per_worker, T * per_row), as an SSA index."""
        wanted = f.emit(f"arith.muli {workers}, {f.index(per_worker)} : index", (), "index").name
        units = f.emit(f"arith.muli %T, {f.index(per_row)} : index", (), "index").name
        return f.emit(f"arith.minui {wanted}, {units} : index", (), "index").name


_WORKERS_GLOBAL = f"  util.global private mutable @workers = {_DEFAULT_WORKERS} : index"
_SET_WORKERS = """\
  util.func public @set_workers(%count: i32) {
    %workers = arith.index_cast %count : i32 to index
    util.global.store %workers, @workers : index
    util.return
  }"""
