"""Paged attention in plain linalg: correct on every target, a scalar gather, so not fast.

Pool: [pages, layers, k|v, page tokens, kv heads, head_dim] f32 or f16, worked on as flat rows of
kv heads * head_dim. Row of a token: ((page * layers + layer) * 2 + k|v) * 16 + position % 16.
"""

from __future__ import annotations

from agentc.models.config import DecoderConfig
from agentc.models.decoder import merge_heads
from agentc.models.pages import PAGE_TOKENS
from agentc.models.scalar_body import Body, Scalar
from agentc.models.shape_ops import collapse, columns, expand, scatter_rows
from agentc.models.tensor_module import Dim, Shape, Tensor, TensorModule
from agentc.models.tensor_program import Function

_MASKED = -1e30
_CHUNK_PAGES = 8
_CHUNK_KEYS = _CHUNK_PAGES * PAGE_TOKENS
"""Values are summed in chunks: compilers for Metal fail on longer sums of what is gathered."""


class GenericAttention:
    """Implements `decoder.Attention` with gathers and reductions."""

    def __init__(
        self, config: DecoderConfig, module: TensorModule, page_dtype: str = "f32"
    ) -> None:
        c = self.config = config
        self.page_dtype = page_dtype
        self.page_shape: Shape = (c.layers, 2, PAGE_TOKENS, c.kv_heads, c.head_dim)
        self._rows_per_page = c.layers * 2 * PAGE_TOKENS

    def begin(self, f: Function, pool: Tensor) -> None:
        """Defines the sizes and the pool row of each new token."""
        rows = self._rows_per_page
        f.size("rows", lambda b: f.dimension(b, "pages") * rows)
        f.size("chunks", lambda b: (f.dimension(b, "P") + (_CHUNK_PAGES - 1)) // _CHUNK_PAGES)
        f.size("keys", lambda b: f.dimension(b, "chunks") * _CHUNK_KEYS)

        def slot(b: Body, position: Scalar, sequence: Scalar) -> Scalar:
            return self._row(b, f, sequence.index(), position.index()).i32()

        self._slots = f.map("t,t->t", f["positions"], f["sequence_of"], body=slot, element="i32")

        def key(b: Body, sequence: Scalar) -> Scalar:
            return self._row(b, f, sequence.index(), b.loop_index("j")).i32()

        sizes: dict[str, Dim] = {"j": "keys"}
        self._key_rows = f.map("t->tj", f["sequence_of"], body=key, element="i32", sizes=sizes)

    def layer(self, f: Function, layer: int, qkv: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """Scatters keys and values into their pages, then scores, softmax and weighted sum."""
        c = self.config
        width = c.kv_heads * c.head_dim
        if len(pool.shape) > 2:
            pool = collapse(f, pool, ((0, 1, 2, 3), (4, 5)), ("rows", width))
        tables = [f"{c.rope_table(layer)}.{n}" for n in ("cos", "sin")]
        rope = [f.parameter(n, (c.context, c.head_dim // 2)) for n in tables]
        queries = self._rotate(f, qkv, rope, 0, c.heads, c.query_scale)
        keys = merge_heads(f, self._rotate(f, qkv, rope, c.heads * c.head_dim, c.kv_heads, 1.0))
        values = columns(f, qkv, (c.heads + c.kv_heads) * c.head_dim, width)
        for kv, new in enumerate((keys, values)):
            offset = (layer * 2 + kv) * PAGE_TOKENS
            where = f.map("t->t", self._slots, body=lambda b, s, o=offset: s + o, element="i32")
            stored = f.map("tc->tc", new, body=self._to_page, element=self.page_dtype)
            pool = scatter_rows(f, stored, where, pool)
        weights = self._softmax(f, self._scores(f, layer, queries, pool))
        return merge_heads(f, self._weighted_values(f, layer, weights, pool)), pool

    def end(self, f: Function, pool: Tensor) -> Tensor:
        """Returns the pool in its six dimensions."""
        return expand(f, pool, ((0, 1, 2, 3), (4, 5)), ("pages", *self.page_shape))

    def _row(self, b: Body, f: Function, sequence: Scalar, position: Scalar) -> Scalar:
        # The last chunk of keys may reach behind the table; what is read there is masked.
        column = (position // PAGE_TOKENS).min(f.dimension(b, "P") - 1)
        page = b.read(f["block_table"], sequence, column).index()
        return page * self._rows_per_page + position % PAGE_TOKENS

    def _rotate(
        self, f: Function, qkv: Tensor, rope: list[Tensor], first: int, heads: int, scale: float
    ) -> Tensor:
        """Rotary positions (Su et al., 2021), pairs (d, d + head_dim / 2), on `heads` heads from
        column `first`; the result is multiplied by `scale`: [T, heads, head_dim]."""
        width = self.config.head_dim
        half = width // 2

        def body(b: Body, position: Scalar) -> Scalar:
            row, head, d = (b.loop_index(c) for c in "thd")
            upper = d.ge(half)
            partner = b.select(upper, d - half, d + half)
            column = head * width + first
            cos, sin = (b.read(t, position.index(), d % half) for t in rope)
            x, y = b.read(qkv, row, column + d), b.read(qkv, row, column + partner)
            return (x * cos + y * b.select(upper, sin, -sin)) * scale

        sizes = {"h": heads, "d": width}
        return f.map("t->thd", f["positions"], body=body, sizes=sizes)

    def _cached(self, b: Body, pool: Tensor, layer: int, kv: int, key_row: Scalar) -> Scalar:
        """Element d of the key or value whose pool row in layer 0 is `key_row`, for head h."""
        c = self.config
        row = key_row.index()
        kv_head = b.loop_index("h") // (c.heads // c.kv_heads)
        column = kv_head * c.head_dim + b.loop_index("d")
        return b.read(pool, row + (layer * 2 + kv) * PAGE_TOKENS, column).f32()

    def _to_page(self, b: Body, value: Scalar) -> Scalar:
        return b.cast(value, self.page_dtype)

    def _visible(self, b: Body, layer: int, position: Scalar) -> Scalar:
        """Whether key j is one that a query of layer `layer` at `position` attends to, as i1."""
        window = self.config.windows[layer]
        if not window:
            return b.loop_index("j").le(position.index())
        age = position.index() - b.loop_index("j")
        # A key of the future counts as too old.
        return b.select(age.ge(0), age, window).lt(window)

    def _scores(self, f: Function, layer: int, queries: Tensor, pool: Tensor) -> Tensor:
        def dot(b: Body, total: Scalar, q: Scalar, key_row: Scalar) -> Scalar:
            return total + q * self._cached(b, pool, layer, 0, key_row)

        scores = f.reduce("thd,tj->thj", queries, self._key_rows, body=dot)

        def mask(b: Body, score: Scalar, position: Scalar) -> Scalar:
            visible = self._visible(b, layer, position)
            return b.select(visible, score, _MASKED)

        return f.map("thj,t->thj", scores, f["positions"], body=mask)

    def _softmax(self, f: Function, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Returns exp(score - max) and its sum; masked keys weigh exactly 0."""
        top = f.reduce("thj->th", scores, body=lambda b, m, s: s.max(m), start=_MASKED)

        def weigh(b: Body, score: Scalar, top: Scalar) -> Scalar:
            seen = score.ge(_MASKED / 10)
            return b.select(seen, (score - top).exp(), 0.0)

        weights = f.map("thj,th->thj", scores, top, body=weigh)
        return weights, f.reduce("thj->th", weights, body=lambda b, total, w: total + w)

    def _weighted_values(
        self, f: Function, layer: int, softmax: tuple[Tensor, Tensor], pool: Tensor
    ) -> Tensor:
        weights, total = softmax

        def accumulate(b: Body, acc: Scalar, w: Scalar, key_row: Scalar) -> Scalar:
            value = self._cached(b, pool, layer, 1, key_row)
            # A stale page may hold NaN, and 0 * NaN is NaN: what weighs nothing is not read.
            return acc + w * b.select(w.le(0.0), b.constant(0.0, "f32"), value)

        heads, dim = self.config.heads, self.config.head_dim
        chunked = expand(f, weights, ((0,), (1,), (2, 3)), ("T", heads, "chunks", _CHUNK_KEYS))
        rows = expand(f, self._key_rows, ((0,), (1, 2)), ("T", "chunks", _CHUNK_KEYS))
        parts = f.reduce("thcj,tcj->tchd", chunked, rows, body=accumulate, sizes={"d": dim})
        out = f.reduce("tchd->thd", parts, body=lambda b, acc, part: acc + part)
        return f.map("thd,th->thd", out, total, body=lambda b, x, t: x / t)
