"""Small helpers for the runtime's errors; the classes are in `agentc.errors`."""

from __future__ import annotations

from agentc.errors import AgentcError, BudgetExceeded, RuntimeFault, SourceLine
from agentc.plan import Op

UNCATCHABLE = ("cancelled", "budget_exceeded")


def at_source(spelled: str) -> SourceLine | None:
    """Returns "graph.py:42" as a `SourceLine`, None for an empty text."""
    if not spelled:
        return None
    file, _, line = spelled.rpartition(":")
    return SourceLine(file, int(line)) if file and line.isdigit() else SourceLine(spelled)


def name_of(op: Op) -> str:
    """How messages call an operation: the user's label, a tool's name, else its kind and id."""
    if op.kind == "stage.call":
        return f"tool '{op.attrs['tool']}'"
    return f"'{op.label}'" if op.label else f"{op.kind} (op {op.id})"


def located(error: AgentcError, op: Op) -> AgentcError:
    """Returns `error`, pointing at the operation's line if it points nowhere yet."""
    if error.source is None and op.source:
        error.source = at_source(op.source)
        error.args = (f"{error.source}: {error.message}",)
    return error


def is_catchable(error: Exception) -> bool:
    """True if a `try` of the program may catch it: not a cancelled run, nor one out of budget."""
    if isinstance(error, BudgetExceeded):
        return False
    return isinstance(error, RuntimeFault) and error.kind not in UNCATCHABLE


def error_record(error: Exception) -> dict[str, str]:
    """Returns the record that a `catch` region receives."""
    if isinstance(error, RuntimeFault):
        return {"kind": error.kind, "message": error.message}
    return {"kind": "device", "message": str(error)}
