"""Decoders as tensor programs: `forward` over a flat batch and a paged KV pool.

    forward(tokens[T] i32, positions[T] i32, sequence_of[T] i32, block_table[S, P] i32,
            logit_rows[R] i32, pool consume) -> (logits[R, vocab] f32, pool)

T mixes decode tokens and prefill chunks of any sequences; T, S, P, R and the page count are known
at run time only. Row i is token `tokens[i]` at `positions[i]` of the sequence whose pages are row
`sequence_of[i]` of the block table; it attends to all keys of its sequence up to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt
from typing import Protocol

from agentc.models.config import DecoderConfig
from agentc.models.linear import PlainLinear, gather_rows
from agentc.models.scalar_body import Body, Scalar
from agentc.models.shape_ops import collapse, expand
from agentc.models.tensor_module import Argument, Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

ENTRY = "forward"


class Attention(Protocol):
    """How keys and values are stored and read: the part that differs between device classes."""

    page_shape: Shape
    page_dtype: str

    def begin(self, f: Function, pool: Tensor) -> None:
        """Called once, before the first layer."""

    def layer(self, f: Function, layer: int, qkv: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """Stores this layer's keys and values, attends, and returns the attention output
        [T, heads * head_dim] and the new pool value."""

    def end(self, f: Function, pool: Tensor) -> Tensor:
        """Returns the pool in the shape of the argument."""


class Linear(Protocol):
    """How weight matrices [outputs, inputs] are stored and multiplied."""

    def apply(self, f: Function, x: Tensor, name: str, outputs: int) -> Tensor:
        """Returns x[rows, inputs] times the transpose of parameter `name`."""

    def gather(self, f: Function, rows: Tensor, name: str, shape: tuple[int, int]) -> Tensor:
        """Returns the rows of parameter `name` (of `shape`) that `rows` (i32) names."""


@dataclass(frozen=True)
class DecoderProgram:
    """A finished program: its module and the page shape (the pool's shape without pages)."""

    module: TensorModule
    page_shape: tuple[int, ...]


def emit_decoder(
    config: DecoderConfig,
    make_attention: Callable[[DecoderConfig, TensorModule], Attention],
    make_linear: Callable[[TensorModule], Linear] = PlainLinear,
) -> DecoderProgram:
    """Returns the `forward` program of a model."""
    module = TensorModule("llm")
    attention, linear = make_attention(config, module), make_linear(module)
    pool_shape: Shape = ("pages", *attention.page_shape)
    f = Function(module, ENTRY, forward_arguments(pool_shape, attention.page_dtype))
    logits, pool = _Model(f, config, attention, linear).forward()
    f.finish([logits], {"pool": pool})
    return DecoderProgram(module, tuple(int(d) for d in attention.page_shape))


def forward_arguments(pool_shape: Shape, element: str) -> list[Argument]:
    """Returns the arguments of `forward` with a pool of that shape and element type."""
    return [
        Argument("tokens", ("T",), "i32"),
        Argument("positions", ("T",), "i32"),
        Argument("sequence_of", ("T",), "i32"),
        Argument("block_table", ("S", "P"), "i32"),
        Argument("logit_rows", ("R",), "i32"),
        Argument("pool", pool_shape, element, updated=True),
    ]


@dataclass(frozen=True)
class _Model:
    """What the layers share while one program is written."""

    f: Function
    c: DecoderConfig
    attention: Attention
    linear: Linear

    def forward(self) -> tuple[Tensor, Tensor]:
        """Embedding, layers, final norm and head: logits and the new pool."""
        f, c = self.f, self.c
        x = self.linear.gather(f, f["tokens"], "embed", (c.vocab, c.d_model))
        if c.embedding_scale != 1.0:
            x = f.map("td->td", x, body=lambda b, v: v * c.embedding_scale)
        pool = f["pool"]
        self.attention.begin(f, pool)
        for layer in range(c.layers):
            x, pool = self._layer(layer, x, pool)
        x = self._norm(gather_rows(f, x, f["logit_rows"]), "final_norm")
        logits = self.linear.apply(f, x, "embed" if c.tied else "head", c.vocab)
        return logits, self.attention.end(f, pool)

    def _layer(self, layer: int, x: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        f, c, name = self.f, self.c, f"layers.{layer}."
        qkv = self._product(self._norm(x, name + "attn_norm"), name + "qkv", c.qkv_width)
        qkv = finish_heads(f, c, layer, qkv)
        attended, pool = self.attention.layer(f, layer, qkv, pool)
        x = self._add(x, self._product(attended, name + "attn_out", c.d_model), name + "attn_")
        gate_up = self._product(self._norm(x, name + "mlp_norm"), name + "gate_up", 2 * c.ffn)
        gated = gate(f, gate_up, c.ffn, c.activation)
        return self._add(x, self._product(gated, name + "down", c.d_model), name + "mlp_"), pool

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return rms_norm(self.f, x, self.f.parameter(name, (self.c.d_model,)), self.c.rms_eps)

    def _product(self, x: Tensor, name: str, outputs: int) -> Tensor:
        return self.linear.apply(self.f, x, name, outputs)

    def _add(self, x: Tensor, y: Tensor, name: str) -> Tensor:
        """x + y, where some families first give y a norm of its own."""
        return add(self.f, x, self._norm(y, name + "post_norm") if self.c.post_norms else y)


def add(f: Function, x: Tensor, y: Tensor) -> Tensor:
    """Returns x + y of two matrices."""
    return f.map("td,td->td", x, y, body=lambda b, p, q: p + q)


def rms_norm(f: Function, x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight, row by row (Zhang and Sennrich, 2019)."""
    width = int(x.shape[1])
    squares = f.reduce("td->t", x, body=lambda b, total, v: total + v * v)

    def body(b: Body, v: Scalar, total: Scalar, scale: Scalar) -> Scalar:
        return v * (total / float(width) + eps).rsqrt() * scale

    return f.map("td,t,d->td", x, squares, weight, body=body)


def gate(f: Function, gate_up: Tensor, ffn: int, activation: str) -> Tensor:
    """Returns activation(gate) * up where `gate_up` is [T, gate | up]."""
    activate = {"silu": _silu, "gelu_tanh": _gelu_tanh}[activation]

    def body(b: Body) -> Scalar:
        row, column = b.loop_index("t"), b.loop_index("f")
        return activate(b.read(gate_up, row, column)) * b.read(gate_up, row, column + ffn)

    return f.map("->tf", body=body, sizes={"t": gate_up.shape[0], "f": ffn})


def _silu(z: Scalar) -> Scalar:
    """z / (1 + e^-z)."""
    return z / ((-z).exp() + 1.0)


def _gelu_tanh(z: Scalar) -> Scalar:
    """z (1 + tanh u) / 2 with u = sqrt(2 / pi) (z + 0.044715 z^3) (Hendrycks and Gimpel, 2016),
    as z / (1 + e^-2u), which is the same."""
    u = (z * z * z * 0.044715 + z) * sqrt(2.0 / pi)
    return z / ((u * -2.0).exp() + 1.0)


def finish_heads(f: Function, c: DecoderConfig, layer: int, qkv: Tensor) -> Tensor:
    """Adds the bias of the fused projection [T, heads of q | k | v], and gives every query and
    key head its RMS norm, where the model has these."""
    name = f"layers.{layer}."
    if c.qkv_bias:
        bias = f.parameter(name + "qkv_bias", (c.qkv_width,))
        qkv = f.map("tw,w->tw", qkv, bias, body=lambda b, x, y: x + y)
    if not c.head_norm:
        return qkv
    scales = [f.parameter(name + n, (c.head_dim,)) for n in ("q_norm", "k_norm")]
    groups, rows = ((0,), (1, 2)), qkv.shape[0]
    heads = expand(f, qkv, groups, (rows, c.heads + 2 * c.kv_heads, c.head_dim))
    squares = f.reduce("thd->th", heads, body=lambda b, total, x: total + x * x)

    def body(b: Body, x: Scalar, total: Scalar, q_scale: Scalar, k_scale: Scalar) -> Scalar:
        head = b.loop_index("h")
        scale = b.select(head.lt(c.heads), q_scale, k_scale)
        normed = x * (total / float(c.head_dim) + c.rms_eps).rsqrt() * scale
        return b.select(head.lt(c.heads + c.kv_heads), normed, x)

    return collapse(
        f, f.map("thd,th,d,d->thd", heads, squares, *scales, body=body), groups, qkv.shape
    )


def merge_heads(f: Function, x: Tensor) -> Tensor:
    """[T, heads, head_dim] to [T, heads * head_dim]."""
    rows, heads, width = x.shape
    return collapse(f, x, ((0,), (1, 2)), (rows, int(heads) * int(width)))
