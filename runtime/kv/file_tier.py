"""Pages in a folder: one file a page, named by content, checked when read, bounded in bytes.

A file is written beside its place and then renamed, so a killed process leaves no half page; what
the disk or anybody else damaged has another checksum. A page that is missing or damaged is one
that must be computed again, never an error. So there is no index to repair and nothing to sync,
and the folder may outlive the process: pages are found again by their names.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentc.errors import RuntimeFault
from agentc.runtime.kv.rates import Rate
from agentc.runtime.own_memory import own_memory

Bytes = NDArray[np.uint8]
MAGIC = b"agentc-kv-page-1"
SUFFIX = ".kvpage"
CHECKSUM_BYTES = 32


class FileTier:
    """The least recently used pages go when `budget_bytes` are full. Safe from any thread."""

    def __init__(
        self, folder: Path, budget_bytes: int, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Takes over the pages that `folder` has; makes it, for this user only, if missing.
        Raises RuntimeFault (kind "input") if it cannot be written."""
        self.folder, self.budget_bytes = folder, budget_bytes
        self.out, self.back = Rate(), Rate()
        self._clock = clock
        self.used_bytes = 0
        self._lock = threading.Lock()
        self._sizes: OrderedDict[bytes, int] = OrderedDict()  # least recently used first
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take_over()
        except OSError as error:
            raise RuntimeFault(
                f"cannot keep pages in {folder}: {error.strerror}; choose a folder that this "
                "user can write",
                kind="input",
            ) from error

    def __contains__(self, key: bytes) -> bool:
        """Whether the page seems to be there."""
        return key in self._sizes

    def touch(self, key: bytes) -> None:
        """The page is used: it goes later than those used before."""
        with self._lock:
            if key in self._sizes:
                self._sizes.move_to_end(key)

    def __len__(self) -> int:
        """Pages that seem to be there."""
        return len(self._sizes)

    def put(self, key: bytes, page: Bytes) -> None:
        """Keeps a copy, if the disk lets us."""
        started_s = self._clock()
        head = MAGIC + key + _checksum(key, page)
        size_bytes = len(head) + page.nbytes
        with self._lock:
            if key in self._sizes or size_bytes > self.budget_bytes:
                return
            try:
                self._write(key, head, page)
            except OSError:  # a full disk, a folder that went away: then it is not kept
                return
            self._sizes[key] = size_bytes
            self.used_bytes += size_bytes
            self._shrink()
        self.out.observe(1, self._clock() - started_s)

    def get(self, key: bytes) -> Bytes | None:
        """The page, or None if it is missing or not what was put."""
        started_s = self._clock()
        page = _read(key, self._path(key))
        if page is None:
            self.discard(key)
        else:
            self.touch(key)
            self.back.observe(1, self._clock() - started_s)
        return page

    def discard(self, key: bytes) -> None:
        """Forgets a page."""
        with self._lock:
            self._forget(key)

    def _take_over(self) -> None:
        found = []
        for path in self.folder.glob("*" + SUFFIX):
            with contextlib.suppress(ValueError, OSError):  # not ours, or gone meanwhile
                status = path.stat()
                found.append((status.st_mtime_ns, bytes.fromhex(path.stem), status.st_size))
        for _, key, size_bytes in sorted(found):
            self._sizes[key] = size_bytes
            self.used_bytes += size_bytes
        self._shrink()

    def _write(self, key: bytes, head: bytes, page: Bytes) -> None:
        temporary = self.folder / f"{key.hex()}.{os.getpid()}.tmp"
        try:
            with temporary.open("wb") as file:
                file.write(head)
                file.write(page.data)
            temporary.rename(self._path(key))
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _shrink(self) -> None:
        while self.used_bytes > self.budget_bytes and self._sizes:
            self._forget(next(iter(self._sizes)))

    def _forget(self, key: bytes) -> None:
        self.used_bytes -= self._sizes.pop(key, 0)
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: bytes) -> Path:
        return self.folder / (key.hex() + SUFFIX)


def _read(key: bytes, path: Path) -> Bytes | None:
    """The page in a file, None if anything in it is not as it was written."""
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC) + len(key) + CHECKSUM_BYTES)
            page = own_memory(max(os.fstat(file.fileno()).st_size - len(head), 0))
            read = file.readinto(page.data)
    except OSError:
        return None
    right = read == page.nbytes and head == MAGIC + key + _checksum(key, page)
    return page if right else None


def _checksum(key: bytes, page: Bytes) -> bytes:
    return hashlib.blake2b(page.data, key=key, digest_size=CHECKSUM_BYTES).digest()
