"""Which waiting request starts next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agentc.runtime.engine.request import Request


class QueueOrder(Protocol):
    """Slot: queue order."""

    def next(self, waiting: Sequence[Request]) -> Request:
        """Chooses from `waiting`, which is not empty and in order of arrival. While the chosen
        one does not fit, nothing overtakes it: that is what keeps a large request from starving."""


class Fcfs:
    """First come, first served."""

    def next(self, waiting: Sequence[Request]) -> Request:
        """See QueueOrder."""
        return waiting[0]
