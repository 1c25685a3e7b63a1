"""Calls from the engine's thread into an event loop, in order."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any


class Mailbox:
    """For one loop and one sending thread.

    What is posted waits for `send`: to wake a loop costs far more than a call, and its thread would
    compete for the interpreter with the one that posts. So a step is one wake-up, at its end.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Calls `function` in the loop, after the next `send`."""
        self._calls.append((function, args))

    def send(self) -> None:
        """Wakes the loop if there is anything for it; nobody is told when it is closed."""
        loop = self._loop()
        if self._calls and loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        for _ in range(len(self._calls)):
            function, args = self._calls.popleft()
            try:
                function(*args)
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler(
                    {
                        "message": f"a callback of the engine raised: {function!r}",
                        "exception": error,
                    }
                )
