"""`stage.transfer`: a value on its way to another device class."""

from __future__ import annotations

from typing import Any

from agentc.runtime.call import Call


async def transfer(call: Call) -> tuple[Any]:
    """The value itself: in one process all values are in host memory, and what runs on a device
    uploads its own operands."""
    return (call.operands[0],)
