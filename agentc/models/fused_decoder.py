"""A decoder as a chain of quantised kernels: `forward` with five dispatches a layer.

    norm_heads   RMS norm, query-key-value product, bias, head norms, rotation, store in the page
    attention    over the pages
    linear_add   output projection and residual
    norm_silu    RMS norm, gate and up products, silu(gate) * up  (norm_gelu likewise)
    linear_add   down projection and residual

and `embed` and `head` around them. Where a family norms the output of a block before it is added,
`linear` and `norm_add` stand in for `linear_add`. The entry is that of `decoder.py`; only what is
in a page differs. The kernels are kernels/linear_q4.c, linear_q8.c, attention_f16.c, attention_i8.c
and their headers; matrices come in panels (`panels.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentc.models.config import DecoderConfig
from agentc.models.decoder import ENTRY, DecoderProgram, forward_arguments
from agentc.models.decoder_weights import part_inputs, part_rows
from agentc.models.dispatch import (
    Kernel,
    KernelFile,
    dispatch,
    float_scalar,
    link_kernels,
    workgroups,
)
from agentc.models.pages import page_shape
from agentc.models.panels import PANEL, panels_shape, width_refusal
from agentc.models.quantised_weights import HEAD_NORM
from agentc.models.tensor_module import Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

KV_DTYPES = ("f16", "i8")
"""Element formats of KV pages that these programs have."""
_BATCH = ("i32", "i32", "i32")  # positions, sequences, block table
_SIGNATURES: dict[str, tuple[tuple[str, ...], int]] = {
    "embed": (("i32", "i8", "f32"), 3),
    "linear": (("f32", "i8", "f32"), 3),
    "linear_add": (("f32", "f32", "i8", "f32"), 3),
    "norm_add": (("f32", "f32", "f32", "f32"), 3),
    "norm_silu": (("f32", "f32", "i8", "f32"), 4),
    "norm_gelu": (("f32", "f32", "i8", "f32"), 4),
    "head": (("f32", "i32", "f32", "i8", "f32"), 4),
}
"""Element types of the operands and the result, and how many scalars follow."""
_GATES = {"silu": "norm_silu", "gelu_tanh": "norm_gelu"}
_ADD_BIAS, _NORM_HEADS = 1, 2  # flags of norm_heads
_GROUPS_PER_WORKER = 4
"""Of attention: rows late in a prompt cost more than early ones."""
_MAX_HEAD_DIM = 256


def families(forms: Mapping[str, str], kv_dtype: str) -> tuple[str, ...]:
    """Returns the kernel families that a program with these forms of matrices needs."""
    return (*sorted({f"linear_{form}" for form in forms.values()}), f"attention_{kv_dtype}")


def refusal(config: DecoderConfig) -> str:
    """Returns why the kernels cannot take a model's shapes, or ""."""
    c = config
    if c.head_dim % PANEL or c.head_dim > _MAX_HEAD_DIM:
        return f"head_dim is {c.head_dim}, expected a multiple of {PANEL} up to {_MAX_HEAD_DIM}"
    widths = {"d_model": c.d_model, "ffn": c.ffn, "heads * head_dim": c.heads * c.head_dim}
    reasons = (width_refusal(name, width) for name, width in widths.items())
    return next(filter(None, reasons), "")


def emit_fused(
    config: DecoderConfig,
    forms: Mapping[str, str],
    files: Mapping[str, KernelFile],
    kv_dtype: str = "f16",
) -> DecoderProgram:
    """Returns the `forward` program of a model.

    Args:
      config: a model without `refusal`.
      forms: of every matrix, "q4" or "q8", by name (`QuantisedWeights.forms`).
      files: the object file of each of `families`.
      kv_dtype: one of `KV_DTYPES`.
    """
    module = TensorModule("llm")
    shape = page_shape(config, kv_dtype)
    f = Function(module, ENTRY, forward_arguments(("pages", *shape), kv_dtype))
    model = _FusedModel(f, config, forms, kv_dtype)
    logits, pool = model.forward()
    f.finish([logits], {"pool": pool})
    for family, kernels in model.used.items():
        link_kernels(module, list(kernels.values()), files[family])
    return DecoderProgram(module, shape)


