"""Checks a run's inputs against the plan's ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentc.errors import RuntimeFault
from agentc.plan import Plan
from agentc.runtime.ops.parse import first_problem
from agentc.runtime.types import conform, parse_type


def check_inputs(plan: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs by name in the plan's order. Raises RuntimeFault (kind "input") on one
    that is missing, unknown or of another type than its port."""
    names = [port.name for port in plan.inputs]
    missing = [name for name in names if name not in given]
    unknown = [name for name in given if name not in names]
    if missing or unknown:
        raise RuntimeFault(
            f"inputs of '{plan.name}' are {sorted(given) or 'none'}, expected exactly {names}; "
            + (f"add {', '.join(missing)}" if missing else f"remove {', '.join(unknown)}"),
            kind="input",
        )
    checked: dict[str, Any] = {}
    for port in plan.inputs:
        try:
            value = conform(given[port.name], parse_type(port.type), f"input '{port.name}'")
        except TypeError as error:
            raise RuntimeFault(str(error), kind="input") from error
        problem = first_problem(value, port.schema) if _is_json(port.type) else ""
        if problem:
            raise RuntimeFault(f"input '{port.name}': {problem}", kind="input")
        checked[port.name] = value
    return checked


def _is_json(spelled: str) -> bool:
    return "embedding" not in spelled and "tensor" not in spelled
