"""KvCache under random use, with a simulated device memory.

Each written slot remembers whose it is and the whole prefix that its KV stands for. So a lost
page, a page with two writers, a wrong cache hit or a leak between tenants all become visible.
"""

import gc
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from agentc.runtime.kv import KvCache

SIZE = 4
PAGES = 24
tokens = st.lists(st.integers(0, 1), max_size=9).map(tuple)  # few tokens: many equal prefixes


class Machine(RuleBasedStateMachine):
    snapshots = Bundle("snapshots")

    def __init__(self):
        super().__init__()
        self.cache = KvCache(PAGES, SIZE)
        self.memory = {}
        self.open_snapshots = []
        self.running = []

    def _keep(self, snapshot):
        self.open_snapshots.append(snapshot)
        return len(self.open_snapshots) - 1

    def _snapshot(self, index):
        return self.open_snapshots[index]

    @rule(target=snapshots, tenant=st.sampled_from(["a", "b"]))
    def open(self, tenant):
        return self._keep(self.cache.open(tenant))

    @rule(target=snapshots, index=snapshots, tokens=tokens)
    def append(self, index, tokens):
        parent = self._snapshot(index)
        if parent is None or parent.closed or len(parent) > 40:
            return self._keep(self.cache.open("a"))
        return self._keep(self.cache.append(parent, tokens))

    @rule(index=snapshots, reserve=st.integers(0, 9))
    def begin(self, index, reserve):
        parent = self._snapshot(index)
        if parent is None or parent.closed or not parent.tokens:
            return
        promised = self.cache.can_begin(parent, reserve)
        sequence = self.cache.begin(parent, reserve)
        assert sequence is not None or not promised
        if sequence is not None:
            self.running.append([sequence, reserve])

    @rule(pick=st.integers(0, 99), rows=st.integers(1, 9))
    def step(self, pick, rows):
        if not self.running:
            return
        entry = self.running[pick % len(self.running)]
        sequence = entry[0]
        self.cache.adopt(sequence)
        assert sequence.pending >= 1
        rows = min(rows, sequence.pending)
        for position in range(sequence.computed, sequence.computed + rows):
            self.memory[sequence.pages[position // SIZE], position % SIZE] = self._value(
                sequence, position
            )
        self.cache.commit(sequence, rows)
        if sequence.pending == 0 and entry[1] > 0:
            entry[1] -= 1
            sequence.append((sequence.computed + pick) % 2)
        elif sequence.pending == 0:
            self._finish(entry, 0)

    @rule(pick=st.integers(0, 99), cut=st.integers(0, 3))
    def finish(self, pick, cut):
        if self.running:
            self._finish(self.running[pick % len(self.running)], cut)

    def _finish(self, entry, cut):
        self.running.remove(entry)
        sequence = entry[0]
        kept = sequence.tokens[: max(sequence.prompt_tokens, len(sequence.tokens) - cut)]
        self._keep(self.cache.finish(sequence, tuple(kept)))

    @rule(pick=st.integers(0, 99))
    def drop(self, pick):
        if self.running:
            self.cache.drop(self.running.pop(pick % len(self.running))[0])

    @rule(index=snapshots)
    def park(self, index):
        if self._snapshot(index) is not None:
            self.cache.park(self._snapshot(index))

    @rule(index=snapshots)
    def close(self, index):
        if self._snapshot(index) is not None:
            self.cache.close(self._snapshot(index))

    @rule(index=snapshots)
    def forget(self, index):
        self.open_snapshots[index] = None  # the collector must give the pages back

    @staticmethod
    def _value(holder, position):
        return holder.tenant, tuple(holder.tokens[: position + 1])

    def _holders(self):
        living = [s for s in self.open_snapshots if s is not None]
        return living + [sequence for sequence, _ in self.running]

    @invariant()
    def every_holder_reads_its_own_prefix(self):
        for holder in self._holders():
            for position in range(holder.computed):
                slot = holder.pages[position // SIZE], position % SIZE
                assert self.memory[slot] == self._value(holder, position)

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
    def running_is_counted(self):
        assert self.cache.running == len(self.running)

    def teardown(self):
        for sequence, _ in self.running:
            self.cache.drop(sequence)
        self.open_snapshots.clear()
        gc.collect()
        self.cache.tree.clear()
        self.cache.occupancy()
        assert self.cache.pool.free_pages == PAGES - 1


Machine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestKvCache = Machine.TestCase
