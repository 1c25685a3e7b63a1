"""Which waiting request starts next, and who gives way to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentc.runtime.engine.request import Request


class QueueOrder(Protocol):
    """Slot: queue order."""

    def next(self, waiting: Sequence[Request]) -> Request:
        """Chooses from `waiting`, which is not empty and in order of arrival. While the chosen
        one does not fit, nothing overtakes it: that is what keeps a large request from starving."""

    def started(self, request: Request, waiting: Sequence[Request]) -> None:
        """`request` runs now, and these wait on."""

    def urgency(self, request: Request) -> float:
        """When pages or seats run out, those that run and are less urgent than the one that is
        chosen give way to it: the least urgent first, and of equals the one that came last."""


class Fcfs:
    """First come, first served; nobody gives way."""

    def next(self, waiting: Sequence[Request]) -> Request:
        """See QueueOrder."""
        return waiting[0]

    def started(self, request: Request, waiting: Sequence[Request]) -> None:
        """See QueueOrder."""

    def urgency(self, request: Request) -> float:
        """See QueueOrder."""
        return 0.0


@dataclass(frozen=True)
class PriorityThenFcfs:
    """The highest priority first, of equals the one that came first. With equal priorities this
    is `Fcfs`.

    A request is overtaken when one that came later starts, or takes its place, before it ends its
    wait. Every `ageing` times raise it by one level. Bound: with P the highest priority that is
    asked for, a request of priority p is overtaken at most `ageing` * (P - p) times.
    Proof: who overtakes must stand higher than the overtaken, so nobody is ever raised above P;
    and whoever stands at P comes before all that came later. So nothing starves: what came before
    is finite, and so is what may overtake.
    """

    ageing: int = 16

    def next(self, waiting: Sequence[Request]) -> Request:
        """See QueueOrder."""
        return max(waiting, key=self.urgency)

    def started(self, request: Request, waiting: Sequence[Request]) -> None:
        """See QueueOrder."""
        for other in waiting:
            other.overtaken += other.arrival < request.arrival

    def urgency(self, request: Request) -> float:
        """See QueueOrder."""
        return request.priority + request.overtaken // self.ageing
