"""Large buffers that come and go, in mappings of their own."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray

SMALL_BYTES = 1 << 16


def own_memory(size_bytes: int) -> NDArray[np.uint8]:
    """Bytes that go back to the system when nobody holds them any more.

    The C library keeps blocks like these in the arena of the thread that asked: pages and sessions
    that pass through the threads of a server would leave each of them as large as it ever was.
    """
    if size_bytes < SMALL_BYTES:
        return np.empty(size_bytes, np.uint8)
    return np.frombuffer(mmap.mmap(-1, size_bytes), np.uint8)
