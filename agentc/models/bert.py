"""Encoders of the BERT family as a tensor program in plain linalg, for every target.

    encode(tokens[B, T] i32, lengths[B] i32) -> embeddings[B, d_model] f32
    score(tokens[B, T] i32, types[B, T] i32, lengths[B] i32) -> scores[B] f32

Row b holds `lengths[b]` tokens (1 to T) and padding after them; padding changes nothing. An
embedding has length 1. `score` is the entry of cross encoders: a row is a pair of texts, and
`types` says which of the two a token belongs to.
"""

from __future__ import annotations

from functools import partial
from math import sqrt

from agentc.models.config import BertConfig
from agentc.models.decoder import add
from agentc.models.encoder_head import relevance, unit_rows
from agentc.models.scalar_body import Body, Scalar
from agentc.models.shape_ops import collapse, expand
from agentc.models.tensor_module import Argument, Dim, Tensor, TensorModule
from agentc.models.tensor_program import Function

ENCODE, SCORE = "encode", "score"
_MASKED = -1e30


def emit_bert(config: BertConfig) -> TensorModule:
    """Returns the program of an encoder: `score` if it is a cross encoder, else `encode`."""
    module = TensorModule("encoder")
    types = [Argument("types", ("B", "T"), "i32")] if config.scores else []
    tokens, lengths = Argument("tokens", ("B", "T"), "i32"), Argument("lengths", ("B",), "i32")
    f = Function(module, SCORE if config.scores else ENCODE, [tokens, *types, lengths])
    f.size("rows", lambda b: f.dimension(b, "B") * f.dimension(b, "T"))
    x = _embed(f, config)
    for layer in range(config.layers):
        x = _layer(f, config, layer, x)
    f.finish([_output(f, config, expand(f, x, ((0, 1), (2,)), ("B", "T", config.d_model)))])
    return module


def _embed(f: Function, c: BertConfig) -> Tensor:
    words = f.parameter("words", (c.vocab, c.d_model))
    positions = f.parameter("positions", (c.context, c.d_model))

    def body(b: Body, token: Scalar) -> Scalar:
        d = b.loop_index("d")
        return b.read(words, token.index(), d) + b.read(positions, b.loop_index("t"), d)

    x = f.map("bt->btd", f["tokens"], body=body, sizes={"d": c.d_model})
    if c.token_types:
        table = f.parameter("types", (c.token_types, c.d_model))

        def add_type(b: Body, value: Scalar, kind: Scalar) -> Scalar:
            return value + b.read(table, kind.index(), b.loop_index("d"))

        x = f.map("btd,bt->btd", x, f["types"], body=add_type)
    return layer_norm(f, collapse(f, x, ((0, 1), (2,)), ("rows", c.d_model)), "norm", c.norm_eps)


def _layer(f: Function, c: BertConfig, layer: int, x: Tensor) -> Tensor:
    name = f"layers.{layer}"
    qkv = dense(f, x, f"{name}.qkv", 3 * c.d_model)
    attended = dense(f, _attention(f, c, qkv), f"{name}.attn_out", c.d_model)
    x = layer_norm(f, add(f, x, attended), f"{name}.attn_norm", c.norm_eps)
    h = gelu(f, dense(f, x, f"{name}.up", c.ffn))
    h = dense(f, h, f"{name}.down", c.d_model)
    return layer_norm(f, add(f, x, h), f"{name}.mlp_norm", c.norm_eps)


def dense(f: Function, x: Tensor, name: str, width: int) -> Tensor:
    """x W^T + b with the parameters `name`.weight and `name`.bias."""
    product = f.matmul(x, f.parameter(f"{name}.weight", (width, int(x.shape[1]))))
    bias = f.parameter(f"{name}.bias", (width,))
    return f.map("tn,n->tn", product, bias, body=lambda b, v, shift: v + shift)