class _FusedModel:
    """Writes the calls of one program; `used` is the kernels so far, by family and name."""

    def __init__(
        self, f: Function, config: DecoderConfig, forms: Mapping[str, str], kv_dtype: str
    ) -> None:
        self.used: dict[str, dict[str, Kernel]] = {}
        self._f, self._c, self._forms, self._kv = f, config, forms, kv_dtype
        c = config
        self._workers = workgroups(f, 1)
        self._embed_groups = workgroups(f, 1, "T")
        self._attend_groups = workgroups(f, _GROUPS_PER_WORKER, "T", c.kv_heads)
        self._indices: dict[int, str] = {}
        self._batch = [f["positions"], f["sequence_of"], f["block_table"]]

    def forward(self) -> tuple[Tensor, Tensor]:
        """Returns the logits and the new pool."""
        f, c = self._f, self._c
        scale = self._float(c.embedding_scale)
        table, form = self._matrix("embed")
        scalars = ["%T", self._index(c.d_model), scale]
        operands = [f["tokens"], table]
        x = self._call("embed", form, operands, scalars, c.d_model, groups=self._embed_groups)
        pool = f["pool"]
        for layer in range(c.layers):
            x, pool = self._layer(layer, x, pool)
        matrix, form = self._matrix("embed" if c.tied else "head")
        operands = [x, f["logit_rows"], self._vector("final_norm"), matrix]
        scalars = ["%R", self._index(c.vocab), self._index(c.d_model), self._eps]
        return self._call("head", form, operands, scalars, c.vocab, rows="R"), pool

    def _layer(self, layer: int, x: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        c, name = self._c, f"layers.{layer}"
        queries, pool = self._heads(layer, x, pool)
        attended = self._attend(layer, queries, pool)
        x = self._add(attended, x, f"{name}.attn_out", f"{name}.attn_post_norm")
        matrix, form = self._matrix(f"{name}.gate_up")
        sizes = [self._index(c.ffn), self._index(c.d_model)]
        operands = [x, self._vector(f"{name}.mlp_norm"), matrix]
        gate = _GATES[c.activation]
        gated = self._call(gate, form, operands, ["%T", *sizes, self._eps], c.ffn)
        return self._add(gated, x, f"{name}.down", f"{name}.mlp_post_norm"), pool

    def _heads(self, layer: int, x: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """Queries [T, heads * head_dim], and the pool with this layer's keys and values."""
        c, f, name = self._c, self._f, f"layers.{layer}"
        matrix, form = self._matrix(f"{name}.qkv")
        norm = self._vector(f"{name}.attn_norm")
        bias = self._vector(f"{name}.qkv_bias") if c.qkv_bias else norm  # else not read
        own = f.parameter(f"{name}.{HEAD_NORM}", (2, c.head_dim)) if c.head_norm else norm
        table = (c.context, c.head_dim // 2)
        angles = [f.parameter(f"{c.rope_table(layer)}.{n}", table) for n in ("cos", "sin")]
        flags = (_ADD_BIAS if c.qkv_bias else 0) | (_NORM_HEADS if c.head_norm else 0)
        sizes = (c.heads, c.kv_heads, c.head_dim, layer, c.layers)
        scalars = ["%T", self._index(c.d_model), "%P", *map(self._index, sizes)]
        scalars += [self._eps, self._float(c.query_scale), self._index(flags)]
        operands = [x, norm, matrix, bias, own, *self._batch, *angles, pool]
        buffers = ("f32", "f32", "i8", "f32", "f32", *_BATCH, "f32", "f32", self._kv, "f32")
        kernel = self._kernel(f"linear_{form}", f"norm_heads_{self._kv}_{form}", buffers, 11)
        shape: Shape = ("T", c.heads * c.head_dim)
        queries, stored = dispatch(f, kernel, self._workers, operands, scalars, shape, updates=pool)
        assert stored is not None
        return queries, stored

    def _attend(self, layer: int, queries: Tensor, pool: Tensor) -> Tensor:
        c, name = self._c, f"attention_{self._kv}"
        sizes = (c.heads, c.kv_heads, c.head_dim, layer, c.layers, c.windows[layer])
        scalars = ["%T", "%P", *map(self._index, sizes)]
        kernel = self._kernel(name, name, ("f32", *_BATCH, self._kv, "f32"), len(scalars))
        operands = [queries, *self._batch, pool]
        return dispatch(self._f, kernel, self._attend_groups, operands, scalars, queries.shape)[0]

    def _add(self, x: Tensor, residual: Tensor, name: str, norm: str) -> Tensor:
        """The product with matrix `name`, normed by some families, and added to `residual`."""
        c, depth = self._c, int(x.shape[1])
        matrix, form = self._matrix(name)
        scalars = ["%T", self._index(c.d_model), self._index(depth)]
        if not c.post_norms:
            return self._call("linear_add", form, [x, residual, matrix], scalars, c.d_model)
        product = self._call("linear", form, [x, matrix], scalars, c.d_model)
        operands = [product, residual, self._vector(norm)]
        scalars = ["%T", self._index(c.d_model), self._eps]
        groups = self._embed_groups
        return self._call("norm_add", form, operands, scalars, c.d_model, groups=groups)

    def _call(
        self,
        name: str,
        form: str,
        operands: Sequence[Tensor],
        scalars: Sequence[str],
        columns: int,
        *,
        rows: str = "T",
        groups: str = "",
    ) -> Tensor:
        """Calls kernel `name` for matrices of `form`; the result is [rows, columns]."""
        buffers, count = _SIGNATURES[name]
        kernel = self._kernel(f"linear_{form}", f"{name}_{form}", buffers, count)
        shape: Shape = (rows, columns)
        return dispatch(self._f, kernel, groups or self._workers, operands, scalars, shape)[0]

    def _kernel(self, family: str, name: str, buffers: tuple[str, ...], scalars: int) -> Kernel:
        kernels = self.used.setdefault(family, {})
        return kernels.setdefault(name, Kernel(family, name, buffers, scalars))

    def _matrix(self, name: str) -> tuple[Tensor, str]:
        """Matrix `name` in panels, and its form."""
        short = name.rpartition(".")[2]
        outputs, form = sum(part_rows(self._c)[short]), self._forms[name]
        shape = panels_shape(outputs, part_inputs(self._c)[short], form)
        return self._f.parameter(f"{name}.{form}", shape, "i8"), form

    def _vector(self, name: str) -> Tensor:
        size = sum(part_rows(self._c)[name.rpartition(".")[2]])
        return self._f.parameter(name, (size,))

    def _index(self, value: int) -> str:
        if value not in self._indices:
            self._indices[value] = self._f.index(value)
        return self._indices[value]

    def _float(self, value: float) -> str:
        return self._index(float_scalar(value))

    @property
    def _eps(self) -> str:
        return self._float(self._c.rms_eps)
