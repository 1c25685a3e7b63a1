"""Buffers in mappings of their own."""

import os
import threading
from pathlib import Path

import pytest

from agentc.runtime.own_memory import SMALL_BYTES, own_memory


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES - 1, SMALL_BYTES, SMALL_BYTES + 1, 1 << 20])
def test_as_large_as_asked_and_writable(size):
    memory = own_memory(size)
    memory[:] = 7
    assert memory.nbytes == size and memory.sum() == 7 * size


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's own books")
def test_what_threads_took_goes_back():
    def resident_bytes():
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def use():
        kept = [own_memory(1 << 22) for _ in range(12)]
        for memory in kept:
            memory[:] = 1

    before = resident_bytes()
    for _ in range(4):
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert resident_bytes() - before < 24 << 20  # of 48 MiB that each took
