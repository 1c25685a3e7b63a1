"""The floor of a decode step: how fast this machine can read memory with some threads.

A step at batch 1 uses every weight once, and the weights do not fit the last-level cache, so no
program can be faster than bytes of weights / bandwidth. The bandwidth is that of the fastest
reader among a few; a faster reader makes the floor lower and the bar harder.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

BUFFER_BYTES = 256 << 20
"""Far beyond a last-level cache."""

Floats = NDArray[np.float32]

READERS: dict[str, Callable[[Floats], object]] = {
    "dot product": lambda part: np.dot(part, part),
    "maximum": lambda part: part.max(),
}
"""numpy calls that read their argument once and leave the interpreter lock free."""


class BandwidthProbe:
    """A buffer and its readers; `floor_s` says how long reading some bytes takes."""

    def __init__(self, threads: int, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._buffer = np.ones(buffer_bytes // 4, np.float32)
        self._parts = np.array_split(self._buffer, threads)
        self._pool = ThreadPoolExecutor(threads)

    def read_s(self, reader: str) -> float:
        """Seconds to read the buffer once with all threads."""
        start = time.perf_counter()
        list(self._pool.map(READERS[reader], self._parts))
        return time.perf_counter() - start

    def bytes_per_s(self, repeats: int = 3) -> float:
        """The best bandwidth over all readers and `repeats` readings each."""
        best_s = min(self.read_s(reader) for reader in READERS for _ in range(repeats))
        return self._buffer.nbytes / best_s

    def floor_s(self, size_bytes: int) -> float:
        """Seconds that reading `size_bytes` takes at the best bandwidth of now."""
        return size_bytes / self.bytes_per_s()

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown()
