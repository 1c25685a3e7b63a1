"""Continuous batching over llama.cpp's library: what its server does, without HTTP.

Every step holds one token of each running answer, and fills up with prompts that wait, as many
tokens as the batch takes. So the library is compared without any cost of the server around it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.systems.llama import LlamaSteps


@dataclass
class _Slot:
    """A sequence that runs: what is still to be computed, and what it has answered."""

    number: int
    sequence: int
    pending: list[int]
    left: int
    position: int = 0
    answer: list[int] = field(default_factory=list)


def run(
    steps: LlamaSteps, prompts: Sequence[Sequence[int]], lengths: Sequence[int], slots: int,
    rows: int = 512,
) -> list[list[int]]:  # fmt: skip
    """Answers `prompts` greedily, the i-th with `lengths[i]` tokens, at most `slots` at a time.

    `rows` is the token budget of a step. Returns the answers in the order of the prompts.
    """
    steps.clear()
    waiting = deque(enumerate(zip(prompts, lengths, strict=True)))
    free = list(range(slots))
    running: list[_Slot] = []
    ended: dict[int, list[int]] = {}
    while waiting or running:
        while waiting and free:
            number, (prompt, length) = waiting.popleft()
            running.append(_Slot(number, free.pop(), list(prompt), length))
        _step(steps, running, rows)
        for slot in [slot for slot in running if not slot.left]:
            steps.remove(slot.sequence, 0)
            running.remove(slot)
            free.append(slot.sequence)
            ended[slot.number] = slot.answer
    return [ended[number] for number in range(len(prompts))]


def _step(steps: LlamaSteps, running: list[_Slot], budget: int) -> None:
    tokens: list[int] = []
    positions: list[int] = []
    sequences: list[int] = []
    asked: list[tuple[int, _Slot]] = []
    for slot in sorted(running, key=lambda slot: len(slot.pending)):
        count = min(len(slot.pending), budget - len(tokens))
        tokens += slot.pending[:count]
        positions += range(slot.position, slot.position + count)
        sequences += [slot.sequence] * count
        slot.pending, slot.position = slot.pending[count:], slot.position + count
        if count and not slot.pending:
            asked.append((len(tokens) - 1, slot))
    steps.run(tokens, positions, sequences, [row for row, _ in asked])
    best = steps.best_tokens([row for row, _ in asked])
    for token, (_, slot) in zip(best, asked, strict=True):
        slot.answer.append(token)
        slot.pending, slot.left = [token], slot.left - 1
