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
from typing import Protocol

from agentc.errors import ModelFormatError
from agentc.models.config import DecoderConfig
from agentc.models.linear import PlainLinear, gather_rows
from agentc.models.scalar_body import Body, Scalar
from agentc.models.shape_ops import collapse
from agentc.models.tensor_module import Argument, Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

ENTRY = "forward"


class Attention(Protocol):
    """How keys and values are stored and read: the part that differs between device classes."""

    page_shape: Shape

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
    if config.qkv_bias or config.head_norm or config.post_norms or any(config.windows):
        raise ModelFormatError(f"models of the family '{config.architecture}' are not supported")
    module = TensorModule("llm")
    attention, linear = make_attention(config, module), make_linear(module)
    pool_shape: Shape = ("pages", *attention.page_shape)
    f = Function(
        module,
        ENTRY,
        [
            Argument("tokens", ("T",), "i32"),
            Argument("positions", ("T",), "i32"),
            Argument("sequence_of", ("T",), "i32"),
            Argument("block_table", ("S", "P"), "i32"),
            Argument("logit_rows", ("R",), "i32"),
            Argument("pool", pool_shape, "f32", updated=True),
        ],
    )
    logits, pool = _forward(f, config, attention, linear)
    f.finish([logits], {"pool": pool})
    return DecoderProgram(module, tuple(int(d) for d in attention.page_shape))


def _forward(
    f: Function, config: DecoderConfig, attention: Attention, linear: Linear
) -> tuple[Tensor, Tensor]:
    x = linear.gather(f, f["tokens"], "embed", (config.vocab, config.d_model))
    pool = f["pool"]
    attention.begin(f, pool)
    for layer in range(config.layers):
        x, pool = _layer(f, config, attention, linear, layer, x, pool)
    x = gather_rows(f, x, f["logit_rows"])
    x = rms_norm(f, x, f.parameter("final_norm", (config.d_model,)), config.rms_eps)
    head = "embed" if config.tied else "head"
    return linear.apply(f, x, head, config.vocab), attention.end(f, pool)


def _layer(
    f: Function,
    c: DecoderConfig,
    attention: Attention,
    linear: Linear,
    layer: int,
    x: Tensor,
    pool: Tensor,
) -> tuple[Tensor, Tensor]:
    def normed(x: Tensor, name: str) -> Tensor:
        return rms_norm(f, x, f.parameter(f"layers.{layer}.{name}", (c.d_model,)), c.rms_eps)

    def product(x: Tensor, name: str, outputs: int) -> Tensor:
        return linear.apply(f, x, f"layers.{layer}.{name}", outputs)

    qkv = product(normed(x, "attn_norm"), "qkv", c.qkv_width)
    a, pool = attention.layer(f, layer, qkv, pool)
    x = add(f, x, product(a, "attn_out", c.d_model))
    gate_up = product(normed(x, "mlp_norm"), "gate_up", 2 * c.ffn)
    return add(f, x, product(silu_gate(f, gate_up, c.ffn), "down", c.d_model)), pool


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


def silu_gate(f: Function, gate_up: Tensor, ffn: int) -> Tensor:
    """silu(gate) * up where `gate_up` is [T, gate | up]; silu(z) = z / (1 + e^-z)."""

    def body(b: Body) -> Scalar:
        row, column = b.loop_index("t"), b.loop_index("f")
        gate = b.read(gate_up, row, column)
        up = b.read(gate_up, row, column + ffn)
        return gate / ((-gate).exp() + 1.0) * up

    return f.map("->tf", body=body, sizes={"t": gate_up.shape[0], "f": ffn})


def merge_heads(f: Function, x: Tensor) -> Tensor:
    """[T, heads, head_dim] to [T, heads * head_dim]."""
    rows, heads, width = x.shape
    return collapse(f, x, ((0,), (1, 2)), (rows, int(heads) * int(width)))
