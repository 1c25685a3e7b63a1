"""From the plan's records to a running engine or encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from agentc.errors import PackageError, RuntimeFault
from agentc.plan import Binary, Device, Model
from agentc.runtime.backends.async_encoder import AsyncEncoder
from agentc.runtime.backends.cross_encoder import CrossEncoder
from agentc.runtime.backends.encoder import Encoder
from agentc.runtime.backends.encoder_program import EncoderProgram
from agentc.runtime.backends.forward import IreeForward
from agentc.runtime.backends.iree import IreeDevice, IreeModule
from agentc.runtime.backends.processor import check_processor
from agentc.runtime.engine.compiled import CompiledEngine
from agentc.runtime.engine.facade import AsyncEngine
from agentc.runtime.engine.identity import identity_of
from agentc.runtime.engine.options import EngineOptions
from agentc.runtime.engine.speculation import DraftModel
from agentc.runtime.engine.tokenizer import Tokenizer

PAGE_DTYPES: dict[str, np.dtype[Any]] = {
    "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16),
    "i8": np.dtype(np.int8),
}


def open_engine(
    model: Model,
    device: Device,
    opened: IreeDevice,
    *,
    vmfb: Path,
    parameters: Path,
    tokenizer: Path,
    options: EngineOptions | None = None,
) -> AsyncEngine:
    """Starts the engine of `model` on the device class `device`, which is open as `opened`.

    Close the engine before `opened`. Raises PackageError, ModelFormatError, RuntimeFault.
    """
    options, binary = options or EngineOptions(), _binary(model, device)
    if model.chat is None:
        raise PackageError(f"model {model.name!r} has no chat format; compile the package again")
    forward = _open_forward(
        model,
        binary,
        opened,
        opened.load(vmfb, parameters),
        count_pages(model, binary, device, options.max_sequences),
    )
    identity = identity_of(
        model, device.name, vmfb=vmfb, parameters=parameters, tokenizer=tokenizer
    )
    reads = Tokenizer.load(tokenizer)
    engine = CompiledEngine(forward, reads, model.chat.end_tokens, options, identity)

    def close() -> None:
        forward.close()
        if options.drafter is not None:
            options.drafter.close()

    return AsyncEngine(engine, close)


def open_draft_model(
    model: Model,
    device: Device,
    opened: IreeDevice,
    *,
    vmfb: Path,
    parameters: Path,
    tokenizer: Path,
    max_sequences: int = 8,
) -> DraftModel:
    """Opens `model` as the drafter of one engine (`EngineOptions.drafter`), which closes it.

    `max_sequences`: full contexts that its pool holds. Raises PackageError, ModelFormatError,
    RuntimeFault.
    """
    binary = _binary(model, device)
    pages = count_pages(model, binary, device, max_sequences)
    forward = _open_forward(model, binary, opened, opened.load(vmfb, parameters), pages)
    return DraftModel(forward, Tokenizer.load(tokenizer), forward.close)


def open_encoder(
    model: Model,
    device: Device,
    opened: IreeDevice,
    *,
    vmfb: Path,
    parameters: Path,
    tokenizer: Path,
) -> AsyncEncoder:
    """Starts the encoder `model`; close it before `opened`. Raises PackageError,
    ModelFormatError."""
    program = _encoder_program(model, device, opened, vmfb, parameters)
    context, dimension = model.dims["context"], model.dims["embedding_dim"]
    return AsyncEncoder(Encoder(program, tokenizer, context_tokens=context, dimension=dimension))


def open_cross_encoder(
    model: Model,
    device: Device,
    opened: IreeDevice,
    *,
    vmfb: Path,
    parameters: Path,
    tokenizer: Path,
) -> CrossEncoder:
    """Opens the cross encoder `model`, which lives as long as `opened`. Raises PackageError,
    ModelFormatError."""
    program = _encoder_program(model, device, opened, vmfb, parameters)
    return CrossEncoder(program, tokenizer, context_tokens=model.dims["context"])


def _encoder_program(
    model: Model, device: Device, opened: IreeDevice, vmfb: Path, parameters: Path
) -> EncoderProgram:
    return EncoderProgram(
        opened.load(vmfb, parameters),
        _binary(model, device).entry,
        vocabulary=model.dims["vocab"],
        workers=opened.workers,
    )


def _open_forward(
    model: Model, binary: Binary, opened: IreeDevice, module: IreeModule, pages: int
) -> IreeForward:
    return IreeForward(
        module,
        entry=binary.entry,
        vocabulary=model.dims["vocab"],
        context_tokens=model.dims["context"],
        pages=pages,
        page_tokens=binary.page_tokens,
        page_shape=binary.page_shape,
        page_dtype=PAGE_DTYPES[binary.page_dtype],
        workers=max(opened.workers, 1) if binary.has_set_workers else None,
    )


def count_pages(model: Model, binary: Binary, device: Device, max_sequences: int) -> int:
    """Pages that the device's memory budget holds, but no more than `max_sequences` contexts.

    Raises RuntimeFault (kind "capacity") if that is not even one page.
    """
    page_bytes = int(np.prod(binary.page_shape)) * PAGE_DTYPES[binary.page_dtype].itemsize
    useful = max_sequences * -(-model.dims["context"] // binary.page_tokens) + 1
    pages = min(device.memory_bytes // page_bytes, useful)
    if pages < 2:
        raise RuntimeFault(
            f"device {device.name!r} has {device.memory_bytes} bytes for KV, two pages of "
            f"{model.name!r} need {2 * page_bytes}; give it more memory",
            kind="capacity",
        )
    return pages


def _binary(model: Model, device: Device) -> Binary:
    if device.name not in model.binaries:
        raise PackageError(
            f"model {model.name!r} is not compiled for {device.name!r}, only for "
            f"{', '.join(sorted(model.binaries)) or 'nothing'}; compile the graph again"
        )
    binary = model.binaries[device.name]
    check_processor(binary)
    return binary
