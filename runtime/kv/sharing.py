"""How a running sequence shares pages: with the snapshot it began from, with the prefix cache, and
with what lies outside the device. Only under the lock of the KvCache."""

from __future__ import annotations

from collections.abc import Sequence as Items

from agentc.runtime.kv.keys import Block
from agentc.runtime.kv.pages import PagePool
from agentc.runtime.kv.radix import RadixTree
from agentc.runtime.kv.snapshot import Sequence, Snapshot
from agentc.runtime.kv.swap import Bytes, Found, Swap


class Sharing:
    """Every page of a sequence is retained once for it; what it computes is published."""

    def __init__(self, pool: PagePool, tree: RadixTree, swap: Swap) -> None:
        self._pool, self._tree, self._swap = pool, tree, swap

    def start(self, snapshot: Snapshot) -> Sequence:
        """A sequence on the snapshot's pages and on what the cache has behind them."""
        size = self._pool.page_tokens
        full, tail = divmod(snapshot.computed, size)
        pages = list(snapshot.pages[:full])
        if tail and self._pool.try_claim(snapshot.pages[full], tail):
            pages.append(snapshot.pages[full])
        for page in pages:
            self._pool.retain(page)
        sequence = Sequence(
            tenant=snapshot.tenant,
            tokens=list(snapshot.tokens),
            pages=pages,
            computed=snapshot.computed if len(pages) > full else full * size,
            node=self._tree.root(snapshot.tenant),
            prompt_tokens=len(snapshot),
        )
        self.publish(sequence)
        self.adopt(sequence)
        sequence.cached_tokens = sequence.computed
        return sequence

    def leave(self, sequence: Sequence) -> None:
        """Gives all pages back; the sequence has only its tokens then, and may start again."""
        self.end_writing(sequence)
        self.release(sequence.pages)
        sequence.pages = []
        sequence.computed = sequence.published = 0
        if not sequence.generated:
            sequence.cached_tokens = 0
        sequence.node = self._tree.root(sequence.tenant)

    def adopt(self, sequence: Sequence) -> None:
        """Takes the pages of the next blocks that the cache has."""
        while True:
            name, at_start = self.current_block(sequence)
            node = self._tree.child(sequence.node, name[1]) if name and at_start else None
            if node is None:
                return
            self._pool.retain(node.page)
            index = sequence.published
            self.release(sequence.pages[index : index + 1])
            sequence.pages[index : index + 1] = [node.page]
            self._advance(sequence)
            sequence.published += 1
            sequence.node = node

    def outside(self, sequence: Sequence, carried: Items[Bytes]) -> Found:
        """The next blocks that lie outside the device."""
        size = self._pool.page_tokens
        if sequence.computed % size:
            return []
        last = (len(sequence.tokens) - 1) // size  # the last token stays to be computed
        blocks = [self._block(sequence, index) for index in range(sequence.published, last)]
        return self._swap.find(sequence.node.key, blocks, carried[sequence.published :])

    def bring(self, sequence: Sequence, found: Found) -> None:
        """Fills the next pages of the sequence, which are its own, with what was found outside."""
        start = sequence.published
        count = self._swap.restore(found, sequence.pages[start : start + len(found)])
        for _ in range(count):
            self._advance(sequence)
        self.publish(sequence)

    def publish(self, sequence: Sequence) -> None:
        """Full pages enter the prefix cache."""
        size = self._pool.page_tokens
        for index in range(sequence.published, sequence.computed // size):
            mine = sequence.pages[index]
            node = self._tree.insert(sequence.node, self._block(sequence, index), mine)
            if node.page != mine:  # a twin was faster; hold its page, so that the path stays
                self._pool.retain(node.page)
                self.release([mine])
                sequence.pages[index] = node.page
            sequence.node = node
            sequence.published = index + 1

    def end_writing(self, sequence: Sequence) -> None:
        """Leaves the page that was being written to the next writer, from the slot it reached."""
        index, slot = divmod(sequence.computed, self._pool.page_tokens)
        if slot:
            self._pool.end_claim(sequence.pages[index], slot)

    def current_block(self, sequence: Sequence) -> tuple[tuple[int, Block] | None, bool]:
        """See KvCache.current_block."""
        size = self._pool.page_tokens
        index, slot = divmod(sequence.computed, size)
        if (index + 1) * size >= len(sequence.tokens):
            return None, slot == 0
        return (id(sequence.node), self._block(sequence, index)), slot == 0

    def release(self, pages: Items[int]) -> None:
        """One owner less for each page."""
        for page in pages:
            self._pool.release(page)

    def _block(self, sequence: Sequence, index: int) -> Block:
        size = self._pool.page_tokens
        return tuple(sequence.tokens[index * size : (index + 1) * size])

    def _advance(self, sequence: Sequence) -> None:
        """The next page was computed by another: count it as cached while still in the prompt."""
        size = self._pool.page_tokens
        sequence.computed += size
        sequence.cached_tokens += size if not sequence.generated else 0
