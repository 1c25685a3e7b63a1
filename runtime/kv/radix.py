"""The prefix cache: a tree over blocks of tokens that maps prefixes to pages.

A node is one full page; its path from the root is the token prefix that the page's KV depends on.
Each tenant has a root of its own, so no tenant can hit, or time, what another one cached.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from agentc.runtime.kv.eviction import EvictionPolicy
from agentc.runtime.kv.keys import Block, block_key, root_key
from agentc.runtime.kv.pages import PagePool


class Node:
    """A cached page. `page` is 0 for a root. `key` is its name by content (keys.py). `stamp`
    belongs to the eviction policy."""

    __slots__ = ("block", "children", "key", "page", "parent", "stamp")

    def __init__(self, block: Block, page: int, parent: Node | None, key: bytes) -> None:
        self.block = block
        self.key = key
        self.page = page
        self.parent = parent
        self.children: dict[Block, Node] = {}
        self.stamp = 0


class RadixTree:
    """Holds one reference on each cached page. A page that somebody else holds too stays."""

    def __init__(
        self,
        pool: PagePool,
        policy: EvictionPolicy,
        identity: bytes = b"",
        spill: Callable[[Sequence[Node]], None] = lambda nodes: None,
    ) -> None:
        """`identity`: see keys.root_key. `spill` sees evicted nodes while their pages are held."""
        self._pool = pool
        self._identity = identity
        self._spill = spill
        self._policy = policy
        self._roots: dict[str, Node] = {}
        self.cached_pages = 0

    def root(self, tenant: str) -> Node:
        """Where the prefixes of `tenant` start."""
        if tenant not in self._roots:
            self._roots[tenant] = Node((), 0, None, root_key(self._identity, tenant))
        return self._roots[tenant]

    def child(self, node: Node, block: Block) -> Node | None:
        """The node of `block` after `node`, marked as used; None when it is not cached."""
        found = node.children.get(block)
        if found is not None:
            self._policy.touch(found)
        return found

    def insert(self, node: Node, block: Block, page: int) -> Node:
        """Caches `page` as `block` after `node`, unless that block is cached already.

        Returns the node that is cached; its page may be another than `page`. Whoever extends a
        path must hold its pages, so that no node of it is evicted meanwhile.
        """
        found = self.child(node, block)
        if found is not None:
            return found
        self._pool.retain(page)
        made = node.children[block] = Node(block, page, node, block_key(node.key, block))
        self._policy.touch(made)
        self.cached_pages += 1
        return made

    def evict(self, count: int) -> int:
        """Frees up to `count` pages that only the cache holds, leaves first. Returns how many."""
        heap = [(self._policy.worth(n), id(n), n) for n in self._nodes() if self._evictable(n)]
        heapq.heapify(heap)
        gone: list[Node] = []
        while heap and len(gone) < count:
            node = heapq.heappop(heap)[2]
            parent = self._remove(node)
            gone.append(node)
            if self._evictable(parent):
                heapq.heappush(heap, (self._policy.worth(parent), id(parent), parent))
        try:
            if gone:
                self._spill(gone)
        finally:
            for node in gone:
                self._pool.release(node.page)
        return len(gone)

    def evictable_pages(self) -> int:
        """How many pages `evict` could free now."""
        # The owner of a page owns all pages before it, so an evictable page has only evictable
        # pages behind it.
        return sum(self._pool.references(node.page) == 1 for node in self._nodes())

    def clear(self) -> None:
        """Forgets everything; pages that somebody else holds live on uncached."""
        for node in self._nodes():
            self._pool.release(node.page)
        self._roots.clear()
        self.cached_pages = 0

    def _evictable(self, node: Node) -> bool:
        leaf = node.parent is not None and not node.children
        return leaf and self._pool.references(node.page) == 1

    def _remove(self, node: Node) -> Node:
        parent = node.parent
        assert parent is not None
        del parent.children[node.block]
        self.cached_pages -= 1
        return parent

    def _nodes(self) -> list[Node]:
        """All nodes but the roots."""
        found: list[Node] = []
        stack = list(self._roots.values())
        while stack:
            children = stack.pop().children.values()
            found.extend(children)
            stack.extend(children)
        return found
