"""agentc: bare steps of the compiled program, and the whole engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agentc.runtime.backends.forward import FlatBatch, IreeForward
from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine.compiled import CompiledEngine
from agentc.runtime.engine.facade import AsyncEngine
from agentc.runtime.engine.opening import PAGE_DTYPES
from agentc.runtime.engine.options import EngineOptions
from agentc.runtime.engine.request import Sampling
from agentc.runtime.engine.tokenizer import Tokenizer
from benchmarks.harness.measure import Call
from benchmarks.systems.compiled import DEVICE, Compiled
from benchmarks.systems.texts import FILL_TOKEN, STEP_TOKEN, prompt_tokens

FILL_ROWS = 256


def open_forward(compiled: Compiled, opened: IreeDevice, kv_tokens: int) -> IreeForward:
    """The program of `compiled` with a pool for `kv_tokens` tokens (and page 0)."""
    binary = compiled.model.binaries[DEVICE]
    return IreeForward(
        opened.load(Path(compiled.vmfb), Path(compiled.parameters)),
        entry=binary.entry,
        vocabulary=compiled.model.dims["vocab"],
        context_tokens=compiled.model.dims["context"],
        pages=-(-kv_tokens // binary.page_tokens) + 1,
        page_tokens=binary.page_tokens,
        page_shape=binary.page_shape,
        page_dtype=PAGE_DTYPES[binary.page_dtype],
        workers=max(opened.workers, 1) if binary.has_set_workers else None,
    )


def open_async_engine(
    compiled: Compiled,
    opened: IreeDevice,
    kv_tokens: int,
    *,
    ignore_end: bool = True,
    options: EngineOptions | None = None,
) -> AsyncEngine:
    """The engine as `agentc run` has it; `ignore_end` makes answers as long as `max_tokens`."""
    forward = open_forward(compiled, opened, kv_tokens)
    chat = compiled.model.chat
    end_tokens = () if ignore_end or chat is None else chat.end_tokens
    tokenizer = Tokenizer.load(Path(compiled.tokenizer))
    return AsyncEngine(CompiledEngine(forward, tokenizer, end_tokens, options), close=forward.close)


async def whole_answer(engine: AsyncEngine, prompt: Sequence[int], tokens: int) -> None:
    """One greedy answer of exactly `tokens` tokens, as an agent asks for it."""
    snapshot = engine.append(engine.open(), prompt)
    answered = await engine.decode(snapshot, Sampling(max_tokens=tokens))
    if len(answered.tokens) != tokens:
        raise RuntimeError(f"answered {len(answered.tokens)} tokens, asked for {tokens}")
    engine.release(answered.snapshot)
    engine.release(snapshot)


class OurSteps:
    """Bare steps: one call of `forward`, and the argmax of its logits.

    Every sequence has `sequence_tokens` tokens of room on pages of its own.
    """

    def __init__(
        self, compiled: Compiled, sequences: int, sequence_tokens: int, *, threads: int
    ) -> None:
        self._opened = IreeDevice("local-task", threads)
        per_sequence = -(-sequence_tokens // compiled.model.binaries[DEVICE].page_tokens)
        page_tokens = compiled.model.binaries[DEVICE].page_tokens
        self._forward = open_forward(compiled, self._opened, sequences * per_sequence * page_tokens)
        pages = np.arange(sequences * per_sequence, dtype=np.int32) + 1
        self._tables = pages.reshape(sequences, per_sequence)
        self.settings = f"{compiled.precision}, KV {compiled.model.binaries[DEVICE].page_dtype}"

    def fill(self, lengths: Sequence[int]) -> None:
        """Computes the KV of `lengths[i]` tokens of sequence i."""
        for sequence, length in enumerate(lengths):
            for start in range(0, length, FILL_ROWS):
                rows = min(FILL_ROWS, length - start)
                self._forward(self._chunk([FILL_TOKEN] * rows, start, sequence))

    def decode(self, positions: Sequence[int]) -> Call:
        """A decode step of `len(positions)` sequences, each at its position."""
        batch = FlatBatch(
            np.full(len(positions), STEP_TOKEN, np.int32),
            np.array(positions, np.int32),
            np.arange(len(positions), dtype=np.int32),
            self._table(len(positions), max(positions) + 1),
            np.arange(len(positions), dtype=np.int32),
        )
        return self._call([batch])

    def prefill(self, tokens: int, chunk: int) -> Call:
        """A prompt of `tokens` tokens in chunks, with the argmax behind its last token."""
        prompt = prompt_tokens(tokens)
        starts = range(0, tokens, chunk)
        return self._call([self._chunk(prompt[s : s + chunk], s, 0) for s in starts])

    def close(self) -> None:
        """Frees the pool and the device."""
        self._forward.close()
        self._opened.close()

    def _call(self, batches: list[FlatBatch]) -> Call:
        def call() -> float:
            start = time.perf_counter()
            for batch in batches:
                logits = self._forward(batch)
            logits.best()
            return time.perf_counter() - start

        return call

    def _chunk(self, tokens: Sequence[int], start: int, sequence: int) -> FlatBatch:
        end = start + len(tokens)
        pages = -(-end // self._forward.page_tokens)
        return FlatBatch(
            np.array(tokens, np.int32),
            np.arange(start, end, dtype=np.int32),
            np.zeros(len(tokens), np.int32),
            self._tables[sequence : sequence + 1, :pages].copy(),
            np.array([len(tokens) - 1], np.int32),
        )

    def _table(self, sequences: int, tokens: int) -> np.ndarray:
        return self._tables[:sequences, : -(-tokens // self._forward.page_tokens)].copy()
