"""Single rows of a device array: out to host memory, and back in, without touching the others."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any

import iree.runtime as rt
import numpy as np
from numpy.typing import NDArray

from agentc.runtime.own_memory import own_memory

Bytes = NDArray[np.uint8]
PAGE_BYTES = mmap.PAGESIZE


def aligned_zeros(size_bytes: int) -> Bytes:
    """Zeroed bytes that begin on a page boundary and are committed when first touched."""
    memory = np.zeros(size_bytes + PAGE_BYTES, np.uint8)
    offset = -memory.ctypes.data % PAGE_BYTES
    return memory[offset : offset + size_bytes]


def read_mapped(handle: Any, rows: Sequence[int]) -> list[Bytes]:
    """Copies of `rows` (first dimension) of an array in memory that the host can address."""
    view = _mapped(handle)
    return [_copy(view[row]) for row in rows]


def write_mapped(handle: Any, rows: Sequence[int], contents: Sequence[Bytes]) -> None:
    """Overwrites `rows` of an array in memory that the host can address."""
    view = _mapped(handle)
    for row, content in zip(rows, contents, strict=True):
        view[row] = content


def read_queued(device: Any, handle: Any, rows: Sequence[int]) -> list[Bytes]:
    """Copies of `rows` by the device's queue: one submission for all of them."""
    if not rows:
        return []
    size = handle.byte_length // handle.shape[0]
    staging = _staging(len(rows) * size)
    target = import_host(device, staging, rt.BufferUsage.TRANSFER_TARGET)
    source = handle.get_buffer()
    _run(device, [(source, target, row * size, i * size, size) for i, row in enumerate(rows)])
    return [_copy(staging[i * size : (i + 1) * size]) for i in range(len(rows))]


def write_queued(device: Any, handle: Any, rows: Sequence[int], contents: Sequence[Bytes]) -> None:
    """Overwrites `rows` by the device's queue: one submission for all of them."""
    if not rows:
        return
    size = handle.byte_length // handle.shape[0]
    staging = _staging(len(rows) * size)
    for i, content in enumerate(contents):
        staging[i * size : (i + 1) * size] = content
    source = import_host(device, staging, rt.BufferUsage.TRANSFER_SOURCE)
    target = handle.get_buffer()
    _run(device, [(source, target, i * size, row * size, size) for i, row in enumerate(rows)])


def import_host(device: Any, memory: Bytes, usage: Any) -> Any:
    """`memory`, whole host pages that stay alive as long as the buffer, as a device's buffer."""
    return device.allocator.import_host_allocation(
        memory,
        memory_type=rt.MemoryType.HOST_LOCAL | rt.MemoryType.DEVICE_VISIBLE,
        allowed_usage=usage | rt.BufferUsage.MAPPING_PERSISTENT,
    )


def _mapped(handle: Any) -> Bytes:
    rows = handle.shape[0]
    view: Bytes = handle.map().asarray([rows, handle.byte_length // rows], np.dtype(np.uint8))
    return view


def _copy(row: Bytes) -> Bytes:
    copy = own_memory(row.nbytes)
    copy[:] = row
    return copy


def _staging(size_bytes: int) -> Bytes:
    """Host memory for a copy. Vulkan imports whole host pages only."""
    return aligned_zeros(-(-size_bytes // PAGE_BYTES) * PAGE_BYTES)


def _run(device: Any, copies: Sequence[tuple[Any, Any, int, int, int]]) -> None:
    """Runs (source, target, source offset, target offset, length) copies and waits."""
    commands = rt.HalCommandBuffer(device)
    for copy in copies:
        commands.copy(*copy)
    commands.end()
    semaphore = device.create_semaphore(0)
    done = rt.HalFence.create_at(semaphore, 1)
    # One command buffer, not a sequence of them: the binding's doc says otherwise.
    device.queue_execute(commands, rt.HalFence.create_at(semaphore, 0), done)
    done.wait()
