"""What the engine itself costs: microseconds a step of everything that is not the model.

    python benchmarks/engine_overhead.py            # a table, and JSON on the last line

The model is replaced by a `Forward` that returns at once (the same random logits in each step), so
what is left is scheduling, packing, page keeping, choosing tokens, text and callbacks. Minimum and
median over many steps, one thread. A vocabulary of 49,152, prompts of 200 tokens. "With drafts": as
the logits do not change the texts repeat themselves, so prompt lookup always has a proposal.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import time

import numpy as np

from agentc import models
from agentc.runtime.backends.forward import FlatBatch
from agentc.runtime.backends.logits import HostLogits
from agentc.runtime.engine import CompiledEngine, EngineOptions, Request, Sampling, Tokenizer
from agentc.runtime.engine.speculation import PromptLookup

MODEL = "smollm2-135m-instruct"
VOCABULARY, PROMPT_TOKENS, STEPS = 49_152, 200, 200
BATCHES = (1, 8, 32, 64)
WAYS: dict[str, dict[str, float]] = {
    "greedy": {},
    "greedy with drafts": {},
    "temperature 0.8": {"temperature": 0.8},
    "temperature 0.8, top_p 0.95": {"temperature": 0.8, "top_p": 0.95},
    "temperature 0.8, top_k 40": {"temperature": 0.8, "top_k": 40},
}


class InstantForward:
    """Random logits, always the same; the first tokens, which include the end, are unlikely."""

    vocabulary = VOCABULARY
    context_tokens = 4096
    page_tokens = 16
    pages = max(BATCHES) * (context_tokens // page_tokens) + 1
    page_bytes = 1

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self._logits = random.normal(0, 3, (max(BATCHES), VOCABULARY)).astype(np.float32)
        self._logits[:, :100] = -50

    def __call__(self, batch: FlatBatch) -> HostLogits:
        return HostLogits(self._logits[: len(batch.logit_rows)])

    def reset_pool(self) -> None:
        """There is no pool."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--profile", type=int, metavar="BATCH", help="cProfile of greedy steps")
    batch = parser.parse_args().profile
    tokenizer = Tokenizer(models.tokenizer_json(models.resolve(MODEL)))
    if batch:
        return _profile(tokenizer, batch)
    figures: dict[str, float] = {}
    print(f"{'us a step, min / median':32}" + "".join(f"{f'batch {b}':>16}" for b in BATCHES))
    for name, how in WAYS.items():
        drafter = PromptLookup() if "drafts" in name else None
        row = [_measure(_decoding(tokenizer, batch, how, drafter)) for batch in BATCHES]
        print(f"{name:32}" + "".join(f"{low:9.0f} /{middle:5.0f}" for low, middle in row))
        figures |= {f"{name}, batch {b}, us": low for b, (low, _) in zip(BATCHES, row, strict=True)}
    print(json.dumps(figures))
    return None


def _measure(engine: CompiledEngine) -> tuple[float, float]:
    times: list[float] = []
    for _ in range(STEPS):
        start = time.perf_counter()
        engine.step()
        times.append((time.perf_counter() - start) * 1e6)
    return min(times), statistics.median(times)


def _decoding(
    tokenizer: Tokenizer, batch: int, how: dict[str, float], drafter: PromptLookup | None = None
) -> CompiledEngine:
    """Returns an engine with `batch` sequences past their prompts."""
    options = EngineOptions(max_sequences=batch, drafter=drafter)
    engine = CompiledEngine(InstantForward(), tokenizer, [2], options)
    random = np.random.default_rng(1)
    for number in range(batch):
        tokens = tuple(random.integers(100, VOCABULARY, PROMPT_TOKENS).tolist())
        snapshot = engine.cache.append(engine.cache.open(""), tokens)
        sampling = Sampling(max_tokens=3000, **how)
        engine.admit(Request(snapshot, sampling, number, lambda done: None, lambda t, n: None))
    while True:
        record = engine.step()
        if record is not None and record.decode_rows - record.draft_rows == batch:
            return engine


def _profile(tokenizer: Tokenizer, batch: int) -> None:
    engine = _decoding(tokenizer, batch, {})
    with cProfile.Profile() as profile:
        for _ in range(STEPS):
            engine.step()
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
