"""KvCache under random use, with a simulated device memory, tiers below it and preemption.

Each written slot remembers whose it is and the whole prefix that its KV stands for. So a lost
page, a page with two writers, a wrong cache hit, a page that comes back in another's place or a
leak between tenants all become visible.
"""

import gc
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from agentc.runtime.kv import FileTier, HostTier, KvCache, Swap

SIZE = 4
PAGES = 16
TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=14).map(tuple)  # many equal prefixes
PICK = st.integers(0, 99)
has_running = precondition(lambda self: self.running)
has_suspended = precondition(lambda self: self.suspended)
PAGE_BYTES = SIZE * 8


class Memory:
    """The slots of the pool: each holds the number of a (tenant, prefix), 0 when never written."""

    page_bytes = PAGE_BYTES

    def __init__(self):
        self.slots = np.zeros((PAGES, SIZE), np.int64)
        self.numbers = {}

    def number(self, value):
        return self.numbers.setdefault(value, len(self.numbers) + 1)

    def read_pages(self, pages):
        return [self.slots[page].view(np.uint8).copy() for page in pages]

    def write_pages(self, pages, contents):
        for page, content in zip(pages, contents, strict=True):
            self.slots[page] = content.view(np.int64)


class Machine(RuleBasedStateMachine):
    @initialize(
        host_pages=st.integers(0, 6), file_pages=st.integers(0, 30), tiers=st.integers(0, 5)
    )
    def make(self, host_pages, file_pages, tiers):
        self.folder = tempfile.TemporaryDirectory()
        self.memory = Memory()
        files = FileTier(Path(self.folder.name), file_pages * (PAGE_BYTES + 80))
        self.tier = HostTier(host_pages * PAGE_BYTES, files)
        swap = Swap(self.memory, self.tier if tiers else None, SIZE)
        self.cache = KvCache(PAGES, SIZE, swap=swap, identity=b"program and weights")
        self.living = [self.cache.open("a"), self.cache.open("b")]  # never closed
        self.running = []
        self.suspended = []

    @rule(pick=PICK, tokens=TOKENS)
    def append(self, pick, tokens):
        parent = self._parent(pick)
        self.living.append(self.cache.append(parent, tokens))

    @rule(pick=PICK, tokens=TOKENS, reserve=st.integers(0, 9))
    def begin(self, pick, tokens, reserve):
        start = self.cache.append(self._parent(pick), tokens)
        promised = self.cache.can_begin(start, reserve)
        sequence = self.cache.begin(start, reserve)
        assert sequence is not None or not promised
        if sequence is not None:
            self.running.append([sequence, reserve])

    @rule(pick=PICK, tokens=TOKENS)
    def serve(self, pick, tokens):
        start = self.cache.append(self._parent(pick), tokens)
        sequence = self.cache.begin(start, 1)
        if sequence is not None:
            self.running.append([sequence, 1])
            self.run_to_the_end(len(self.running) - 1, 0)

    @has_running
    @rule(pick=PICK, rows=st.integers(1, 9))
    def step(self, pick, rows):
        self._step(self._running(pick), rows)

    @has_running
    @rule(pick=PICK, cut=st.integers(0, 3))
    def finish_later(self, pick, cut):
        self.run_to_the_end(pick, cut)

    def run_to_the_end(self, pick, cut):
        entry = self._running(pick)
        while entry in self.running and entry[1]:
            self._step(entry, 9)
        self._finish(entry, cut)

    @has_running
    @rule(pick=PICK)
    def finish_early(self, pick):
        self._finish(self._running(pick), 0)

    @has_running
    @rule(pick=PICK)
    def drop(self, pick):
        entry = self._running(pick)
        self.running.remove(entry)
        self.cache.drop(entry[0])

    @rule()
    def lose_the_device(self):
        for sequence, _ in self.running:
            self.cache.drop(sequence)
        self.running.clear()
        self.cache.park_all()
        self.memory.slots[:] = 0

    @rule(pick=PICK)
    def park(self, pick):
        self.cache.park(self._parent(pick))

    @rule(count=st.integers(1, PAGES))
    def squeeze(self, count):
        """What a large request does: idle snapshots lose their pages, the cache gives them up."""
        for snapshot in self.living:
            self.cache.park(snapshot)
        self.cache.tree.evict(count)

    @rule(pick=PICK, reserve=st.integers(0, 3))
    def ask_again(self, pick, reserve):
        """The same tokens as a new call: from the cache, a tier, or computed."""
        asked = self._parent(pick)
        fresh = self.cache.append(self.cache.open(asked.tenant), asked.tokens)
        sequence = self.cache.begin(fresh, reserve)
        if sequence is not None:
            self.running.append([sequence, reserve])

    @has_running
    @rule(pick=PICK)
    def suspend(self, pick):
        entry = self._running(pick)
        self.running.remove(entry)
        self.cache.suspend(entry[0])
        assert (entry[0].pages, entry[0].computed) == ([], 0)
        self.suspended.append(entry)

    @has_suspended
    @rule(pick=PICK, give_up=st.booleans())
    def revive(self, pick, give_up):
        entry = self.suspended.pop(pick % len(self.suspended))
        if give_up and pick < 10:  # cancelled while it has no pages
            return
        if self.cache.revive(entry[0], entry[1]):
            self.running.append(entry)
        else:
            assert entry[0].pages == []
            self.suspended.append(entry)

    @has_running
    @rule(pick=PICK, more=st.integers(1, 9))
    def grow(self, pick, more):
        entry = self._running(pick)
        tokens = len(entry[0].tokens) + entry[1] + more
        if tokens < 90 and self.cache.grow(entry[0], tokens):
            entry[1] += more
            assert len(entry[0].pages) * SIZE >= tokens

    @rule(pick=PICK, tokens=TOKENS)
    def carry(self, pick, tokens):
        """To a file or another engine, and back as a new value."""
        source = self._parent(pick)
        made = self.cache.append(self.cache.open(source.tenant), source.tokens)
        made.carried = self.cache.export(source)
        assert len(made.carried) == source.computed // SIZE
        self.living.append(self.cache.append(made, tokens))

    @rule(pick=PICK, cut=st.booleans())
    def damage(self, pick, cut):
        paths = sorted(Path(self.folder.name).iterdir())
        if paths:
            path = paths[pick % len(paths)]
            data = bytearray(path.read_bytes())
            data[pick % len(data)] ^= 1 << pick % 8
            path.write_bytes(data[: pick % len(data)] if cut else data)

    @rule(pick=PICK)
    def close(self, pick):
        if len(self.living) > 2:
            snapshot = self.living.pop(2 + pick % (len(self.living) - 2))
            self.cache.close(snapshot)

    @rule(pick=PICK)
    def forget(self, pick):
        if len(self.living) > 2:  # the collector must give the pages back
            self.living.pop(2 + pick % (len(self.living) - 2))

    def _parent(self, pick):
        """Any living snapshot, the young ones more often; a root when it became long."""
        chosen = self.living[-1 - pick % min(len(self.living), 4 if pick % 2 else 99)]
        return chosen if len(chosen) < 40 else self.living[pick % 2]

    def _running(self, pick):
        return self.running[pick % len(self.running)]

    def _step(self, entry, rows):
        sequence = entry[0]
        self.cache.adopt(sequence)
        rows = min(rows, sequence.pending)
        for position in range(sequence.computed, sequence.computed + rows):
            slot = sequence.pages[position // SIZE], position % SIZE
            self.memory.slots[slot] = self._value(sequence, position)
        self.cache.commit(sequence, rows)
        if sequence.pending == 0 and entry[1] > 0:
            entry[1] -= 1
            sequence.append((sequence.computed + entry[1]) % 2)
        elif sequence.pending == 0:
            self._finish(entry, 1)

    def _finish(self, entry, cut):
        if entry not in self.running:
            return
        self.running.remove(entry)
        sequence = entry[0]
        kept = sequence.tokens[: max(sequence.prompt_tokens, len(sequence.tokens) - cut)]
        self.living.append(self.cache.finish(sequence, tuple(kept)))

    def _value(self, holder, position):
        return self.memory.number((holder.tenant, tuple(holder.tokens[: position + 1])))

    def _holders(self):
        return self.living + [sequence for sequence, _ in self.running]

    @invariant()
    def every_holder_reads_its_own_prefix(self):
        for holder in self._holders():
            for position in range(holder.computed):
                slot = holder.pages[position // SIZE], position % SIZE
                assert self.memory.slots[slot] == self._value(holder, position)

    @invariant()
    def references_are_exact(self):
        self.cache.occupancy()  # frees what the collector left
        pool, tree = self.cache.pool, self.cache.tree
        held = Counter(page for holder in self._holders() for page in holder.pages)
        held.update(node.page for node in tree._nodes())
        assert held[0] == 0, "page 0 is held"
        assert all(pool.references(page) == held[page] for page in range(1, PAGES))
        assert pool.used_pages == len(held)
        assert tree.cached_pages == len(tree._nodes())

    @invariant()
    def no_page_has_two_writers(self):
        writable = Counter(
            page
            for sequence, _ in self.running
            for page in sequence.pages[sequence.computed // SIZE :]
        )
        assert all(count == 1 for count in writable.values())

    @invariant()
    def the_last_token_stays_to_be_computed(self):
        assert all(holder.computed < max(len(holder.tokens), 1) for holder in self._holders())

    @invariant()
    def running_is_counted(self):
        assert self.cache.running == len(self.running)

    @invariant()
    def tiers_keep_their_bounds(self):
        assert len(self.tier) * PAGE_BYTES == self.tier.used_bytes <= self.tier.budget_bytes

    def teardown(self):
        for sequence, _ in self.running:
            self.cache.drop(sequence)
        self.living.clear()
        gc.collect()
        self.cache.tree.clear()
        self.cache.occupancy()
        assert self.cache.pool.free_pages == PAGES - 1
        self.folder.cleanup()


Machine.TestCase.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
TestKvCache = Machine.TestCase
