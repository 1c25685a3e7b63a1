"""Owners of IREE objects: a device, and modules on it, closed in order.

Two rules of IREE's Python bindings rule this file. A result buffer released after its device ends
the process with a crash; so every object has one owner, `close` drops them in dependency order,
and no view on device memory leaves this file (`read` copies). And a module's context is only
thread-compatible; so one lock a module, one call at a time. The GIL is free during a call.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

import iree.runtime as rt
import numpy as np
from numpy.typing import NDArray

from agentc.errors import PackageError, RuntimeFault
from agentc.runtime.backends import rows
from agentc.runtime.backends.parameters import open_parameters
from agentc.runtime.backends.rows import PAGE_BYTES, Bytes, aligned_zeros, import_host
from agentc.runtime.backends.team import Team, default_size

ELEMENT_TYPES: dict[np.dtype[Any], Any] = {
    np.dtype(np.float32): rt.HalElementType.FLOAT_32,
    np.dtype(np.float16): rt.HalElementType.FLOAT_16,
    np.dtype(np.float64): rt.HalElementType.FLOAT_64,
    np.dtype(np.int64): rt.HalElementType.INT_64,
    np.dtype(np.int32): rt.HalElementType.INT_32,
    np.dtype(np.int8): rt.HalElementType.INT_8,
    np.dtype(np.bool_): rt.HalElementType.BOOL_8,
}
# Made once: combining these flags takes longer than a small upload.
DEVICE_MEMORY = rt.MemoryType.DEVICE_LOCAL
MAPPABLE = rt.BufferUsage.DEFAULT | rt.BufferUsage.MAPPING
HOST_DRIVERS = ("local-task", "local-sync")
_SET_TEAM = "set_team"
"""What a module exports whose kernels share their work with a team."""


class IreeDevice:
    """An opened device; owns its modules. Use as a context manager or call `close`."""

    def __init__(self, driver: str, workers: int = 0) -> None:
        """Opens `driver`: local-task (with `workers` threads, 0 = IREE's choice), local-sync,
        vulkan, cuda, hip; "driver://id" chooses one of several.

        Raises RuntimeFault (kind "device") when this machine has no such device.
        """
        self.driver = driver
        self.workers = workers
        if driver == "local-task":
            # Read when a device is made; there is no other way to say it per device.
            rt.flags.parse_flags(f"--task_topology_group_count={workers}")
        try:
            self._device: Any = rt.get_device(driver, cache=False)
        except (ValueError, RuntimeError) as error:
            raise RuntimeFault(
                f"cannot open device {driver!r}: {_first_line(error)}; this machine offers "
                f"{', '.join(rt.query_available_drivers())}"
            ) from error
        self._instance: Any = rt.VmInstance()
        self._modules: list[IreeModule] = []
        self._inline: Any = None
        self._team: Team | None = None
        # Module globals die in any order at exit; registered first, so called after the engines'.
        atexit.register(self.close)

    def load(self, vmfb: Path, parameters: Path | None = None) -> IreeModule:
        """Loads a compiled module with its parameter archive. Raises PackageError."""
        if self._device is None:
            raise RuntimeFault(f"device {self.driver!r} is closed")
        device, team = self._device, None
        if self.driver in HOST_DRIVERS and _has_team(self._instance, vmfb):
            device, team = self._open_team()
        module = IreeModule(device, self._instance, vmfb, parameters, self.driver, team)
        self._modules.append(module)
        return module

    def _open_team(self) -> tuple[Any, Team]:
        """What runs modules whose kernels bring their own threads: a device that runs in the
        calling thread, and the team; the device's own threads would only be in the way."""
        if self._team is None:
            alone = self.driver == "local-sync"
            self._inline = self._device if alone else rt.get_device("local-sync", cache=False)
            self._team = Team(1 if alone else self.workers or default_size())
        return self._inline, self._team

    def close(self) -> None:
        """Closes the modules, then the device. May be called again."""
        while self._modules:
            self._modules.pop().close()
        if self._team is not None:
            self._team.close()
        self._team = self._inline = self._device = None
        self._instance = None
        atexit.unregister(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class IreeModule:
    """A loaded module with its context. Values on the device are opaque handles (`upload`,
    `zeros`, results of `invoke`); whoever keeps one drops it before `close`."""

    def __init__(
        self,
        device: Any,
        instance: Any,
        vmfb: Path,
        parameters: Path | None,
        driver: str,
        team: Team | None,
    ) -> None:
        self._lock = threading.Lock()
        self._awake = nullcontext if team is None else team.awake
        self._device = device
        self.on_host = driver.split(":")[0] in HOST_DRIVERS
        self._host_memory: list[NDArray[np.uint8]] = []
        self._index = self._provider = self._io = None
        try:
            self._hal = rt.create_hal_module(instance, device)
            if parameters is not None:
                self._index, memory = open_parameters(parameters, on_host=self.on_host)
                self._host_memory += [memory] if memory is not None else []
                self._provider = self._index.create_provider("model")
                self._io = rt.create_io_parameters_module(instance, self._provider)
            self._module = rt.VmModule.mmap(instance, str(vmfb))
            modules = [self._io, self._hal, self._module] if self._io else [self._hal, self._module]
            self._context = rt.VmContext(instance, modules)
        except (RuntimeError, ValueError, OSError, IndexError) as error:
            raise PackageError(
                f"cannot load {vmfb.name} on {driver!r}: {_first_line(error)}; compile the "
                "package for this machine"
            ) from error
        self.functions: tuple[str, ...] = tuple(self._module.function_names)
        self._functions = {name: self._module.lookup_function(name) for name in self.functions}
        if team is not None:
            self.invoke(_SET_TEAM, [team.address, team.size], results=0)

    def upload(self, array: NDArray[Any]) -> Any:
        """Copies `array` to the device."""
        element_type = ELEMENT_TYPES.get(array.dtype)
        if element_type is None:
            raise RuntimeFault(
                f"an array of {array.dtype.name} cannot go to a device, only of "
                f"{', '.join(map(str, ELEMENT_TYPES))}; convert it first",
                kind="input",
            )
        return self._device.allocator.allocate_buffer_copy(
            memory_type=DEVICE_MEMORY,
            allowed_usage=MAPPABLE,
            device=self._device,
            buffer=array if array.flags.c_contiguous else np.ascontiguousarray(array),
            element_type=element_type,
        )

    def zeros(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """A zeroed array on the device. On host drivers memory is committed when first written."""
        if not self.on_host:
            return self.upload(np.zeros(shape, dtype))
        size = int(np.prod(shape)) * dtype.itemsize
        memory = aligned_zeros(size)
        buffer = self._device.allocator.import_host_allocation(
            memory,
            memory_type=DEVICE_MEMORY | rt.MemoryType.HOST_VISIBLE,
            allowed_usage=MAPPABLE,
        )
        self._host_memory.append(memory)
        return rt.HalBufferView(buffer, shape, ELEMENT_TYPES[dtype])

    def invoke(self, function: str, arguments: Sequence[Any], *, results: int) -> list[Any]:
        """Calls `function` with handles and integers, and returns its handles.

        Raises RuntimeFault (kind "device") when the device fails or refuses the shapes.
        """
        given = rt.VmVariantList(len(arguments))
        for argument in arguments:
            if isinstance(argument, int):
                given.push_int(argument)
            else:
                given.push_ref(argument)
        returned = rt.VmVariantList(results)
        with self._lock:
            if self._context is None:
                raise RuntimeFault("the module is closed")
            try:
                with self._awake():
                    self._context.invoke(self._functions[function], given, returned)
            except (RuntimeError, ValueError, KeyError) as error:
                raise RuntimeFault(f"{function!r} failed: {_first_line(error)}") from error
        return [returned.get_as_object(i, rt.HalBufferView) for i in range(results)]

    def read(self, handle: Any) -> NDArray[Any]:
        """A copy of a device array in host memory."""
        if self.on_host:
            return np.array(_view(handle), copy=True)
        dtype = np.dtype(rt.HalElementType.map_to_dtype(handle.element_type))
        target = aligned_zeros(-(-handle.byte_length // PAGE_BYTES) * PAGE_BYTES)
        self._copy_out(handle.get_buffer(), target)
        result: NDArray[Any] = target[: handle.byte_length].view(dtype).reshape(handle.shape)
        return result

    def read_rows(self, handle: Any, indices: Sequence[int]) -> list[Bytes]:
        """Copies of single rows (first dimension) of a device array, as bytes."""
        with self._lock:
            if self.on_host:
                return rows.read_mapped(handle, indices)
            return rows.read_queued(self._device, handle, indices)

    def write_rows(self, handle: Any, indices: Sequence[int], contents: Sequence[Bytes]) -> None:
        """Overwrites single rows of a device array with bytes, each a whole row."""
        with self._lock:
            if self.on_host:
                rows.write_mapped(handle, indices, contents)
            else:
                rows.write_queued(self._device, handle, indices, contents)

    def read_row(self, handle: Any, index: int) -> NDArray[Any]:
        """A copy of one row of an array [rows, ...]; only on host drivers."""
        return np.array(_view(handle)[index], copy=True)

    def argmax(self, handle: Any) -> list[int]:
        """Index of the highest value of each row of an array [rows, columns], the lowest of
        equals, without a copy; only on host drivers."""
        return [int(index) for index in _view(handle).argmax(-1)]

    def close(self) -> None:
        """Drops everything in dependency order. May be called again."""
        with self._lock:
            self._context = None
            self._functions.clear()
            self._module = None
            self._io = self._provider = self._index = None
            self._hal = None
            self._device = None
            self._host_memory.clear()

    def _copy_out(self, source: Any, target: NDArray[np.uint8]) -> None:
        """Copies by the device's queue. Vulkan imports whole host pages only."""
        buffer = import_host(self._device, target, rt.BufferUsage.TRANSFER_TARGET)
        semaphore = self._device.create_semaphore(0)
        self._device.queue_copy(
            source,
            buffer,
            wait_semaphores=rt.HalFence.create_at(semaphore, 0),
            signal_semaphores=rt.HalFence.create_at(semaphore, 1),
        )
        rt.HalFence.create_at(semaphore, 1).wait()


def _view(handle: Any) -> NDArray[Any]:
    """The array itself, of a host driver. Never leaves this file: it keeps the buffer alive."""
    dtype = np.dtype(rt.HalElementType.map_to_dtype(handle.element_type))
    view: NDArray[Any] = handle.map().asarray(handle.shape, dtype)
    return view


def _has_team(instance: Any, vmfb: Path) -> bool:
    """Whether the kernels of a module bring their own threads."""
    try:
        return _SET_TEAM in rt.VmModule.mmap(instance, str(vmfb)).function_names
    except (RuntimeError, ValueError, OSError):
        return False  # loading it will say what is wrong


def _first_line(error: BaseException) -> str:
    """IREE's messages go on with a stack of its own."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__
