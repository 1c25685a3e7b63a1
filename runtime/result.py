"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agentc.plan import Plan
from agentc.runtime.analysis import OpSummary, analyze
from agentc.runtime.core import Usage
from agentc.runtime.trace import Event
from agentc.runtime.trace_files import to_chrome, to_jsonl


@dataclass(frozen=True)
class Trace:
    """The events of one run, with the plan that they speak of."""

    plan: Plan
    events: list[Event]

    def jsonl(self) -> str:
        """Returns the events, one JSON object a line."""
        return to_jsonl(self.events)

    def chrome(self) -> bytes:
        """Returns the run as a Chrome / Perfetto trace."""
        return to_chrome(self.plan, self.events)

    def analyze(self) -> list[OpSummary]:
        """Returns each operation's measured times beside its estimate."""
        return analyze(self.plan, self.events)


@dataclass(frozen=True)
class RunResult:
    """The outputs of a run by name, what it used, and what happened."""

    outputs: dict[str, Any]
    usage: Usage
    trace: Trace = field(repr=False)  # with its plan, pages of text
    run_id: str
