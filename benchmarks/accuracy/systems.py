"""The systems whose accuracy is measured: each scores windows and answers prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from agentc.runtime.backends.forward import FlatBatch
from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine.compiled import CompiledEngine
from agentc.runtime.engine.facade import AsyncEngine
from agentc.runtime.engine.request import Sampling
from agentc.runtime.engine.tokenizer import Tokenizer
from benchmarks.accuracy.agreement import until_end
from benchmarks.accuracy.perplexity import WINDOW, Logits
from benchmarks.systems import llama_batching
from benchmarks.systems.compiled import Compiled
from benchmarks.systems.llama import LlamaSettings, LlamaSteps
from benchmarks.systems.ours import open_forward

AT_ONCE = 16
ANSWER_TOKENS = 32
SEQUENCE_TOKENS = WINDOW
FIRST_SCORED = WINDOW // 2


class Accuracy(Protocol):
    """What both kinds of systems can do."""

    def score(self, window: Sequence[int]) -> Logits:
        """Logits of the second half of a window; see perplexity.py."""

    def answer(self, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
        """The first `ANSWER_TOKENS` greedy tokens behind each prompt, without an end token."""

    def close(self) -> None:
        """Frees what it has opened."""


class OurAccuracy:
    """A compiled model."""

    def __init__(self, compiled: Compiled, threads: int) -> None:
        self._compiled = compiled
        self._opened = IreeDevice("local-task", threads)
        self._forward = open_forward(compiled, self._opened, AT_ONCE * SEQUENCE_TOKENS)

    def score(self, window: Sequence[int]) -> Logits:
        """See Accuracy."""
        pages = np.arange(1, -(-WINDOW // self._forward.page_tokens) + 1, dtype=np.int32)
        rows = np.arange(FIRST_SCORED, WINDOW - 1, dtype=np.int32)
        logits = self._forward(
            FlatBatch(
                np.array(window, np.int32),
                np.arange(WINDOW, dtype=np.int32),
                np.zeros(WINDOW, np.int32),
                pages[None, :],
                rows,
            )
        )
        return np.stack([logits.row(row) for row in range(len(rows))])

    def answer(self, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
        """See Accuracy."""
        chat = self._compiled.model.chat
        assert chat is not None
        tokenizer = Tokenizer.load(Path(self._compiled.tokenizer))
        engine = AsyncEngine(CompiledEngine(self._forward, tokenizer, chat.end_tokens))
        try:
            return asyncio.run(_answers(engine, prompts))
        finally:
            engine.close()

    def close(self) -> None:
        """Frees the device."""
        self._forward.close()
        self._opened.close()


async def _answers(engine: AsyncEngine, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(prompt: Sequence[int]) -> list[int]:
        async with gate:
            snapshot = engine.append(engine.open(), prompt)
            answered = await engine.decode(snapshot, Sampling(max_tokens=ANSWER_TOKENS))
            engine.release(answered.snapshot)
            engine.release(snapshot)
            return list(answered.tokens)

    return list(await asyncio.gather(*map(one, prompts)))


class LlamaAccuracy:
    """A file in llama.cpp."""

    def __init__(self, settings: LlamaSettings, end_tokens: Sequence[int]) -> None:
        self._steps = LlamaSteps(settings, AT_ONCE, SEQUENCE_TOKENS)
        self._end_tokens = end_tokens

    def score(self, window: Sequence[int]) -> Logits:
        """See Accuracy."""
        self._steps.clear()
        rows = range(FIRST_SCORED, WINDOW - 1)
        self._steps.run(window, range(WINDOW), [0] * WINDOW, rows)
        return np.stack([self._steps.logits(row) for row in rows])

    def answer(self, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
        """See Accuracy."""
        lengths = [ANSWER_TOKENS] * len(prompts)
        answers = llama_batching.run(self._steps, prompts, lengths, AT_ONCE)
        return [until_end(answer, self._end_tokens) for answer in answers]

    def close(self) -> None:
        """Frees the context and the model."""
        self._steps.close()
