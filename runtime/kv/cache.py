"""KvCache: the one place where pages change hands. Every method is atomic under one lock."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from agentc.errors import RuntimeFault
from agentc.runtime.kv.eviction import EvictionPolicy, Lru
from agentc.runtime.kv.pages import PagePool
from agentc.runtime.kv.parking import ParkPolicy, ParkWhenStuck
from agentc.runtime.kv.radix import Block, RadixTree
from agentc.runtime.kv.snapshot import Sequence, Snapshot

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _locked(method: _Method) -> _Method:
    """Runs the method under the cache's lock, after freeing what the collector left."""

    @wraps(method)
    def call(self: KvCache, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self._free_orphans()
            return method(self, *args, **kwargs)

    return call  # type: ignore[return-value]


class KvCache:
    """Snapshots in, running sequences out, and back. Life of a sequence:
    `begin` -> (`commit` after each step, `adopt` at each page boundary) -> `finish` or `drop`."""

    def __init__(
        self,
        pages: int,
        page_tokens: int,
        *,
        eviction: EvictionPolicy | None = None,
        parking: ParkPolicy | None = None,
    ) -> None:
        """`pages` counts the reserved page 0."""
        self.pool = PagePool(pages, page_tokens)
        self.tree = RadixTree(self.pool, eviction or Lru())
        self.running = 0
        self._parking = parking or ParkWhenStuck()
        self._lock = threading.RLock()
        self._orphans: deque[tuple[int, ...]] = deque()
        self._resident: weakref.WeakSet[Snapshot] = weakref.WeakSet()
        self._uses = 0

    # Snapshots: values, from any thread.

    @_locked
    def open(self, tenant: str) -> Snapshot:
        """The empty snapshot of a tenant."""
        return Snapshot(tenant, (), self._orphans)

    @_locked
    def append(self, snapshot: Snapshot, tokens: tuple[int, ...]) -> Snapshot:
        """A new snapshot with `tokens` behind; their KV is computed when it is next used."""
        self._check_open(snapshot)
        made = Snapshot(snapshot.tenant, snapshot.tokens + tokens, self._orphans)
        self._give_pages(made, snapshot.pages, snapshot.computed)
        for page in made.pages:
            self.pool.retain(page)
        return made

    @_locked
    def park(self, snapshot: Snapshot) -> None:
        """Gives the snapshot's pages back; it stays a valid value."""
        pages, snapshot.pages, snapshot.computed = snapshot.pages, (), 0
        self._resident.discard(snapshot)
        self._release(pages)

    @_locked
    def close(self, snapshot: Snapshot) -> None:
        """Ends the snapshot; using it afterwards is an error, closing it again is not."""
        self.park(snapshot)
        snapshot.closed = True

    @_locked
    def park_all(self) -> None:
        """Forgets all KV, for instance because the device lost it. Nothing may be running."""
        for snapshot in list(self._resident):
            self.park(snapshot)
        self.tree.clear()

    # Running sequences: from the engine's thread.

    @_locked
    def can_begin(self, snapshot: Snapshot, reserve_tokens: int) -> bool:
        """Whether `begin` would succeed without parking anything."""
        full_pages = snapshot.computed // self.pool.page_tokens
        need = self._pages_for(len(snapshot) + reserve_tokens) - full_pages
        return need <= self.pool.free_pages + self.tree.evictable_pages()

    @_locked
    def begin(self, snapshot: Snapshot, reserve_tokens: int) -> Sequence | None:
        """Starts a sequence with room for `reserve_tokens` more tokens; None: no room now."""
        self._check_open(snapshot)
        self._touch(snapshot)
        sequence = self._share(snapshot)
        need = self._pages_for(len(snapshot) + reserve_tokens) - len(sequence.pages)
        if not self._make_room(need):
            self._end_writing(sequence)
            self._release(sequence.pages)
            return None
        sequence.pages += self.pool.alloc(need)
        self.running += 1
        return sequence

    @_locked
    def adopt(self, sequence: Sequence) -> None:
        """Takes pages for the next blocks from the prefix cache instead of computing them."""
        self._adopt(sequence)

    @_locked
    def commit(self, sequence: Sequence, rows: int) -> None:
        """The next `rows` tokens have KV now; pages that became full enter the prefix cache."""
        sequence.computed += rows
        self._publish(sequence)

    @_locked
    def finish(self, sequence: Sequence, tokens: tuple[int, ...]) -> Snapshot:
        """Ends a sequence as a snapshot of `tokens`, a prefix of the sequence's own."""
        made = Snapshot(sequence.tenant, tokens, self._orphans, sequence.usage())
        # The last token always stays to be computed: the next decode needs its logits.
        computed = min(sequence.computed, max(len(tokens) - 1, 0))
        keep = self._pages_for(computed)
        self._end_writing(sequence)
        self._give_pages(made, tuple(sequence.pages[:keep]), computed)
        self._release(sequence.pages[keep:])
        self.running -= 1
        return made

    @_locked
    def drop(self, sequence: Sequence) -> None:
        """Ends a sequence without a result."""
        self._end_writing(sequence)
        self._release(sequence.pages)
        sequence.pages = []
        self.running -= 1

    @_locked
    def occupancy(self) -> tuple[int, int, int, int]:
        """Pages: free, used, of these cached, of these evictable."""
        return (
            self.pool.free_pages,
            self.pool.used_pages,
            self.tree.cached_pages,
            self.tree.evictable_pages(),
        )

    def current_block(self, sequence: Sequence) -> tuple[tuple[int, Block] | None, bool]:
        """Names the block that the sequence computes next, and says whether it is at its start.

        Equal names mean equal KV. No name for a block that the sequence does not fill or whose
        last token must stay to be computed. From the engine's thread.
        """
        size = self.pool.page_tokens
        index, slot = divmod(sequence.computed, size)
        if (index + 1) * size >= len(sequence.tokens):
            return None, slot == 0
        block = tuple(sequence.tokens[index * size : (index + 1) * size])
        return (id(sequence.node), block), slot == 0

    # Below: only under the lock.

    def _share(self, snapshot: Snapshot) -> Sequence:
        """A sequence on the snapshot's pages and on what the cache has behind them."""
        size = self.pool.page_tokens
        full, tail = divmod(snapshot.computed, size)
        pages = list(snapshot.pages[:full])
        if tail and self.pool.try_claim(snapshot.pages[full], tail):
            pages.append(snapshot.pages[full])
        for page in pages:
            self.pool.retain(page)
        sequence = Sequence(
            tenant=snapshot.tenant,
            tokens=list(snapshot.tokens),
            pages=pages,
            computed=snapshot.computed if len(pages) > full else full * size,
            node=self.tree.root(snapshot.tenant),
            prompt_tokens=len(snapshot),
        )
        self._publish(sequence)
        self._adopt(sequence)
        sequence.cached_tokens = sequence.computed
        return sequence

    def _adopt(self, sequence: Sequence) -> None:
        while True:
            name, at_start = self.current_block(sequence)
            node = self.tree.child(sequence.node, name[1]) if name and at_start else None
            if node is None:
                return
            self.pool.retain(node.page)
            index = sequence.published
            self._release(sequence.pages[index : index + 1])
            sequence.pages[index : index + 1] = [node.page]
            self._advance(sequence)
            sequence.node = node

    def _advance(self, sequence: Sequence) -> None:
        """The next page was computed by another: count it as cached while still in the prompt."""
        size = self.pool.page_tokens
        sequence.published += 1
        sequence.computed += size
        sequence.cached_tokens += size if not sequence.generated else 0

    def _publish(self, sequence: Sequence) -> None:
        size = self.pool.page_tokens
        for index in range(sequence.published, sequence.computed // size):
            block = tuple(sequence.tokens[index * size : (index + 1) * size])
            mine = sequence.pages[index]
            node = self.tree.insert(sequence.node, block, mine)
            if node.page != mine:  # a twin was faster; hold its page, so that the path stays
                self.pool.retain(node.page)
                self._release([mine])
                sequence.pages[index] = node.page
            sequence.node = node
            sequence.published = index + 1

    def _end_writing(self, sequence: Sequence) -> None:
        """Leaves the page that was being written to the next writer, from the slot it reached."""
        index, slot = divmod(sequence.computed, self.pool.page_tokens)
        if slot:
            self.pool.end_claim(sequence.pages[index], slot)

    def _make_room(self, need: int) -> bool:
        if need > self.pool.free_pages:
            self.tree.evict(need - self.pool.free_pages)
        if need > self.pool.free_pages:
            idle = sorted(self._resident, key=lambda s: s.stamp)
            for victim in self._parking.victims(idle, self.running):
                self.park(victim)
                self.tree.evict(need - self.pool.free_pages)
                if need <= self.pool.free_pages:
                    break
        return need <= self.pool.free_pages

    def _give_pages(self, snapshot: Snapshot, pages: tuple[int, ...], computed: int) -> None:
        snapshot.pages, snapshot.computed = pages, computed
        self._touch(snapshot)

    def _touch(self, snapshot: Snapshot) -> None:
        self._uses += 1
        snapshot.stamp = self._uses
        if snapshot.pages:
            self._resident.add(snapshot)

    def _pages_for(self, tokens: int) -> int:
        return -(-tokens // self.pool.page_tokens)

    def _release(self, pages: list[int] | tuple[int, ...]) -> None:
        for page in pages:
            self.pool.release(page)

    def _free_orphans(self) -> None:
        while self._orphans:
            self._release(self._orphans.popleft())

    @staticmethod
    def _check_open(snapshot: Snapshot) -> None:
        if snapshot.closed:
            raise RuntimeFault(
                f"snapshot of {len(snapshot)} tokens was released; fork it before the release",
                kind="input",
            )
