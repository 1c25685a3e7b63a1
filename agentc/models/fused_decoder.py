"""A decoder as a few quantised kernels: `forward` with one dispatch a layer.

    embed       rows of the embedding table
    layer       RMS norm, query-key-value product, bias, head norms, rotation, store in the page;
                attention over the pages; output projection and residual; RMS norm, gate and up
                products, activation; down projection and residual   (`layer_kernel.py`)
    team_head   RMS norm and the product with the vocabulary, of the rows that ask for logits

The entry is that of `decoder.py`; only what is in a page differs. The kernels are
kernels/layer_f16.c and layer_i8.c, head.c, linear_q4.c, linear_q8.c, attention_f16.c,
attention_i8.c and their headers; matrices come in panels (`panels.py`). The module shares its work
with a team of threads (`set_team`) and runs on a device that has none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentc.models.config import DecoderConfig
from agentc.models.decoder import ENTRY, DecoderProgram, forward_arguments
from agentc.models.decoder_weights import part_inputs, part_rows
from agentc.models.dispatch import (
    Kernel,
    KernelFile,
    dispatch,
    float_scalar,
    link_kernels,
    team,
)
from agentc.models.layer_kernel import LayerCalls, layer_kernel
from agentc.models.pages import page_shape
from agentc.models.panels import PANEL, panels_shape, width_refusal
from agentc.models.tensor_module import Tensor, TensorModule
from agentc.models.tensor_program import Function

KV_DTYPES = ("f16", "i8")
"""Element formats of KV pages that these programs have."""
_EXECUTABLE = "kernels"
_MAX_HEAD_DIM = 256


def families(kv_dtype: str) -> tuple[str, ...]:
    """Returns the kernel families that a program links."""
    return ("linear_q4", "linear_q8", "head", f"attention_{kv_dtype}", f"layer_{kv_dtype}")


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
    model = _FusedModel(f, config, forms)
    x, pool = model.embed(), f["pool"]
    layer = layer_kernel(_EXECUTABLE, kv_dtype)
    calls = LayerCalls(f, config, forms, layer, model.matrix, model.vector)
    for index in range(config.layers):
        x, pool = calls.layer(index, x, pool)
    f.finish([model.head(x)], {"pool": pool})
    link_kernels(module, [*model.kernels, layer], *files.values())
    return DecoderProgram(module, shape)


class _FusedModel:
    """What comes before the layers and after them; `kernels` are those used."""

    def __init__(self, f: Function, config: DecoderConfig, forms: Mapping[str, str]) -> None:
        self.kernels: list[Kernel] = []
        self._f, self._c, self._forms = f, config, forms
        self._head = "embed" if config.tied else "head"

    def embed(self) -> Tensor:
        """Returns the embeddings [T, d_model] of the tokens."""
        f, c = self._f, self._c
        kernel = self._kernel(f"embed_{self._forms['embed']}", ("i32", "i8", "f32"), 3)
        operands = [f["tokens"], self.matrix("embed")]
        scalars = ["%T", f.index(c.d_model), f.index(float_scalar(c.embedding_scale))]
        return dispatch(f, kernel, f.index(1), operands, scalars, ("T", c.d_model))[0]

    def head(self, x: Tensor) -> Tensor:
        """Returns the logits [R, vocab]."""
        f, c = self._f, self._c
        buffers = ("f32", "i32", "f32", "i8", "f32")
        kernel = self._kernel(f"team_head_{self._forms[self._head]}", buffers, 6)
        operands = [x, f["logit_rows"], self.vector("final_norm"), self.matrix(self._head)]
        sizes = (c.vocab, c.d_model, float_scalar(c.rms_eps))
        scalars = ["%R", *map(f.index, sizes), *team(f)]
        return dispatch(f, kernel, f.index(1), operands, scalars, ("R", c.vocab))[0]

    def matrix(self, name: str) -> Tensor:
        """Returns matrix `name` in panels."""
        short, form = name.rpartition(".")[2], self._forms[name]
        shape = panels_shape(sum(part_rows(self._c)[short]), part_inputs(self._c)[short], form)
        return self._f.parameter(f"{name}.{form}", shape, "i8")

    def vector(self, name: str) -> Tensor:
        """Returns parameter `name` of one dimension."""
        return self._f.parameter(name, (sum(part_rows(self._c)[name.rpartition(".")[2]]),))

    def _kernel(self, name: str, buffers: tuple[str, ...], scalars: int) -> Kernel:
        self.kernels.append(Kernel(_EXECUTABLE, name, buffers, scalars))
        return self.kernels[-1]
