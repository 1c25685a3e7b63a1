"""Encoders of the BERT family as a chain of C kernels, for CPU classes.

    encode_ragged(tokens[T] i32, starts[S] i32) -> embeddings[B, d_model] f32
    score_ragged(tokens[T] i32, types[T] i32, starts[S] i32) -> scores[B] f32

The B = S - 1 texts lie one behind another: text b is tokens starts[b] .. starts[b + 1], at least
one, at most the model's context. There is no padding, so none is computed. A text's result is the
same bits whatever shares the batch and however many workers run.

A layer is seven dispatches (kernels/encoder_attention.c, encoder_rows.c, linear_q8.c): the query,
key and value product; attention; output product with residual; norm; up product with GELU; down
product with residual; norm. In f32 the products are kernels/matmul_f32.c, and what follows them is
generated code.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from agentc.models import bert, linear
from agentc.models.config import BertConfig
from agentc.models.dispatch import Kernel, KernelFile, dispatch, link_kernels, workgroups
from agentc.models.encoder_head import relevance, unit_rows
from agentc.models.linear import KernelLinear, gather_rows
from agentc.models.panels import GROUP, pack_panels, panels_shape, width_refusal
from agentc.models.quantise import quantise, quantise_rows
from agentc.models.scalar_body import Body, Scalar
from agentc.models.tensor_module import Argument, Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

ENCODE, SCORE = "encode_ragged", "score_ragged"
_ROWS, _ATTENTION, _LINEAR = "encoder_rows", "encoder_attention", "linear_q8"
_FORM = "q8"
_SIGNATURES: dict[str, tuple[str, tuple[str, ...], int]] = {
    "encoder_embed_f32": (_ROWS, ("i32", "i32", "i32", *["f32"] * 6), 5),
    "encoder_embed_q8": (_ROWS, ("i32", "i32", "i32", "i8", *["f32"] * 5), 5),
    "encoder_norm": (_ROWS, ("f32", "f32", "f32", "f32"), 3),
    "encoder_mean": (_ROWS, ("f32", "i32", "f32"), 2),
    "encoder_attention": (_ATTENTION, ("f32", "i32", "f32"), 3),
    "bias_q8": (_LINEAR, ("f32", "f32", "i8", "f32"), 3),
    "bias_gelu_q8": (_LINEAR, ("f32", "f32", "i8", "f32"), 3),
    "bias_add_q8": (_LINEAR, ("f32", "f32", "f32", "i8", "f32"), 3),
}
"""Family, element types of the operands and the result, and how many scalars follow."""
_ATTENTION_GROUPS = 4  # a worker; texts differ in length
_MAX_HEAD_DIM = 128


def families(precision: str) -> tuple[str, ...]:
    """Returns the kernel families that a program in "f32" or "i8" needs."""
    return (_ROWS, _ATTENTION, _LINEAR if precision == "i8" else linear.FAMILY)


def refusal(config: BertConfig, precision: str) -> str:
    """Returns why the kernels cannot take a model's shapes, or ""."""
    if config.head_dim > _MAX_HEAD_DIM:
        return f"head_dim is {config.head_dim}, expected at most {_MAX_HEAD_DIM}"
    widths = ("d_model", "ffn") if precision == "i8" else ()
    reasons = (width_refusal(name, getattr(config, name)) for name in widths)
    return next(filter(None, reasons), "")


def weight_bytes(config: BertConfig) -> int:
    """Returns the bytes of a model's parameters in precision "i8"."""
    c, d = config, config.d_model
    blocks = (4 * d * d + 2 * d * c.ffn) * c.layers + (d * d if c.scores else 0)
    codes = blocks + c.vocab * d
    scales = blocks // GROUP * 2 + c.vocab * d // GROUP * 4
    return codes + scales + 4 * (c.parameter_count() - codes)


def emit_ragged(
    config: BertConfig, precision: str, files: Mapping[str, KernelFile]
) -> TensorModule:
    """Returns the program of an encoder: `score_ragged` if it is a cross encoder, else
    `encode_ragged`.

    Args:
      config: a model without `refusal`.
      precision: "f32" or "i8".
      files: the object file of each of `families`.
    """
    module = TensorModule("encoder")
    types = [Argument("types", ("T",), "i32")] if config.scores else []
    tokens, starts = Argument("tokens", ("T",), "i32"), Argument("starts", ("S",), "i32")
    f = Function(module, SCORE if config.scores else ENCODE, [tokens, *types, starts])
    products = KernelLinear(module, files[linear.FAMILY]) if precision == "f32" else None
    encoder = _Ragged(f, config, products)
    f.finish([encoder.output(encoder.layers())])
    for family, kernels in encoder.used.items():
        link_kernels(module, list(kernels.values()), files[family])
    return module


def reader(read: Callable[[str], np.ndarray]) -> Callable[[str], np.ndarray]:
    """Returns `read` extended by the forms of parameters that the kernels take."""
    read_f32 = linear.panel_reader(read)

    def read_any(name: str) -> np.ndarray:
        if not name.endswith(f".{_FORM}"):
            return read_f32(name)
        base = name.removesuffix(f".{_FORM}")
        values = read(base)
        if base == "words":
            return quantise_rows(values)
        return pack_panels(quantise("F32", values, _FORM))

    return read_any


