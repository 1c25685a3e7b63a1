"""Bare steps against PyTorch, eager and compiled, in f32 and bf16."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import product

from benchmarks.cases.context import Q4_1, Context, samples
from benchmarks.harness.measure import Call
from benchmarks.harness.results import OURS, CaseResult
from benchmarks.systems.ours import OurSteps
from benchmarks.systems.pytorch import TorchSteps, TorchWeights

ROOM_TOKENS = 24
Prepare = Callable[[OurSteps | TorchSteps], Call]


def decode(context: Context, batch: int, position: int) -> CaseResult:
    """One decode step of `batch` sequences at `position`, with the argmax of the logits."""
    positions = [position] * batch

    def prepare(steps: OurSteps | TorchSteps) -> Call:
        steps.fill(positions)
        return steps.decode(positions)

    key, title = f"pytorch-decode-{batch}-{position}", f"decode, batch {batch}, at {position}"
    return _compare(context, key, title, batch, position + ROOM_TOKENS, prepare)


def prefill(context: Context, tokens: int) -> CaseResult:
    """A prompt of `tokens` tokens in one chunk, with the argmax behind its last token."""
    key, title = f"pytorch-prefill-{tokens}", f"prefill, {tokens} tokens"
    return _compare(
        context, key, title, 1, tokens + ROOM_TOKENS, lambda steps: steps.prefill(tokens, tokens)
    )


def _compare(
    context: Context, key: str, title: str, sequences: int, room: int, prepare: Prepare
) -> CaseResult:
    weights = TorchWeights(context.peer_files()[Q4_1], room)
    with contextlib.ExitStack() as stack:
        ours = OurSteps(context.model, sequences, room, threads=context.threads)
        systems: dict[str, OurSteps | TorchSteps] = {OURS: ours}
        for precision, compiled in product(("f32", "bf16"), (False, True)):
            name = f"PyTorch {precision}{', compiled' if compiled else ''}"
            systems[name] = TorchSteps(
                weights, precision, sequences, room, threads=context.threads, compiled=compiled
            )
        for system in systems.values():
            stack.callback(system.close)
        calls = {name: prepare(system) for name, system in systems.items()}
        settings = {name: system.settings for name, system in systems.items()}
        measured = samples(calls, settings, context.repeats(5), 3, 1e3)
    return CaseResult(key, f"{title}, to PyTorch", "ms", measured)
