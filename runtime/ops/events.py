"""`agent.await_event`: the run waits for a person or another system."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from agentc.errors import RuntimeFault
from agentc.runtime.call import Call
from agentc.runtime.interrupts import Interrupt
from agentc.runtime.templates import format_value


async def await_event(call: Call) -> Sequence[Any]:
    """Emits an `interrupt` event and waits for its answer, at most `timeout_s` seconds."""
    name = str(call.attrs["event"])
    types = call.attrs.get("operand_types") or [None] * len(call.operands)
    prompt = format_value(call.operands[0], types[0]) if call.operands else ""
    type_ = (call.attrs.get("result_types") or ["text"])[0]
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    interrupt = Interrupt(call.run, name, call.path, prompt, type_, future)
    interrupts = call.services.interrupts
    interrupts.ask(interrupt)
    call.event("interrupt", name=name, prompt=prompt, type=type_)
    limit_s = call.attrs.get("timeout_s")
    try:
        async with call.services.clock.timeout(limit_s):
            return (await future,)
    except TimeoutError as error:
        raise RuntimeFault(f"no answer to '{name}' within {limit_s:g} s", kind="timeout") from error
    finally:
        interrupts.close(interrupt)
