"""A bounded queue: how many calls may be inside an engine, and what becomes of the next one."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from agentc.errors import RuntimeFault


class Gate:
    """Lets `limit` callers in; the others wait outside, first come first served, or are refused.
    For any number of event loops and threads."""

    def __init__(self, limit: int, *, refuse: bool = False) -> None:
        self.inside = 0
        self._limit, self._refuse = limit, refuse
        self._lock = threading.Lock()
        self._closed = False
        self._outside: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Returns when the caller is inside. Raises RuntimeFault: kind "capacity" when it is full
        and refuses, "cancelled" when it was closed."""
        turn = self._ask()
        if turn is None:
            return
        try:
            await turn
        except asyncio.CancelledError:
            with self._lock:
                waits = turn in self._outside
                if waits:
                    self._outside.remove(turn)
            if not waits and not self._closed:  # it was let in, in the same moment
                self.leave()
            raise

    def leave(self) -> None:
        """Somebody is through: the next one comes in. From any thread."""
        with self._lock:
            while self._outside:
                if _settle(self._outside.popleft(), None):
                    return
            self.inside -= 1

    def close(self) -> None:
        """Nobody comes in any more; those who wait are told."""
        with self._lock:
            self._closed = True
            while self._outside:
                fault = RuntimeFault("the engine was closed", kind="cancelled")
                _settle(self._outside.popleft(), fault)

    def _ask(self) -> asyncio.Future[None] | None:
        """None: inside; else what to wait for."""
        with self._lock:
            if self._closed:
                raise RuntimeFault("the engine is closed", kind="cancelled")
            if self.inside < self._limit:
                self.inside += 1
                return None
            if self._refuse:
                raise RuntimeFault(
                    f"the engine has {self.inside} calls, as many as it takes; call again later, "
                    "or raise EngineOptions.max_calls",
                    kind="capacity",
                )
            self._outside.append(asyncio.get_running_loop().create_future())
            return self._outside[-1]


def _settle(turn: asyncio.Future[None], error: BaseException | None) -> bool:
    """Ends somebody's wait; False when its loop is closed and nobody waits there."""

    def settle() -> None:
        if turn.done():
            return
        if error is None:
            turn.set_result(None)
        else:
            turn.set_exception(error)

    try:
        turn.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        return False
    return True
