"""KvCache under random use, with a simulated device memory.

Each written slot remembers whose it is and the whole prefix that its KV stands for. So a lost
page, a page with two writers, a wrong cache hit or a leak between tenants all become visible.
"""

import gc
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agentc.runtime.kv import KvCache

SIZE = 4
PAGES = 24
TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=9).map(tuple)  # many equal prefixes
PICK = st.integers(0, 99)
has_running = precondition(lambda self: self.running)


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.cache = KvCache(PAGES, SIZE)
        self.memory = {}
        self.living = [self.cache.open("a"), self.cache.open("b")]  # never closed
        self.running = []

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

    @has_running
    @rule(pick=PICK, rows=st.integers(1, 9))
    def step(self, pick, rows):
        self._step(self._running(pick), rows)

    @has_running
    @rule(pick=PICK, cut=st.integers(0, 3))
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

    @rule(pick=PICK)
    def park(self, pick):
        self.cache.park(self._parent(pick))

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
            self.memory[slot] = self._value(sequence, position)
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

    @staticmethod
    def _value(holder, position):
        return holder.tenant, tuple(holder.tokens[: position + 1])

    def _holders(self):
        return self.living + [sequence for sequence, _ in self.running]

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
    def the_last_token_stays_to_be_computed(self):
        assert all(holder.computed < max(len(holder.tokens), 1) for holder in self._holders())

    @invariant()
    def running_is_counted(self):
        assert self.cache.running == len(self.running)

    def teardown(self):
        for sequence, _ in self.running:
            self.cache.drop(sequence)
        self.living.clear()
        gc.collect()
        self.cache.tree.clear()
        self.cache.occupancy()
        assert self.cache.pool.free_pages == PAGES - 1


Machine.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestKvCache = Machine.TestCase
