"""Between the pages of a device and those outside: what leaves is offered, what is asked for again
is brought back. Pages keep their bytes, so a sequence goes on bitwise as if they had stayed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.kv.host_tier import HostTier
from agentc.runtime.kv.keys import Block, block_key
from agentc.runtime.kv.radix import Node
from agentc.runtime.kv.rates import Rate

Bytes = NDArray[np.uint8]
Found = list["bytes | Bytes"]
"""Pages that could be brought back: named in a tier, or carried along."""


class PageStore(Protocol):
    """The bytes of a pool's pages; a Forward is one."""

    page_bytes: int

    def read_pages(self, pages: Sequence[int]) -> list[Bytes]:
        """Copies of whole pages."""

    def write_pages(self, pages: Sequence[int], contents: Sequence[Bytes]) -> None:
        """Overwrites whole pages."""


class Swap:
    """Moves full pages. Only from the engine's thread, which alone may touch the pool's bytes.

    `compute` is what a prompt token takes to compute: whoever runs the model says so.
    """

    def __init__(
        self,
        store: PageStore | None = None,
        tier: HostTier | None = None,
        page_tokens: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Without a `store` nothing can be copied; without a `tier` nothing is kept."""
        self.compute, self.out, self.back = Rate(), Rate(), Rate()
        self.swapped_out = self.swapped_in = 0
        self._store, self._tier = store, tier
        self._page_tokens, self._clock = page_tokens, clock

    def spill(self, nodes: Sequence[Node]) -> None:
        """Offers evicted pages to the tier while they are still there."""
        if self._store is None or self._tier is None:
            return
        per_token_s = self.compute.seconds
        recompute_s = None if per_token_s is None else per_token_s * self._page_tokens
        if not self._tier.policy.keep(recompute_s, self.out.seconds, self.back.seconds):
            return
        new = [node for node in nodes if node.key not in self._tier]
        pages = self.read([node.page for node in new])
        content = {node.key: page for node, page in zip(new, pages, strict=True)}
        self._tier.put([node.key for node in nodes], content, recompute_s)
        self.swapped_out += len(new)

    def find(self, parent: bytes, blocks: Sequence[Block], carried: Sequence[Bytes]) -> Found:
        """The longest start of `blocks`, behind the page named `parent`, that can be had without
        computing. `carried` are the pages of its first blocks."""
        found: Found = []
        if self._store is None:
            return found
        keys: list[bytes] = []
        for index, block in enumerate(blocks):
            parent = block_key(parent, block)
            if index < len(carried):
                found.append(carried[index])
            elif self._tier is not None and parent in self._tier:
                found.append(parent)
                keys.append(parent)
            else:
                break
        for key in reversed(keys):  # what stands first must leave last: nothing holds without it
            assert self._tier is not None
            self._tier.touch(key)
        return found

    def restore(self, found: Found, pages: Sequence[int]) -> int:
        """Writes what was found into `pages`, in order; returns how many are right now. A page
        that went away or was damaged since ends it."""
        contents = self._contents(found)
        started_s = self._clock()
        if contents:
            assert self._store is not None
            self._store.write_pages(pages[: len(contents)], contents)
        self.back.observe(len(contents), self._clock() - started_s)
        self.swapped_in += len(contents)
        return len(contents)

    def _contents(self, found: Found) -> list[Bytes]:
        contents: list[Bytes] = []
        for page in found:
            content = self._named(page) if isinstance(page, bytes) else page
            if not isinstance(content, np.ndarray) or content.nbytes != self._page_bytes:
                break
            contents.append(content)
        for page in found[len(contents) :]:  # will be computed; where one is bad, others may be
            if isinstance(page, bytes) and self._tier is not None:
                self._tier.discard(page)
        return contents

    def _named(self, key: bytes) -> Bytes | None:
        return None if self._tier is None else self._tier.get(key)

    def read(self, pages: Sequence[int]) -> list[Bytes]:
        """Copies of pages."""
        assert self._store is not None
        started_s = self._clock()
        contents = self._store.read_pages(pages)
        self.out.observe(len(pages), self._clock() - started_s)
        return contents

    @property
    def _page_bytes(self) -> int:
        return 0 if self._store is None else self._store.page_bytes
