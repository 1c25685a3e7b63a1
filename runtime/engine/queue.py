"""Who runs and who waits: requests get seats and pages, and lose them to more urgent ones."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import replace

from agentc.errors import RuntimeFault
from agentc.runtime.engine.batching import Share
from agentc.runtime.engine.order import QueueOrder
from agentc.runtime.engine.request import Request
from agentc.runtime.engine.task import Task
from agentc.runtime.kv.cache import KvCache


class Queue:
    """`running` tasks, in order of their start, and `waiting` requests, in order of arrival. A
    request that had to give way waits with what it has written so far (`Task`), without pages."""

    def __init__(
        self,
        cache: KvCache,
        order: QueueOrder,
        seats: int,
        start: Callable[[Request], Task | None],
        reserve: Callable[[int], int],
    ) -> None:
        """`start` makes a task, or None when there are no pages; `reserve(left)`: for how many of
        the tokens that are left to write a task gets pages when it goes on."""
        self.running: list[Task] = []
        self.waiting: list[Request] = []
        self.suspensions = 0
        self._cache, self._order, self._seats = cache, order, seats
        self._start, self._reserve = start, reserve
        self._suspended: dict[Request, Task] = {}
        self._arrivals = 0

    def add(self, request: Request) -> None:
        """The request has come."""
        request.arrival = self._arrivals
        self._arrivals += 1
        self.waiting.append(request)

    def remove(self, request: Request) -> None:
        """The request waits no longer."""
        self.waiting.remove(request)
        self._suspended.pop(request, None)

    def start_waiting(self) -> None:
        """Starts what may start, in the order of the policy."""
        while self.waiting and self._seat(self._order.next(self.waiting)):
            pass

    def grow(self, shares: Sequence[Share]) -> list[Share]:
        """The shares that have pages for their rows. Where there are none left, drafts are given
        up, and then the least urgent tasks are suspended."""
        size = self._cache.pool.page_tokens
        if all(_end(share) <= len(share.sequence.pages) * size for share in shares):
            return [*shares]
        grown = {}
        for share in sorted(shares, key=lambda s: self._rank(s.task), reverse=True):
            if share.draft and not self._cache.grow(share.sequence, _end(share)):
                share = replace(share, draft=())
            grown[share.task] = share
            while share.task in self.running:
                if self._cache.grow(share.sequence, _end(share)):
                    break
                self.suspend(min(self.running, key=self._rank))
        return [grown[share.task] for share in shares if share.task in self.running]

    def suspend(self, task: Task) -> None:
        """Takes the task's pages; it goes on later, exactly where it was."""
        self.running.remove(task)
        self._cache.suspend(task.sequence)
        self._suspended[task.request] = task
        insort(self.waiting, task.request, key=lambda request: request.arrival)
        self.suspensions += 1

    def _seat(self, request: Request) -> bool:
        """Lets the request run, or tells it that it cannot; False: it must wait."""
        victims = self._victims(request)
        if victims and not self._fits_without(request, victims):
            victims = []
        while True:
            if len(self.running) < self._seats and self._run(request):
                return True
            if not victims:
                return False
            self.suspend(victims.pop(0))

    def _run(self, request: Request) -> bool:
        try:
            task = self._revive(request) if request in self._suspended else self._start(request)
        except RuntimeFault as fault:  # released meanwhile, or its grammar does not compile
            self.remove(request)
            request.on_done(fault)
            return True
        if task is None:
            return False
        self.remove(request)
        self.running.append(task)
        self._order.started(request, self.waiting)
        return True

    def _revive(self, request: Request) -> Task | None:
        task = self._suspended[request]
        revived = self._cache.revive(task.sequence, self._reserve(task.room))
        return task if revived else None

    def _victims(self, request: Request) -> list[Task]:
        urgency = self._order.urgency(request)
        less = [t for t in self.running if self._order.urgency(t.request) < urgency]
        return sorted(less, key=self._rank)

    def _fits_without(self, request: Request, victims: Sequence[Task]) -> bool:
        """Whether it is worth it: the request would have pages if all the victims had none."""
        task = self._suspended.get(request)
        held = request.snapshot.computed // self._cache.pool.page_tokens if task is None else 0
        tokens = len(request.snapshot) if task is None else len(task.sequence.tokens)
        left = request.reserve_tokens if task is None else task.room
        sequences = [victim.sequence for victim in victims]
        return self._cache.fits_without(tokens + self._reserve(left), held, sequences)

    def _rank(self, task: Task) -> tuple[float, int]:
        """The lowest gives way first."""
        return self._order.urgency(task.request), -task.request.arrival


def _end(share: Share) -> int:
    return share.start + share.rows + len(share.draft)
