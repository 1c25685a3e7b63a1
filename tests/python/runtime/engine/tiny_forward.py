"""A 2-layer Llama with random weights in numpy behind the `forward` ABI: paged, grouped-query,
rope, gated MLP. Its pool starts as NaN, so a read of a slot that nobody wrote cannot stay hidden.
Its vocabulary is the 256 bytes and a few special tokens, so texts, stop strings and grammars work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from agentc.runtime.backends.forward import FlatBatch
from agentc.runtime.backends.logits import HostLogits

D, HEADS, KV_HEADS, HEAD_DIM, FFN, LAYERS = 24, 4, 2, 6, 32, 2
SPECIAL = ("<|end|>", "<|user|>", "<|assistant|>")
END = 256
VOCABULARY = 256 + len(SPECIAL)


def byte_tokenizer_json() -> str:
    """A byte-level tokenizer without merges: token i < 256 is one byte."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(s, special=True) for s in SPECIAL])
    return str(tokenizer.to_str())


class TinyForward:
    """See agentc.runtime.backends.forward.Forward."""

    vocabulary = VOCABULARY
    page_tokens = 16

    def __init__(self, pages: int = 64, context_tokens: int = 512, seed: int = 0) -> None:
        self.pages = pages
        self.context_tokens = context_tokens
        self.batches: list[FlatBatch] = []
        self.fail_next = False
        random = np.random.default_rng(seed)

        def weights(*shape: int) -> NDArray[np.float64]:
            return random.normal(0, shape[-1] ** -0.5, shape)

        self._embedding = random.normal(0, 1, (VOCABULARY, D))
        self._head = random.normal(0, 1, (VOCABULARY, D))  # tied, it would only repeat itself
        self._layers = [
            {
                "q": weights(HEADS * HEAD_DIM, D) * 2,
                "k": weights(KV_HEADS * HEAD_DIM, D) * 2,
                "v": weights(KV_HEADS * HEAD_DIM, D),
                "o": weights(D, HEADS * HEAD_DIM),
                "gate": weights(FFN, D),
                "up": weights(FFN, D),
                "down": weights(D, FFN),
            }
            for _ in range(LAYERS)
        ]
        self.reset_pool()

    def reset_pool(self) -> None:
        shape = (self.pages, LAYERS, 2, self.page_tokens, KV_HEADS, HEAD_DIM)
        self.pool = np.full(shape, np.nan)

    @property
    def page_bytes(self) -> int:
        return self.pool[0].nbytes

    def read_pages(self, pages) -> list[NDArray[np.uint8]]:
        return [self.pool[page].reshape(-1).view(np.uint8).copy() for page in pages]

    def write_pages(self, pages, contents) -> None:
        for page, content in zip(pages, contents, strict=True):
            self.pool[page] = content.view(self.pool.dtype).reshape(self.pool[page].shape)

    def __call__(self, batch: FlatBatch) -> HostLogits:
        self.batches.append(batch)
        if self.fail_next:
            self.fail_next = False
            self.pool[:] = np.nan
            raise RuntimeError("the device fell off the bus")
        x = self._embedding[batch.tokens]
        for index, layer in enumerate(self._layers):
            x = x + self._attention(index, layer, _norm(x), batch) @ layer["o"].T
            h = _norm(x)
            gate = h @ layer["gate"].T
            x = x + (gate / (1 + np.exp(-gate)) * (h @ layer["up"].T)) @ layer["down"].T
        logits = _norm(x[batch.logit_rows]) @ self._head.T
        assert np.isfinite(logits).all(), "a slot was read that nobody wrote"
        return HostLogits((logits * 1.5).astype(np.float32))

    def _attention(self, index: int, layer: dict, h: NDArray, batch: FlatBatch) -> NDArray:
        rows = len(batch.tokens)
        q = _rope((h @ layer["q"].T).reshape(rows, HEADS, HEAD_DIM), batch.positions)
        k = _rope((h @ layer["k"].T).reshape(rows, KV_HEADS, HEAD_DIM), batch.positions)
        v = (h @ layer["v"].T).reshape(rows, KV_HEADS, HEAD_DIM)
        pages = batch.block_table[batch.sequence_of, batch.positions // self.page_tokens]
        assert (pages > 0).all(), "page 0 belongs to nobody"
        slots = batch.positions % self.page_tokens
        self.pool[pages, index, 0, slots] = k
        self.pool[pages, index, 1, slots] = v
        out = np.empty((rows, HEADS, HEAD_DIM))
        for row in range(rows):
            out[row] = self._row(index, q[row], batch, row)
        return out.reshape(rows, -1)

    def _row(self, index: int, q: NDArray, batch: FlatBatch, row: int) -> NDArray:
        keys = np.arange(batch.positions[row] + 1)
        pages = batch.block_table[batch.sequence_of[row], keys // self.page_tokens]
        kv = self.pool[pages, index, :, keys % self.page_tokens]  # [keys, 2, kv heads, head dim]
        kv = kv.repeat(HEADS // KV_HEADS, axis=2)
        scores = np.einsum("hd,jhd->hj", q, kv[:, 0]) * HEAD_DIM**-0.5
        p = np.exp(scores - scores.max(-1, keepdims=True))
        return np.einsum("hj,jhd->hd", p / p.sum(-1, keepdims=True), kv[:, 1])


def _norm(x: NDArray) -> NDArray:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)


def _rope(x: NDArray, positions: NDArray) -> NDArray:
    half = HEAD_DIM // 2
    angle = positions[:, None, None] * 100.0 ** (-np.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate(
        [a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], -1
    )


def reference_logits(forward: TinyForward, tokens: list[int]) -> NDArray[np.float32]:
    """Logits of every token of one sequence, run alone, at once, on pages of its own."""
    alone = TinyForward(pages=len(tokens) // 16 + 2, seed=0)
    alone._embedding, alone._head = forward._embedding, forward._head
    alone._layers = forward._layers
    used = -(-len(tokens) // 16)
    logits = alone(
        FlatBatch(
            np.array(tokens, np.int32),
            np.arange(len(tokens), dtype=np.int32),
            np.zeros(len(tokens), np.int32),
            np.arange(1, used + 1, dtype=np.int32)[None],
            np.arange(len(tokens), dtype=np.int32),
        )
    )
    return np.stack([logits.row(row) for row in range(len(tokens))])
