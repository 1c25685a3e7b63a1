"""Opens what a plan runs on before the first run needs it, all at once.

Weights are mapped, code is loaded and tokenizers are built on first use; done beforehand, the
times of operations are the times of operations, and the first answer comes as fast as the second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from agentc.plan import Op, Plan, Region
from agentc.runtime.services import Services


async def warm(plan: Plan, services: Services) -> None:
    """Opens every engine, encoder, module and index of `plan`, in parallel."""
    uses = {
        (str(op.attrs["model"]), device) for op, device in _placed(plan.body) if "model" in op.attrs
    }
    models = [_open_model(services, name, device) for name, device in sorted(uses)]
    indexes = [services.devices.index(index) for index in plan.indexes]
    await asyncio.gather(*models, *indexes)


async def _open_model(services: Services, name: str, device: str) -> None:
    model = services.model(name)
    if model.kind == "llm":
        await services.devices.engine(model, device)
    elif model.kind == "encoder":
        await services.devices.encoder(model, device)
    elif model.kind == "torch":
        await services.devices.module(model, device)


def _placed(region: Region) -> Iterator[tuple[Op, str]]:
    """Yields the operations that run on a device, with its name, in all regions."""
    for op in region.ops:
        if op.device is not None:
            yield op, op.device
        for inner in op.regions:
            yield from _placed(inner)
