"""AsyncEngine: the engine for asyncio. One thread drives it; calls are messages with futures."""

from __future__ import annotations

import asyncio
import atexit
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Self
from weakref import WeakKeyDictionary

from agentc.errors import RuntimeFault
from agentc.runtime.engine.compiled import CompiledEngine
from agentc.runtime.engine.mailbox import Mailbox
from agentc.runtime.engine.protocol import Load
from agentc.runtime.engine.request import Decoded, OnToken, Request, Sampling
from agentc.runtime.engine.tokenizer import Tokenizer
from agentc.runtime.kv.snapshot import Snapshot

Closer = Callable[[], None]
WAIT_FOR_PAGES_S = 0.005


class AsyncEngine:
    """See README.md for the use. Thread-safe; works with any number of event loops."""

    def __init__(self, engine: CompiledEngine, close: Closer = lambda: None) -> None:
        """`close` frees what is below the engine; it is called once, in the engine's thread."""
        self._engine = engine
        self._close = close
        self._messages: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()
        self._mail = threading.Lock()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="agentc-engine", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # a thread inside the device must not outlive the interpreter

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return self._engine.tokenizer

    def open(self, tenant: str = "") -> Snapshot:
        """The empty sequence of `tenant`; tenants share no cache."""
        return self._engine.cache.open(tenant)

    def append(self, snapshot: Snapshot, tokens: Iterable[int]) -> Snapshot:
        """`snapshot` with `tokens` behind it. Nothing is computed yet."""
        tokens = tuple(tokens)
        self._engine.check_tokens(tokens)
        return self._engine.cache.append(snapshot, tokens)

    def fork(self, snapshot: Snapshot) -> Snapshot:
        """The same sequence with a life time of its own, on the same pages."""
        return self._engine.cache.append(snapshot, ())

    async def prefill(self, snapshot: Snapshot, tokens: Iterable[int] = ()) -> Snapshot:
        """`snapshot` with `tokens` behind it, and the KV of all but the last computed."""
        longer = self.append(snapshot, tokens)
        try:
            result = await self._call(longer, None, 0, None)
        finally:
            self.release(longer)
        assert isinstance(result, Snapshot)
        return result

    async def decode(
        self,
        snapshot: Snapshot,
        sampling: Sampling,
        *,
        seed: int = 0,
        on_token: OnToken | None = None,
    ) -> Decoded:
        """Generates text behind `snapshot`, which stays as it is."""
        mine = self.fork(snapshot)  # so that the caller may release its own meanwhile
        try:
            if sampling.constrained:
                await asyncio.to_thread(self._engine.grammars.make, sampling)
            result = await self._call(mine, sampling, seed, on_token)
        finally:
            self.release(mine)
        assert isinstance(result, Decoded)
        return result

    async def decode_many(
        self, snapshot: Snapshot, sampling: Sampling, seeds: Sequence[int]
    ) -> list[Decoded]:
        """One decode for each seed, all behind `snapshot`: its KV is computed once and shared.

        When one fails, the others are cancelled and the first error is raised.
        """
        shared = await self.prefill(snapshot)
        calls = [asyncio.ensure_future(self.decode(shared, sampling, seed=seed)) for seed in seeds]
        try:
            return list(await asyncio.gather(*calls))
        except BaseException:
            for call in calls:
                call.cancel()
            for result in await asyncio.gather(*calls, return_exceptions=True):
                if isinstance(result, Decoded):
                    self.release(result.snapshot)
            raise
        finally:
            self.release(shared)

    def park(self, snapshot: Snapshot) -> None:
        """Gives up the KV of `snapshot`; the prefix cache may keep some of it for a while."""
        self._engine.park(snapshot)

    async def resume(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot of the same tokens whose KV is there."""
        return await self.prefill(snapshot)

    def release(self, snapshot: Snapshot) -> None:
        """Closes `snapshot`. May be called again."""
        self._engine.release(snapshot)

    def load(self) -> Load:
        """How busy the engine is."""
        return self._engine.load()

    def close(self) -> None:
        """Fails what is under way (kind "cancelled"), stops the thread, frees the device."""
        with self._closing:
            self._closed = True
            self._messages.put(None)
        self._thread.join()
        atexit.unregister(self.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.close)

    async def _call(
        self, snapshot: Snapshot, sampling: Sampling | None, seed: int, on_token: OnToken | None
    ) -> Snapshot | Decoded:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Snapshot | Decoded] = loop.create_future()
        with self._mail:
            mailbox = self._mailboxes.setdefault(loop, Mailbox(loop))

        def done(result: Snapshot | Decoded | BaseException) -> None:
            mailbox.post(self._settle, future, result)

        def token(text: str, number: int) -> None:
            assert on_token is not None
            mailbox.post(on_token, text, number)

        request = Request(snapshot, sampling, seed, done, token if on_token else None)
        self._engine.check(request)
        self._send(request)
        try:
            return await future
        except asyncio.CancelledError:
            request.cancelled = True
            if future.done() and not future.cancelled() and future.exception() is None:
                self._drop(future.result())  # it came in the same moment
            raise

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
            self.release(snapshot)

    def _send(self, request: Request) -> None:
        with self._closing:
            if self._closed:
                raise RuntimeFault("the engine is closed", kind="cancelled")
            self._messages.put(request)

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

    def _take(self, message: Request | None) -> bool:
        # A method of its own, so that no variable keeps the last request alive while we wait.
        if message is not None:
            self._engine.admit(message)
        return message is not None