def gelu(f: Function, x: Tensor) -> Tensor:
    """z (1 + erf(z / sqrt 2)) / 2 (Hendrycks and Gimpel, 2016)."""
    return f.map("tn->tn", x, body=lambda b, z: z * ((z * sqrt(0.5)).erf() + 1.0) * 0.5)


def layer_norm(f: Function, x: Tensor, name: str, eps: float) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * scale + shift, row by row (Ba et al., 2016)."""
    width = int(x.shape[1])
    scale, shift = (f.parameter(f"{name}.{n}", (width,)) for n in ("scale", "shift"))
    total = f.reduce("td->t", x, body=lambda b, acc, v: acc + v)
    centred = f.map("td,t->td", x, total, body=lambda b, v, s: v - s / float(width))
    squares = f.reduce("td->t", centred, body=lambda b, acc, v: acc + v * v)

    def body(b: Body, v: Scalar, square: Scalar, gain: Scalar, bias: Scalar) -> Scalar:
        return v * (square / float(width) + eps).rsqrt() * gain + bias

    return f.map("td,t,d,d->td", centred, squares, scale, shift, body=body)


def _attention(f: Function, c: BertConfig, qkv: Tensor) -> Tensor:
    """Every token attends to all real tokens of its row: softmax(q k / sqrt(head_dim)) v."""
    q, k, v = (_heads(f, c, qkv, part) for part in range(3))
    scores = f.reduce("bhid,bhjd->bhij", q, k, body=lambda b, acc, x, y: acc + x * y)

    def mask(b: Body, score: Scalar, length: Scalar) -> Scalar:
        return b.select(b.loop_index("j").lt(length.index()), score * c.head_dim**-0.5, _MASKED)

    scores = f.map("bhij,b->bhij", scores, f["lengths"], body=mask)
    top = f.reduce("bhij->bhi", scores, body=lambda b, m, s: m.max(s), start=_MASKED)
    weights = f.map("bhij,bhi->bhij", scores, top, body=lambda b, s, m: (s - m).exp())
    total = f.reduce("bhij->bhi", weights, body=lambda b, acc, w: acc + w)
    out = f.reduce("bhij,bhjd->bhid", weights, v, body=lambda b, acc, w, x: acc + w * x)
    out = f.map("bhid,bhi->bihd", out, total, body=lambda b, x, t: x / t)
    return collapse(f, out, ((0, 1), (2, 3)), ("rows", c.d_model))


def _heads(f: Function, c: BertConfig, qkv: Tensor, part: int) -> Tensor:
    """Queries (part 0), keys (1) or values (2) as [B, heads, T, head_dim]."""
    split = expand(f, qkv, ((0, 1), (2, 3, 4)), ("B", "T", 3, c.heads, c.head_dim))

    def body(b: Body) -> Scalar:
        where = [b.loop_index(i) for i in "bt"]
        which = b.constant(part, "index")
        return b.read(split, *where, which, b.loop_index("h"), b.loop_index("d"))

    sizes: dict[str, Dim] = {"b": "B", "h": c.heads, "t": "T", "d": c.head_dim}
    return f.map("->bhtd", body=body, sizes=sizes)


def _output(f: Function, c: BertConfig, x: Tensor) -> Tensor:
    if c.output == "mean":
        return unit_rows(f, _sum(f, x))

    def body(b: Body) -> Scalar:
        return b.read(x, b.loop_index("b"), b.constant(0, "index"), b.loop_index("d"))

    first = f.map("->bd", body=body, sizes={"b": "B", "d": c.d_model})
    return relevance(f, first, partial(dense, f)) if c.scores else unit_rows(f, first)


def _sum(f: Function, x: Tensor) -> Tensor:
    """Of the real tokens. The scale of a mean (1 / length) cancels in an embedding of length 1."""

    def accumulate(b: Body, acc: Scalar, value: Scalar, length: Scalar) -> Scalar:
        return b.select(b.loop_index("t").lt(length.index()), acc + value, acc)

    return f.reduce("btd,b->bd", x, f["lengths"], body=accumulate)
