"""What goes into one step's batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentc.runtime.engine.task import Task
from agentc.runtime.kv.snapshot import Sequence as KvSequence


@dataclass(frozen=True)
class Share:
    """`rows` tokens of a task run in this step, and behind them those of `draft`, which may turn
    out wrong. `forced`: the draft is what a grammar forces."""

    task: Task
    rows: int
    draft: tuple[int, ...] = ()
    forced: bool = False

    @property
    def sequence(self) -> KvSequence:
        """The tokens and their pages."""
        return self.task.sequence

    @property
    def start(self) -> int:
        """The position of the first row."""
        return self.task.sequence.computed

    @property
    def sampled(self) -> bool:
        """Whether the logits of the last row, and of all rows of the draft, are needed."""
        return self.task.wants_logits(self.rows)


class BatchPolicy(Protocol):
    """Slot: batch."""

    def choose(self, ready: Sequence[Task]) -> list[Share]:
        """Shares the step among `ready` tasks (in order of admission), each with
        1 <= rows <= task.pending. Not empty if `ready` is not."""


@dataclass(frozen=True)
class TokenBudget:
    """Every decoding sequence gets its one row first, so a long prompt cannot stall a stream; what
    is left of `max_rows` goes to prompts, in order, in chunks (Sarathi-Serve, arXiv 2403.02310).
    """

    max_rows: int = 256

    def choose(self, ready: Sequence[Task]) -> list[Share]:
        """See BatchPolicy."""
        decoding = [task for task in ready if task.decoding][: self.max_rows]
        shares = [Share(task, 1) for task in decoding]
        left = self.max_rows - len(shares)
        for task in ready:
            if left > 0 and not task.decoding:
                shares.append(Share(task, min(left, task.pending)))
                left -= shares[-1].rows
        return shares
