"""AsyncEngine: the engine for asyncio. One thread drives it; calls are messages with futures."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

from agentc.runtime.engine.compiled import CompiledEngine
from agentc.runtime.engine.protocol import Load
from agentc.runtime.engine.request import Decoded, OnToken, Sampling
from agentc.runtime.engine.thread import EngineThread
from agentc.runtime.engine.tokenizer import Tokenizer
from agentc.runtime.kv.carried import Carried, Identity
from agentc.runtime.kv.session_file import read_session, write_session
from agentc.runtime.kv.snapshot import Snapshot


class AsyncEngine:
    """See README.md for the use. Thread-safe; works with any number of event loops."""

    def __init__(self, engine: CompiledEngine, close: Callable[[], None] = lambda: None) -> None:
        """`close` frees what is below the engine; it is called once, in the engine's thread."""
        self._engine = engine
        self._thread = EngineThread(engine, close)
        atexit.register(self.close)  # a thread inside the device must not outlive the interpreter

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return self._engine.tokenizer

    @property
    def identity(self) -> Identity:
        """Engines of equal identity may exchange pages."""
        return self._engine.identity

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

    async def prefill(
        self, snapshot: Snapshot, tokens: Iterable[int] = (), *, priority: int = 0
    ) -> Snapshot:
        """`snapshot` with `tokens` behind it, and the KV of all but the last computed."""
        longer = self.append(snapshot, tokens)
        try:
            result = await self._thread.call(longer, None, 0, None, priority)
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
        priority: int = 0,
    ) -> Decoded:
        """Generates text behind `snapshot`, which stays as it is."""
        mine = self.fork(snapshot)  # so that the caller may release its own meanwhile
        try:
            if sampling.constrained:
                await asyncio.to_thread(self._engine.grammars.make, sampling)
            result = await self._thread.call(mine, sampling, seed, on_token, priority)
        finally:
            self.release(mine)
        assert isinstance(result, Decoded)
        return result

    async def decode_many(
        self, snapshot: Snapshot, sampling: Sampling, seeds: Sequence[int], *, priority: int = 0
    ) -> list[Decoded]:
        """One decode for each seed, all behind `snapshot`: its KV is computed once and shared.

        When one fails, the others are cancelled and the first error is raised.
        """
        shared = await self.prefill(snapshot, priority=priority)
        calls = [
            asyncio.ensure_future(self.decode(shared, sampling, seed=seed, priority=priority))
            for seed in seeds
        ]
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
        """Gives up the KV of `snapshot`. Its full pages stay in the prefix cache, and in the tiers
        below it, as long as there is room."""
        self._engine.park(snapshot)

    async def resume(self, snapshot: Snapshot, *, priority: int = 0) -> Snapshot:
        """A snapshot of the same tokens whose KV is there: taken from where it is, or computed."""
        return await self.prefill(snapshot, priority=priority)

    async def export(self, snapshot: Snapshot) -> Carried:
        """The sequence with the bytes of its pages, for `bring` of this or another engine."""
        resident = await self.prefill(snapshot)
        try:
            pages = await self._thread.run(lambda: self._engine.cache.export(resident))
        finally:
            self.release(resident)
        return Carried(self.identity, snapshot.tenant, snapshot.tokens, pages)

    async def bring(self, carried: Carried) -> Snapshot:
        """A snapshot of what was carried here, its KV there: copied if the same program made the
        pages, computed if not."""
        snapshot = self.append(self.open(carried.tenant), carried.tokens)
        if carried.identity == self.identity:
            snapshot.carried = carried.pages
        try:
            return await self.prefill(snapshot)
        finally:
            self.release(snapshot)

    async def save(self, snapshot: Snapshot, path: Path) -> None:
        """Writes the sequence with its KV to a file. Raises RuntimeFault (kind "input")."""
        await asyncio.to_thread(write_session, path, await self.export(snapshot))

    async def load_snapshot(self, path: Path, tenant: str = "") -> Snapshot:
        """What `save` wrote, in any process. Raises RuntimeFault (kind "input") if the file is
        damaged, or another model's or tenant's."""
        model = self.identity.model
        return await self.bring(await asyncio.to_thread(read_session, path, model, tenant))

    def release(self, snapshot: Snapshot) -> None:
        """Closes `snapshot`. May be called again."""
        self._engine.release(snapshot)

    def load(self) -> Load:
        """How busy the engine is."""
        return self._engine.load()

    def close(self) -> None:
        """Fails what is under way (kind "cancelled"), stops the thread, frees the device."""
        self._thread.close()
        atexit.unregister(self.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.close)
