"""KvCache: the one place where pages change hands. Every method is atomic under one lock."""

from __future__ import annotations

import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from agentc.errors import RuntimeFault
from agentc.runtime.kv.eviction import EvictionPolicy, Lru
from agentc.runtime.kv.keys import Block
from agentc.runtime.kv.pages import PagePool
from agentc.runtime.kv.parking import ParkPolicy, ParkWhenStuck
from agentc.runtime.kv.radix import RadixTree
from agentc.runtime.kv.sharing import Sharing
from agentc.runtime.kv.snapshot import Pages, Sequence, Snapshot
from agentc.runtime.kv.swap import Swap

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
    `begin` -> (`commit` after each step, `adopt` at each page boundary) -> `finish` or `drop`;
    between them any number of times `suspend` -> `revive`."""

    def __init__(
        self,
        pages: int,
        page_tokens: int,
        *,
        eviction: EvictionPolicy | None = None,
        parking: ParkPolicy | None = None,
        swap: Swap | None = None,
        identity: bytes = b"",
    ) -> None:
        """`pages` counts the reserved page 0. `identity`: see keys.root_key."""
        self.pool = PagePool(pages, page_tokens)
        self.swap = swap or Swap()
        self.tree = RadixTree(self.pool, eviction or Lru(), identity, self.swap.spill)
        self._sharing = Sharing(self.pool, self.tree, self.swap)
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
        made.carried = snapshot.carried
        self._give_pages(made, snapshot.pages, snapshot.computed)
        for page in made.pages:
            self.pool.retain(page)
        return made

    @_locked
    def park(self, snapshot: Snapshot) -> None:
        """Gives the snapshot's pages back; it stays a valid value."""
        pages, snapshot.pages, snapshot.computed = snapshot.pages, (), 0
        self._resident.discard(snapshot)
        self._sharing.release(pages)

    @_locked
    def close(self, snapshot: Snapshot) -> None:
        """Ends the snapshot; using it afterwards is an error, closing it again is not."""
        self.park(snapshot)
        snapshot.closed = True

    @_locked
    def export(self, snapshot: Snapshot) -> Pages:
        """The bytes of the snapshot's full pages. From the engine's thread."""
        self._check_open(snapshot)
        full = snapshot.computed // self.pool.page_tokens
        return tuple(self.swap.read(snapshot.pages[:full]))

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
    def fits_without(self, tokens: int, held_pages: int, running: Iterable[Sequence]) -> bool:
        """Whether there would be pages for `tokens` tokens, `held_pages` of them there already, if
        these running sequences had none."""
        held: Counter[int] = Counter()
        cached: set[int] = set()
        for sequence in running:
            held.update(sequence.pages)
            cached.update(sequence.pages[: sequence.published])
        freed = sum(self.pool.references(p) == n + (p in cached) for p, n in held.items())
        room = self.pool.free_pages + self.tree.evictable_pages() + freed
        return self._pages_for(tokens) - held_pages <= room

    @_locked
    def begin(self, snapshot: Snapshot, reserve_tokens: int) -> Sequence | None:
        """Starts a sequence with room for `reserve_tokens` more tokens; None: no room now."""
        self._check_open(snapshot)
        self._touch(snapshot)
        sequence = self._sharing.start(snapshot)
        entered = self._enter(sequence, len(snapshot) + reserve_tokens, snapshot.carried)
        return sequence if entered else None

    @_locked
    def grow(self, sequence: Sequence, tokens: int) -> bool:
        """Gives the sequence pages for its first `tokens` tokens; False: no room now."""
        need = max(0, self._pages_for(tokens) - len(sequence.pages))
        if not self._make_room(need, running=0):
            return False
        sequence.pages += self.pool.alloc(need)
        return True

    @_locked
    def suspend(self, sequence: Sequence) -> None:
        """Takes all pages from a running sequence, which keeps its tokens. Full pages stay in the
        prefix cache, or the tiers below it, as long as there is room."""
        self._sharing.leave(sequence)
        self.running -= 1

    @_locked
    def revive(self, sequence: Sequence, reserve_tokens: int) -> bool:
        """Lets a suspended sequence run again; False: no room now."""
        sequence.node = self.tree.root(sequence.tenant)  # the tree may be another by now
        self._sharing.adopt(sequence)
        return self._enter(sequence, len(sequence.tokens) + reserve_tokens, ())

    @_locked
    def adopt(self, sequence: Sequence) -> None:
        """Takes pages for the next blocks from the prefix cache instead of computing them."""
        self._sharing.adopt(sequence)

    @_locked
    def commit(self, sequence: Sequence, rows: int) -> None:
        """The next `rows` tokens have KV now; pages that became full enter the prefix cache."""
        sequence.computed += rows
        self._sharing.publish(sequence)

    @_locked
    def finish(self, sequence: Sequence, tokens: tuple[int, ...]) -> Snapshot:
        """Ends a sequence as a snapshot of `tokens`, a prefix of the sequence's own."""
        made = Snapshot(sequence.tenant, tokens, self._orphans, sequence.usage())
        # The last token always stays to be computed: the next decode needs its logits.
        computed = min(sequence.computed, max(len(tokens) - 1, 0))
        keep = self._pages_for(computed)
        self._sharing.end_writing(sequence)
        self._give_pages(made, tuple(sequence.pages[:keep]), computed)
        self._sharing.release(sequence.pages[keep:])
        self.running -= 1
        return made

    @_locked
    def drop(self, sequence: Sequence) -> None:
        """Ends a sequence without a result."""
        self._sharing.leave(sequence)
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
        return self._sharing.current_block(sequence)

    # Below: only under the lock.

    def _enter(self, sequence: Sequence, tokens: int, carried: Pages) -> bool:
        """Makes a sequence run with pages for `tokens` tokens, or takes all its pages."""
        entered = False
        try:
            found = self._sharing.outside(sequence, carried)
            need = self._pages_for(tokens) - len(sequence.pages)
            if self._make_room(need, self.running):
                sequence.pages += self.pool.alloc(need)
                self._sharing.bring(sequence, found)
                entered = True
        finally:
            if not entered:
                self._sharing.leave(sequence)
        self.running += entered
        return entered

    def _make_room(self, need: int, running: int) -> bool:
        if need > self.pool.free_pages:
            self.tree.evict(need - self.pool.free_pages)
        if need > self.pool.free_pages:
            idle = sorted(self._resident, key=lambda s: s.stamp)
            for victim in self._parking.victims(idle, running):
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

    def _free_orphans(self) -> None:
        while self._orphans:
            self._sharing.release(self._orphans.popleft())

    @staticmethod
    def _check_open(snapshot: Snapshot) -> None:
        if snapshot.closed:
            raise RuntimeFault(
                f"snapshot of {len(snapshot)} tokens was released; fork it before the release",
                kind="input",
            )
