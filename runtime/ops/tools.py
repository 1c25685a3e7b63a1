"""`stage.call` and `stage.module`: Python functions bound at load."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from agentc.errors import PackageError, RuntimeFault
from agentc.plan import Tool
from agentc.runtime.call import Call
from agentc.runtime.clock import Clock
from agentc.runtime.errors import name_of
from agentc.runtime.types import conform, parse_type


async def call_tool(call: Call) -> Sequence[Any]:
    """Calls a tool with its arguments; the operands after them are calls it must not overtake."""
    tool = call.services.tool(call.attrs["tool"])
    arguments = call.operands[: len(tool.params)]
    function = call.services.tools.get(tool.name)
    if function is None:
        raise PackageError(f"tool '{tool.name}' has no function; pass tools={{'{tool.name}': fn}}")
    call.run.usage.tool_calls += 1
    with call.run.ledger.reserve(name_of(call.op), usd=tool.cost_usd or 0.0):
        result = await invoke(function, arguments, call.services.clock)
    call.run.usage.cost_usd += tool.cost_usd or 0.0
    return (_result(result, tool),)


def _result(result: Any, tool: Tool) -> Any:
    try:
        return conform(result, parse_type(tool.result.type), f"the result of '{tool.name}'")
    except TypeError as error:
        raise RuntimeFault(
            f"{error}; correct the tool's annotation or its code", kind="tool"
        ) from (error)


async def invoke(function: Callable[..., Any], arguments: Sequence[Any], clock: Clock) -> Any:
    """Calls a function: a coroutine function in the event loop, any other in a thread."""
    if inspect.iscoroutinefunction(function):
        return await function(*arguments)
    result = await clock.in_thread(functools.partial(function, *arguments))
    return await result if inspect.isawaitable(result) else result


async def module(call: Call) -> Sequence[Any]:
    """Runs a torch module: the compiled one, or the callable given at load."""
    name = call.attrs["model"]
    function = call.services.modules.get(name)
    if function is None:
        model = call.services.model(name)
        function = await call.services.devices.module(model, call.op.device or "")
    result = await invoke(function, call.operands, call.services.clock)
    results = result if isinstance(result, tuple | list) else (result,)
    types = call.attrs.get("result_types")
    if types is None:
        return tuple(results)
    if len(types) != len(results):
        raise RuntimeFault(f"module '{name}' gave {len(results)} results, expected {len(types)}")
    return tuple(
        conform(value, parse_type(spelled), f"result {number} of module '{name}'")
        for number, (value, spelled) in enumerate(zip(results, types, strict=True))
    )
