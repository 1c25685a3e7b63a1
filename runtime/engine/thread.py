"""The thread that drives an engine; calls are messages to it, with futures in their own loops."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar
from weakref import WeakKeyDictionary

from agentc.errors import RuntimeFault
from agentc.runtime.engine.compiled import CompiledEngine
from agentc.runtime.engine.gate import Gate
from agentc.runtime.engine.mailbox import Mailbox
from agentc.runtime.engine.request import Decoded, OnToken, Request, Sampling
from agentc.runtime.kv.snapshot import Snapshot

Job = Callable[[], None]
T = TypeVar("T")
WAIT_FOR_PAGES_S = 0.005


class EngineThread:
    """Owns the thread. `call` and `run` may be used in any event loop."""

    def __init__(self, engine: CompiledEngine, close: Job) -> None:
        """`close` frees what is below the engine; it is called once, in the thread."""
        self._engine = engine
        self._close = close
        self._gate = Gate(engine.options.max_calls, refuse=engine.options.refuse_when_full)
        self._messages: queue.SimpleQueue[Request | Job | None] = queue.SimpleQueue()
        self._mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()
        self._mail = threading.Lock()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="agentc-engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Fails what is under way (kind "cancelled") and waits for the end of the thread."""
        with self._closing:
            self._closed = True
            self._gate.close()
            self._messages.put(None)
        self._thread.join()

    async def call(
        self,
        snapshot: Snapshot,
        sampling: Sampling | None,
        seed: int,
        on_token: OnToken | None,
        priority: int,
    ) -> Snapshot | Decoded:
        """A prefill (without `sampling`) or a decode, from the caller's event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Snapshot | Decoded] = loop.create_future()
        with self._mail:
            mailbox = self._mailboxes.setdefault(loop, Mailbox(loop))

        def done(result: Snapshot | Decoded | BaseException) -> None:
            self._gate.leave()
            mailbox.post(self._settle, future, result)

        def token(text: str, number: int) -> None:
            assert on_token is not None
            mailbox.post(on_token, text, number)

        told = token if on_token else None
        request = Request(snapshot, sampling, seed, done, told, priority=priority)
        self._engine.check(request)
        await self._gate.enter()
        try:
            self._send(request)
        except RuntimeFault:
            self._gate.leave()
            raise
        try:
            return await future
        except asyncio.CancelledError:
            request.cancelled = True
            if future.done() and not future.cancelled() and future.exception() is None:
                self._drop(future.result())  # it came in the same moment
            raise

    async def run(self, job: Callable[[], T]) -> T:
        """Runs `job` in the engine's thread, between two steps."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(job())
            except BaseException as error:
                future.set_exception(error)

        self._send(run)
        return await asyncio.wrap_future(future)

    def _settle(
        self,
        future: asyncio.Future[Snapshot | Decoded],
        result: Snapshot | Decoded | BaseException,
    ) -> None:
        if future.done():
            self._drop(result)
        elif isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)

    def _drop(self, result: Snapshot | Decoded | BaseException) -> None:
        """Frees the pages of a result whose caller was cancelled, now and not as garbage."""
        snapshot = result.snapshot if isinstance(result, Decoded) else result
        if isinstance(snapshot, Snapshot):
            self._engine.release(snapshot)

    def _send(self, message: Request | Job) -> None:
        with self._closing:
            if self._closed:
                raise RuntimeFault("the engine is closed", kind="cancelled")
            self._messages.put(message)

    # The engine's thread.

    def _loop(self) -> None:
        try:
            while self._take_messages():
                self._step()
                self._send_mail()
        finally:
            self._engine.fail_all(RuntimeFault("the engine was closed", kind="cancelled"))
            self._send_mail()
            self._close()

    def _step(self) -> None:
        try:
            if self._engine.step() is None and self._engine.busy:
                # A park policy that keeps all pages: somebody must release some.
                time.sleep(WAIT_FOR_PAGES_S)
        except Exception as error:
            if isinstance(error, RuntimeFault) and error.kind == "device":
                return  # those whose step failed were told; the others go on
            self._engine.fail_all(RuntimeFault(f"the engine failed in a step: {error}"))

    def _send_mail(self) -> None:
        with self._mail:
            mailboxes = list(self._mailboxes.values())
        for mailbox in mailboxes:
            mailbox.send()

    def _take_messages(self) -> bool:
        """Admits what has arrived, and waits for it when there is nothing to do."""
        while not (self._engine.busy and self._messages.empty()):
            if not self._take(self._messages.get()):
                return False
        return True

    def _take(self, message: Request | Job | None) -> bool:
        # A method of its own, so that no variable keeps the last request alive while we wait.
        if isinstance(message, Request):
            self._engine.admit(message)
        elif message is not None:
            message()
        return message is not None
