"""Opens what a plan runs on before the first run needs it, all at once.

Weights are mapped, code is loaded and tokenizers are built on first use; done beforehand, the
times of operations are the times of operations, and the first answer comes as fast as the second.
"""

from __future__ import annotations

import asyncio

from agentc.plan import Plan
from agentc.runtime.services import Services
from agentc.runtime.trace_files import operations


async def warm(plan: Plan, services: Services) -> None:
    """Opens every engine, encoder, cross encoder, module and index of `plan`, in parallel."""
    uses = {
        (str(op.attrs["model"]), op.device)
        for op in operations(plan.body)
        if op.device is not None and "model" in op.attrs
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
    elif model.kind == "cross_encoder":
        await services.devices.cross_encoder(model, device)
    elif model.kind == "torch":
        await services.devices.module(model, device)
