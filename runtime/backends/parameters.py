"""Opens parameter archives: copied into huge pages where that pays, else mapped.

A decode step reads every weight of the model. From a mapped file it does so through pages of 4 KiB,
and looking up their addresses costs 8 % of the step (SmolLM2-135M in i4 on 2 cores); in pages of
2 MiB that is gone. The copy is as large as what the map would hold of the file, so memory is the
same; but it is not shared between processes and is made at once. So large archives stay mapped, and
so do rotary tables, which are as long as the model's context and read a few rows at a time.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any, BinaryIO

import iree.runtime as rt
import numpy as np
from numpy.typing import NDArray

HUGE_PAGE_BYTES = 2 << 20
LARGEST_COPIED_BYTES = 1 << 30
ALIGNMENT_BYTES = 64
READ_BY_ROW = "rope"
"""How the names of tables begin of which a step reads a few rows."""

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
    copied = {n: e for n, e in mapped.items() if e.is_file and not n.startswith(READ_BY_ROW)}
    size = sum(_aligned(entry.length) for entry in copied.values())
    if not 0 < size <= LARGEST_COPIED_BYTES:
        return mapped, None
    index, memory, at = rt.ParameterIndex(), _huge_pages(size), 0
    with archive.open("rb", buffering=0) as file:
        for name, entry in mapped.items():
            if name not in copied:
                handle, offset = entry.file_storage
                index.add_from_file_handle(name, handle, entry.length, offset)
                continue
            part = memory[at : at + entry.length]
            _read(file, entry.file_storage[1], part)
            index.add_buffer(name, part)
            at += _aligned(entry.length)
    return index, memory


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _huge_pages(size: int) -> Memory:
    """Memory that begins at a huge page."""
    room_bytes = size + 2 * HUGE_PAGE_BYTES
    room = mmap.mmap(-1, room_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    room.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(room, np.uint8)
    start = -whole.ctypes.data % HUGE_PAGE_BYTES
    return whole[start : start + size]


def _read(file: BinaryIO, offset: int, into: Memory) -> None:
    file.seek(offset)
    at = 0
    while at < len(into):
        count = file.readinto(into[at:].data)  # type: ignore[attr-defined]
        if not count:
            raise OSError(f"the archive ends at byte {offset + at}")
        at += count
