"""The Engine protocol: what the scheduler sees of anything that serves one LLM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agentc.runtime.engine.request import Request
from agentc.runtime.kv.snapshot import Snapshot


@dataclass(frozen=True)
class Load:
    """How busy an engine is. Pages: `free_pages` + `used_pages` = all; `cached_pages` of the used
    ones are in the prefix cache, and `evictable_pages` of those would be given up on demand."""

    running: int
    waiting: int
    free_pages: int
    used_pages: int
    cached_pages: int
    evictable_pages: int


@dataclass(frozen=True)
class StepRecord:
    """One step, for the trace. Times are the engine clock's; rows are tokens run by the model.
    Of `decode_rows`, `draft_rows` were drafts and `accepted_rows` of those were right."""

    index: int
    start_s: float
    end_s: float
    decode_rows: int
    prefill_rows: int
    sequences: int
    waiting: int
    used_pages: int
    draft_rows: int = 0
    accepted_rows: int = 0


class Engine(Protocol):
    """One LLM on one device. Driven by one thread: admit, step until idle."""

    def can_admit(self, request: Request) -> bool:
        """Whether the request would start in the next step. Never too optimistic about memory."""

    def admit(self, request: Request) -> None:
        """Queues the request. Raises RuntimeFault (capacity) if it can never fit."""

    def step(self) -> StepRecord | None:
        """Starts what may start and runs one batch; None when there was nothing to run. Raises
        RuntimeFault (kind "device") when the device failed; those that it concerns were told."""

    def park(self, snapshot: Snapshot) -> None:
        """Gives up the snapshot's KV, not the snapshot."""

    def resume(self, snapshot: Snapshot, request: Request) -> None:
        """Queues the computation of a parked snapshot's KV; `request` is told when it is done."""

    def release(self, snapshot: Snapshot) -> None:
        """Closes the snapshot."""

    def load(self) -> Load:
        """How busy the engine is now."""
