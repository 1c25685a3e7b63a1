"""Queue order: which call goes next."""

from __future__ import annotations

from collections.abc import Sequence

from agentc.runtime.core import Activity


class Fcfs:
    """First come, first served: the order in which calls became ready."""

    def order(self, queue: Sequence[Activity], now_s: float) -> Sequence[Activity]:
        return queue