class _Ragged:
    """Writes the calls of one program; `used` is the kernels so far, by family and name.
    `products` multiplies in f32; without it, products are 8-bit."""

    def __init__(self, f: Function, config: BertConfig, products: KernelLinear | None) -> None:
        self.used: dict[str, dict[str, Kernel]] = {}
        self._f, self._c, self._products = f, config, products
        f.size("B", lambda b: f.dimension(b, "S") - 1)
        self._workers = workgroups(f, 1)
        self._row_groups = workgroups(f, 1, "T")
        self._attention_groups = workgroups(f, _ATTENTION_GROUPS, "T", config.heads)

    def layers(self) -> Tensor:
        """Returns the last layer's rows [T, d_model]."""
        x = self._embed()
        for layer in range(self._c.layers):
            x = self._layer(f"layers.{layer}", x)
        return x

    def output(self, x: Tensor) -> Tensor:
        """Returns embeddings [B, d_model], or scores [B]."""
        f, width = self._f, self._c.d_model
        if self._c.output == "mean":
            sizes = ["%B", f.index(width)]
            groups = workgroups(f, 1, "B")
            return self._call("encoder_mean", [x, f["starts"]], sizes, ("B", width), groups)

        def start(b: Body) -> Scalar:
            return b.read(f["starts"], b.loop_index("b"))

        starts = f.map("->b", body=start, element="i32", sizes={"b": "B"})
        first = gather_rows(f, x, starts)
        return relevance(f, first, self._dense) if self._c.scores else unit_rows(f, first)

    def _embed(self) -> Tensor:
        f, c = self._f, self._c
        if self._products:
            words = f.parameter("words", (c.vocab, c.d_model))
        else:
            row_bytes = c.d_model + c.d_model // GROUP * 4
            words = f.parameter(f"words.{_FORM}", (c.vocab, row_bytes), "i8")
        positions = f.parameter("positions", (c.context, c.d_model))
        typed = c.token_types > 0
        table = f.parameter("types", (c.token_types, c.d_model)) if typed else positions
        kinds = f["types"] if typed else f["tokens"]  # not read
        operands = [f["tokens"], kinds, f["starts"], words, positions, table, *self._norm("norm")]
        scalars = ["%T", "%B", f.index(c.d_model), f.index(int(typed)), self._eps]
        name = f"encoder_embed_{'f32' if self._products else _FORM}"
        return self._call(name, operands, scalars, ("T", c.d_model), self._row_groups)

    def _layer(self, name: str, x: Tensor) -> Tensor:
        c, f = self._c, self._f
        qkv = self._dense(x, f"{name}.qkv", 3 * c.d_model)
        sizes = ["%B", f.index(c.heads), f.index(c.head_dim)]
        operands, groups = [qkv, f["starts"]], self._attention_groups
        a = self._call("encoder_attention", operands, sizes, ("T", c.d_model), groups)
        x = self._normed(self._add(a, f"{name}.attn_out", x), f"{name}.attn_norm")
        h = self._dense(x, f"{name}.up", c.ffn, gelu=True)
        return self._normed(self._add(h, f"{name}.down", x), f"{name}.mlp_norm")

    def _dense(self, x: Tensor, name: str, width: int, *, gelu: bool = False) -> Tensor:
        """x W^T + b, then perhaps GELU."""
        if self._products:
            y = self._biased(x, name, width)
            return bert.gelu(self._f, y) if gelu else y
        return self._product("bias_gelu_q8" if gelu else "bias_q8", x, name, width, [])

    def _add(self, x: Tensor, name: str, residual: Tensor) -> Tensor:
        """residual + x W^T + b"""
        width = self._c.d_model
        if self._products:
            y = self._biased(x, name, width)
            return self._f.map("tn,tn->tn", residual, y, body=lambda b, p, q: p + q)
        return self._product("bias_add_q8", x, name, width, [residual])

    def _biased(self, x: Tensor, name: str, width: int) -> Tensor:
        assert self._products is not None
        product = self._products.apply(self._f, x, f"{name}.weight", width)
        bias = self._f.parameter(f"{name}.bias", (width,))
        return self._f.map("tn,n->tn", product, bias, body=lambda b, v, shift: v + shift)

    def _product(
        self, kernel: str, x: Tensor, name: str, width: int, added: list[Tensor]
    ) -> Tensor:
        rows, depth, f = str(x.shape[0]), int(x.shape[1]), self._f
        bias = f.parameter(f"{name}.bias", (width,))
        panels = panels_shape(width, depth, _FORM)
        matrix = f.parameter(f"{name}.weight.{_FORM}", panels, "i8")
        scalars = [f"%{rows}", f.index(width), f.index(depth)]
        operands = [x, bias, *added, matrix]
        return self._call(kernel, operands, scalars, (rows, width), self._workers)

    def _normed(self, x: Tensor, name: str) -> Tensor:
        scalars = ["%T", self._f.index(self._c.d_model), self._eps]
        operands = [x, *self._norm(name)]
        return self._call("encoder_norm", operands, scalars, x.shape, self._row_groups)

    def _norm(self, name: str) -> list[Tensor]:
        parts = ("scale", "shift")
        return [self._f.parameter(f"{name}.{part}", (self._c.d_model,)) for part in parts]

    def _call(
        self,
        name: str,
        operands: Sequence[Tensor],
        scalars: Sequence[str],
        shape: Shape,
        groups: str,
    ) -> Tensor:
        kernel = Kernel(_SIGNATURES[name][0], name, *_SIGNATURES[name][1:])
        self.used.setdefault(kernel.family, {})[name] = kernel
        return dispatch(self._f, kernel, groups, operands, scalars, shape)[0]

    @property
    def _eps(self) -> str:
        """A float travels as its 32 bits."""
        return self._f.index(struct.unpack("<I", struct.pack("<f", self._c.norm_eps))[0])
