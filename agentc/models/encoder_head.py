"""What an encoder makes of its last layer: an embedding, or the relevance of a pair of texts."""

from __future__ import annotations

from collections.abc import Callable

from agentc.models.scalar_body import Body, Scalar
from agentc.models.tensor_module import Tensor
from agentc.models.tensor_program import Function

Dense = Callable[[Tensor, str, int], Tensor]
"""x W^T + b with the parameters `name`.weight and `name`.bias, `width` wide."""


def unit_rows(f: Function, x: Tensor) -> Tensor:
    """Scales every row of x [B, d] to length 1."""
    squares = f.reduce("bd->b", x, body=lambda b, acc, v: acc + v * v)
    return f.map("bd,b->bd", x, squares, body=lambda b, v, s: v * s.rsqrt())


def relevance(f: Function, first: Tensor, dense: Dense) -> Tensor:
    """The classification head with one label, on the first token of each pair:
    w . tanh(W first + b) + c, [B, d] to [B]."""
    width = int(first.shape[1])
    weight, bias = f.parameter("head.out.weight", (width,)), f.parameter("head.out.bias", (1,))
    hidden = dense(first, "head.dense", width)
    total = f.reduce("bd,d->b", hidden, weight, body=lambda b, acc, v, w: acc + v.tanh() * w)

    def shifted(b: Body, score: Scalar) -> Scalar:
        return score + b.read(bias, b.constant(0, "index"))

    return f.map("b->b", total, body=shifted)
