"""`agent.parse`: from text to a record that satisfies a JSON schema."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import jsonschema

from agentc.errors import RuntimeFault
from agentc.runtime.call import Call
from agentc.runtime.types import conform, parse_type


async def parse(call: Call) -> tuple[dict[str, Any]]:
    """Throws kind "parse" if the text is not JSON, or not of the schema."""
    name = str(call.attrs["schema"])
    text = call.operands[0]
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _fault(name, text, str(error)) from error
    problem = first_problem(value, call.services.schema(name))
    if problem:
        raise _fault(name, text, problem)
    types = call.attrs.get("result_types")
    if not types:
        return (value,)
    type_ = parse_type(types[0])
    fields = [field for field, _ in type_.fields]
    try:
        record = {field: value[field] for field in fields}
        return (conform(record, type_, f"'{name}'"),)
    except (KeyError, TypeError) as error:
        raise _fault(name, text, str(error)) from error


def _fault(schema: str, text: str, problem: str) -> RuntimeFault:
    shown = text if len(text) <= 80 else text[:77] + "..."
    return RuntimeFault(f"text is not a '{schema}': {problem}; found {shown!r}", kind="parse")


def first_problem(value: Any, schema: dict[str, Any]) -> str:
    """Returns what is wrong with `value` under `schema`, or "" if nothing is."""
    error = jsonschema.exceptions.best_match(_validator(json.dumps(schema)).iter_errors(value))
    if error is None:
        return ""
    where = error.json_path.removeprefix("$").lstrip(".")
    return f"{where}: {error.message}" if where else str(error.message)


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    loaded = json.loads(schema)
    return jsonschema.validators.validator_for(loaded)(loaded)
