"""Time, in one place: nothing else in the runtime reads a clock or sleeps.

`WallClock` is real time. `VirtualClock` brings its own event loop, whose time jumps to the next
timer as soon as nothing is left to do, so an hour of waiting costs microseconds and every run of
the same program makes the same decisions. Code under both is the same code.
"""

from __future__ import annotations

import asyncio
import contextvars
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
MAX_THREADS = 256
_Select = Callable[[float | None], list[Any]]


class Clock(Protocol):
    """What the runtime may ask of time. All times are seconds since an arbitrary origin."""

    def now_s(self) -> float:
        """Returns the present time; it never runs backwards."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Returns after `delay_s` seconds; zero or less only lets others go first."""
        ...

    def timeout(self, delay_s: float | None) -> AbstractAsyncContextManager[Any]:
        """Returns a context that raises TimeoutError after `delay_s` seconds; None never does."""
        ...

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Calls a blocking function in a worker thread and returns what it returns."""
        ...


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Returns the pool for blocking functions. It is larger than the slots for tools, so that a
    tool that hangs beyond its time limit takes the place of no other."""
    return ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="agentc-tool")


async def _in_thread(function: Callable[[], T]) -> T:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_threads(), context.run, function)


class _AsyncioClock:
    """Waits through the running event loop, whose time is this clock's time."""

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(max(0.0, delay_s))

    def timeout(self, delay_s: float | None) -> AbstractAsyncContextManager[Any]:
        return asyncio.timeout(delay_s)


class WallClock(_AsyncioClock):
    """Real time (monotonic)."""

    def now_s(self) -> float:
        return time.monotonic()

    async def in_thread(self, function: Callable[[], T]) -> T:
        return await _in_thread(function)


class VirtualClock(_AsyncioClock):
    """Simulated time, starting at `start_s`; `run` drives a program in it.

    A thread's work takes no simulated time, but time stands still until the thread is back:
    use `in_thread`, or time jumps ahead of the thread.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s
        self._threads = 0

    def now_s(self) -> float:
        return self._now_s

    async def in_thread(self, function: Callable[[], T]) -> T:
        self._threads += 1
        try:
            return await _in_thread(function)
        finally:
            self._threads -= 1

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Runs `main` to its end in a new event loop that lives in this clock's time.

        Raises RuntimeError when everything waits and nothing can ever happen (a deadlock).
        """
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)

    def _select(self, select: _Select, timeout_s: float | None) -> list[Any]:
        events = select(0)
        if events or (timeout_s is not None and timeout_s <= 0):
            return events
        if self._threads:
            return select(None)
        if timeout_s is None:
            raise RuntimeError("simulated time cannot go on: everything waits, nothing is due")
        self._now_s += timeout_s
        return []


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that moves the virtual clock instead of waiting."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        return self._clock._select(super().select, timeout)


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a virtual clock's."""

    def __init__(self, clock: VirtualClock) -> None:
        self._virtual = clock
        super().__init__(_JumpingSelector(clock))

    def time(self) -> float:
        return self._virtual.now_s()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        self._virtual._threads += 1  # the loop joins its workers in one more thread
        try:
            await super().shutdown_default_executor()
        finally:
            self._virtual._threads -= 1
