"""The questions that a policy may answer. The orchestrator asks; it decides nothing itself.

A policy sees state, never changes it, reads no clock but the `now_s` it is given, and draws
randomness only from a generator it was seeded with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agentc.plan import Distribution
from agentc.runtime.core import Activity, Run


class Admission(Protocol):
    """May a submitted run start?"""

    def admit(self, waiting: Sequence[Run], running: int, now_s: float) -> Sequence[Run]:
        """Returns the runs of `waiting` that start now, in the order in which they start."""
        ...


class QueueOrder(Protocol):
    """Which call goes next?"""

    def order(self, queue: Sequence[Activity], now_s: float) -> Sequence[Activity]:
        """Returns `queue`, most urgent first. A call whose slot is taken is passed over."""
        ...


class KvWhileWaiting(Protocol):
    """What becomes of the KV of a sequence that waits for something else?"""

    def park(
        self, tokens: int, idle: Distribution | None, steps_to_use: int | None, pressure: float
    ) -> bool:
        """Returns True to give the pages back now.

        `tokens` is the sequence's length, `idle` how long it is expected to wait (seconds),
        `steps_to_use` how many stage operations run before it is used again, `pressure` the share
        of the device's pages that are in use, 0 to 1.
        """
        ...
