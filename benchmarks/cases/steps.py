"""Bare steps against llama.cpp, in one process: decode at a position, prefill of a prompt."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.cases.context import Context, samples
from benchmarks.harness.measure import Call
from benchmarks.harness.results import OURS, CaseResult
from benchmarks.systems.llama import LlamaSettings, LlamaSteps
from benchmarks.systems.llama_tuning import DECODE, PREFILL, Alternatives, tune
from benchmarks.systems.ours import OurSteps

ROOM_TOKENS = 24
"""What a sequence has beyond its position, so that a step never meets the end of its memory."""
TUNING_CALLS, TUNING_LIMIT_S = 4, 1.5
UNIFIED_LIMIT = 8
"""Beyond so many sequences of their own a unified KV is not tried: every sequence then computes
scores against the keys of all, and filling it takes minutes."""
MIXED_SEED = 11


def decode(context: Context, batch: int, position: int) -> CaseResult:
    """One decode step of `batch` sequences, all at `position`, with the argmax of the logits."""
    return _decode(context, f"decode-{batch}-{position}", [position] * batch, f"at {position}")


def decode_mixed(context: Context, batch: int) -> CaseResult:
    """One decode step of `batch` sequences at positions between 64 and 1000."""
    draw = random.Random(MIXED_SEED)
    positions = [draw.randrange(64, 1000) for _ in range(batch)]
    return _decode(context, f"decode-{batch}-mixed", positions, "at mixed positions 64 to 1000")


def _decode(context: Context, key: str, positions: Sequence[int], where: str) -> CaseResult:
    room = max(positions) + ROOM_TOKENS

    def prepare(steps: LlamaSteps) -> Call:
        steps.fill(positions)
        return steps.decode(positions)

    ours = OurSteps(context.model, len(positions), room, threads=context.threads)
    ours.fill(positions)
    with contextlib.closing(ours), _tuned(context, key, prepare, len(positions), room) as peers:
        calls = {OURS: ours.decode(positions)} | {n: call for n, (_, call) in peers.items()}
        settings = {OURS: ours.settings} | {n: steps.settings for n, (steps, _) in peers.items()}
        bursts = context.repeats({1: 25, 8: 12}.get(len(positions), 6))
        measured = samples(calls, settings, bursts, 3, 1e3)
    return CaseResult(key, f"decode, batch {len(positions)}, {where}", "ms", measured)


def prefill(context: Context, tokens: int, chunk: int) -> CaseResult:
    """A prompt of `tokens` tokens in chunks of `chunk`, to the argmax behind its last token."""
    whole = chunk == tokens
    key = f"prefill-{tokens}" if whole else f"prefill-{tokens}-by-{chunk}"

    def prepare(steps: LlamaSteps) -> Call:
        return steps.prefill(tokens, chunk)

    room = tokens + ROOM_TOKENS
    ours = OurSteps(context.model, 1, room, threads=context.threads)
    with contextlib.closing(ours), _tuned(context, key, prepare, 1, room, PREFILL) as peers:
        calls = {OURS: ours.prefill(tokens, chunk)} | {n: call for n, (_, call) in peers.items()}
        settings = {OURS: ours.settings} | {n: steps.settings for n, (steps, _) in peers.items()}
        bursts = context.repeats(5 if tokens <= 512 else 2)
        measured = samples(calls, settings, bursts, 2 if tokens <= 512 else 1, 1e3)
    how = "one chunk" if whole else f"chunks of {chunk}"
    return CaseResult(key, f"prefill, {tokens} tokens, {how}", "ms", measured)


Prepare = Callable[[LlamaSteps], Call]


@contextlib.contextmanager
def _tuned(
    context: Context,
    key: str,
    prepare: Prepare,
    sequences: int,
    room: int,
    alternatives: Alternatives = DECODE,
) -> Iterator[dict[str, tuple[LlamaSteps, Call]]]:
    """llama.cpp with every file, each in the settings that are best for the case, and its call."""
    if sequences == 1 or sequences > UNIFIED_LIMIT:
        alternatives = {k: v for k, v in alternatives.items() if k != "unified"}
    with contextlib.ExitStack() as stack:
        ready = {}
        for name, file in context.peer_files().items():
            settings = context.tuned.find(
                f"{key} {name}",
                lambda file=file: _search(  # type: ignore[misc]
                    file, context.threads, alternatives, prepare, sequences, room
                ),
            )
            steps = LlamaSteps(settings, sequences, room)
            stack.callback(steps.close)
            ready[name] = (steps, prepare(steps))
        yield ready


def _search(
    file: Path,
    threads: int,
    alternatives: Alternatives,
    prepare: Prepare,
    sequences: int,
    room: int,
) -> LlamaSettings:
    def seconds(settings: LlamaSettings) -> float:
        steps = LlamaSteps(settings, sequences, room)
        try:
            call = prepare(steps)
            spent_s = [call()]
            time.sleep(0.01)
            while len(spent_s) <= TUNING_CALLS and sum(spent_s) < TUNING_LIMIT_S:
                spent_s.append(call())
            return min(spent_s)
        finally:
            steps.close()

    return tune(LlamaSettings(file, threads), alternatives, seconds)
