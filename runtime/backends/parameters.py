"""Opens parameter archives: copied into huge pages where that pays, else mapped.

A decode step reads every weight of the model. From a mapped file it does so through pages of 4 KiB,
and looking up their addresses costs 8 % of the step (SmolLM2-135M in i4 on 2 cores); in pages of
2 MiB that is gone. The copy is as large as what the map would hold of the file, so memory is the
same; but it is not shared between processes and is made at once, so large archives stay mapped.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import iree.runtime as rt
import numpy as np
from numpy.typing import NDArray

HUGE_PAGE_BYTES = 2 << 20
LARGEST_COPIED_BYTES = 1 << 30

Memory = NDArray[np.uint8]


def open_parameters(archive: Path, *, on_host: bool) -> tuple[Any, Memory | None]:
    """Returns the index of an archive, and the memory that it refers to (None if it is mapped),
    which must live as long. `on_host`: for a device that reads host memory.

    Raises OSError, RuntimeError, ValueError or IndexError for what is no archive.
    """
    mapped = rt.ParameterIndex()
    mapped.load(str(archive), mmap=True)
    if not (on_host and hasattr(mmap, "MADV_HUGEPAGE")):
        return mapped, None
    if archive.stat().st_size > LARGEST_COPIED_BYTES:
        return mapped, None
    memory = _read(archive)
    copied = rt.ParameterIndex()
    for name, entry in mapped.items():
        offset = entry.file_storage[1]
        copied.add_buffer(name, memory[offset : offset + entry.length])
    return copied, memory


def _read(file: Path) -> Memory:
    """The contents of a file in memory that begins at a huge page."""
    size = file.stat().st_size
    room = mmap.mmap(-1, size + 2 * HUGE_PAGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    room.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(room, np.uint8)
    start = -whole.ctypes.data % HUGE_PAGE_BYTES
    memory = whole[start : start + size]
    with file.open("rb", buffering=0) as source:
        at = 0
        while at < size and (count := source.readinto(memory[at:].data)):
            at += count
    if at < size:
        raise OSError(f"{file.name} ends at byte {at} of {size}")
    return memory
