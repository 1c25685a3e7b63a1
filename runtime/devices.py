"""Devices of this machine: opens engines, encoders, modules and indexes once, on first use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from agentc.errors import PackageError, RuntimeFault
from agentc.package import Package
from agentc.plan import Binary, Device, Index, Model
from agentc.runtime.clock import Clock
from agentc.runtime.index import VectorIndex

T = TypeVar("T")
EngineSettings = Callable[[str, str], Any]
"""Gives the `EngineOptions` of a model on a device class."""


class LocalDevices:
    """Everything in this process, from an opened package. `close` takes it down in the order that
    the devices need: engines, then what was loaded, then devices, then the package."""

    def __init__(
        self, package: Package, clock: Clock, engines: EngineSettings | None = None
    ) -> None:
        """`engines`: the slots and limits of each engine, by model and device class."""
        self.package, self.clock = package, clock
        self._settings = engines
        self._classes = {device.name: device for device in package.plan.devices}
        self._opened: dict[tuple[str, ...], Any] = {}
        self._opening: dict[tuple[str, ...], asyncio.Lock] = {}
        self._engines: list[Any] = []
        self._hardware: dict[str, Any] = {}

    async def tokenizer(self, model: Model) -> Any:
        """Returns the tokenizer of a model."""
        return await self._once(("tokenizer", model.name), lambda: self._open_tokenizer(model))

    async def engine(self, model: Model, device: str) -> Any:
        """Returns the engine of an LLM on a device class."""
        return await self._once(("engine", model.name, device), lambda: self._engine(model, device))

    async def encoder(self, model: Model, device: str) -> Any:
        """Returns a text encoder on a device class."""
        device = device or next(iter(model.binaries), "")
        return await self._once(
            ("encoder", model.name, device), lambda: self._encoder(model, device)
        )

    async def cross_encoder(self, model: Model, device: str) -> Any:
        """Returns a scorer of pairs of texts on a device class."""
        device = device or next(iter(model.binaries), "")
        return await self._once(
            ("cross encoder", model.name, device), lambda: self._cross_encoder(model, device)
        )

    async def module(self, model: Model, device: str) -> Callable[..., Any]:
        """Returns a compiled torch module as a function of arrays."""
        device = device or next(iter(model.binaries), "")
        return await self._once(("module", model.name, device), lambda: self._module(model, device))

    async def index(self, index: Index) -> VectorIndex:
        """Returns an opened vector index."""
        return await self._once(("index", index.name), lambda: self._index(index))

    def close(self) -> None:
        """Closes everything. May be called again."""
        while self._engines:
            self._engines.pop().close()
        self._opened.clear()
        while self._hardware:
            self._hardware.popitem()[1].close()
        self.package.close()

    async def _once(self, key: tuple[str, ...], open_: Callable[[], T]) -> T:
        """Opens in a thread; whoever asks meanwhile waits for the same object."""
        if key not in self._opened:
            async with self._opening.setdefault(key, asyncio.Lock()):
                if key not in self._opened:
                    self._opened[key] = await self.clock.in_thread(open_)
            self._opening.pop(key, None)
        result: T = self._opened[key]
        return result

    def _open_tokenizer(self, model: Model) -> Any:
        from agentc.runtime.engine.tokenizer import Tokenizer

        return Tokenizer.load(self.package.path(model.tokenizer))

    def _engine(self, model: Model, device: str) -> Any:
        from agentc.runtime.engine.opening import open_engine

        if self._settings is None:
            return self._open_on(open_engine, model, device)
        options = self._settings(model.name, device)
        return self._open_on(partial(open_engine, options=options), model, device)

    def _encoder(self, model: Model, device: str) -> Any:
        from agentc.runtime.engine.opening import open_encoder

        return self._open_on(open_encoder, model, device)

    def _cross_encoder(self, model: Model, device: str) -> Any:
        from agentc.runtime.engine.opening import open_cross_encoder

        return self._read_on(open_cross_encoder, model, device)

    def _open_on(self, open_: Callable[..., Any], model: Model, device: str) -> Any:
        """Opens what is closed before the device."""
        opened = self._read_on(open_, model, device)
        self._engines.append(opened)
        return opened

    def _read_on(self, open_: Callable[..., Any], model: Model, device: str) -> Any:
        """Opens what reads text on a device class."""
        record = self._device(device)
        return open_(
            model,
            record,
            self._hardware_of(record),
            vmfb=self.package.path(self._binary(model, device).path),
            parameters=self._parameters(model, device),
            tokenizer=self.package.path(model.tokenizer),
        )

    def _module(self, model: Model, device: str) -> Any:
        from agentc.runtime.backends.processor import check_processor
        from agentc.runtime.backends.tensor_module import TensorModule

        binary = self._binary(model, device)
        check_processor(binary)
        parameters = self._parameters(model, device) if device in model.parameters else None
        opened = self._hardware_of(self._device(device))
        loaded = opened.load(self.package.path(binary.path), parameters)
        return TensorModule(loaded, binary.entry, model.dims.get("results", 1))

    def _index(self, index: Index) -> VectorIndex:
        approximate = self.package.path(index.index) if index.index else None
        passages, vectors = self.package.path(index.passages), self.package.path(index.vectors)
        return VectorIndex(index, passages, vectors, approximate)

    def _hardware_of(self, device: Device) -> Any:
        from agentc.runtime.backends.iree import IreeDevice

        if device.name not in self._hardware:
            self._hardware[device.name] = IreeDevice(device.driver, device.workers)
        return self._hardware[device.name]

    def _device(self, name: str) -> Device:
        if name not in self._classes:
            raise RuntimeFault(
                f"the plan has no device class '{name}', only {sorted(self._classes)}; "
                "compile the graph again"
            )
        return self._classes[name]

    def _binary(self, model: Model, device: str) -> Binary:
        if device not in model.binaries:
            raise PackageError(
                f"model '{model.name}' is not compiled for '{device}', only for "
                f"{sorted(model.binaries) or 'nothing'}; compile the graph again"
            )
        return model.binaries[device]

    def _parameters(self, model: Model, device: str) -> Any:
        return self.package.parameters(model.parameters[device])
