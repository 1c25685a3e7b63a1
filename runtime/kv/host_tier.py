"""Pages in host memory, and below them in files: where a page goes when the device is full."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.kv.file_tier import FileTier
from agentc.runtime.kv.tier_policy import CheaperToCopy, TierPolicy

Bytes = NDArray[np.uint8]


class HostTier:
    """Pages by their names (keys.py), `budget_bytes` of them in memory; the least recently used go
    to `files` if the policy finds that worth it, else they are gone. Safe from any thread; the
    engines of one process may share it, since a name says whose page it is.
    """

    def __init__(
        self,
        budget_bytes: int,
        files: FileTier | None = None,
        policy: TierPolicy | None = None,
    ) -> None:
        self.budget_bytes = budget_bytes
        self.policy = policy or CheaperToCopy()
        self.used_bytes = 0
        self._files = files
        self._lock = threading.Lock()
        self._pages: OrderedDict[bytes, tuple[Bytes, float | None]] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        """Whether the page seems to be here or in a file."""
        return key in self._pages or (self._files is not None and key in self._files)

    def __len__(self) -> int:
        """Pages in memory."""
        return len(self._pages)

    def touch(self, key: bytes) -> None:
        """The page is used: it leaves later than those used before."""
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
                return
        if self._files is not None:
            self._files.touch(key)

    def put(
        self, keys: Sequence[bytes], new: Mapping[bytes, Bytes], recompute_s: float | None = None
    ) -> None:
        """Keeps the pages of `new`, which become ours; `keys` name them and others that were used
        with them, the one to leave first in front. `recompute_s`: what computing a page again
        would take. All come in before any leaves: what stands first in a sequence leaves last."""
        with self._lock:
            for key in keys:
                if key in new and key not in self._pages:
                    self._pages[key] = (new[key], recompute_s)
                    self.used_bytes += new[key].nbytes
                if key in self._pages:
                    self._pages.move_to_end(key)
            leaving = self._shrink()
        if self._files is None:
            return
        for key, (page, cost_s) in leaving:  # the disk is slow: not under the lock
            if self.policy.keep(cost_s, self._files.out.seconds, self._files.back.seconds):
                self._files.put(key, page)
        for key in keys:
            self._files.touch(key)

    def get(self, key: bytes) -> Bytes | None:
        """The page, not to be changed; None if it is gone or was damaged."""
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
                return self._pages[key][0]
        return None if self._files is None else self._files.get(key)

    def discard(self, key: bytes) -> None:
        """Forgets a page, in files too: the next one of this name is kept anew."""
        with self._lock:
            page = self._pages.pop(key, None)
            self.used_bytes -= 0 if page is None else page[0].nbytes
        if self._files is not None:
            self._files.discard(key)

    def _shrink(self) -> list[tuple[bytes, tuple[Bytes, float | None]]]:
        leaving = []
        while self.used_bytes > self.budget_bytes:
            leaving.append(self._pages.popitem(last=False))
            self.used_bytes -= leaving[-1][1][0].nbytes
        return leaving
