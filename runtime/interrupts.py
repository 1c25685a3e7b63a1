"""Open questions: runs that wait for a person or another system."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from agentc.errors import RuntimeFault
from agentc.runtime.core import Path, Run
from agentc.runtime.types import conform, parse_type


@dataclass(eq=False)
class Interrupt:
    """A question that is open. `type` is the answer's type as in a `Port`."""

    run: Run
    name: str
    path: Path
    prompt: str
    type: str
    answer: asyncio.Future[Any]


class Interrupts:
    """The open questions of all runs, oldest first."""

    def __init__(self) -> None:
        self._open: list[Interrupt] = []

    def ask(self, interrupt: Interrupt) -> None:
        """Adds an open question."""
        self._open.append(interrupt)

    def close(self, interrupt: Interrupt) -> None:
        """Forgets a question, answered or not."""
        if interrupt in self._open:
            self._open.remove(interrupt)

    def of(self, run_id: str) -> list[Interrupt]:
        """Returns the open questions of a run."""
        return [i for i in self._open if i.run.id == run_id]

    def answer(self, run_id: str, name: str, value: Any) -> None:
        """Answers the oldest open question of that name. Raises RuntimeFault (kind "input") if
        there is none, or if `value` is not of the question's type; the question stays open."""
        waiting = self.of(run_id)
        for interrupt in waiting:
            if interrupt.name == name:
                try:
                    value = conform(value, parse_type(interrupt.type), f"the answer to '{name}'")
                except TypeError as error:
                    raise RuntimeFault(f"{error}", kind="input") from error
                self.close(interrupt)
                interrupt.answer.set_result(value)
                return
        raise RuntimeFault(
            f"run {run_id} waits for no event '{name}'; it waits for "
            f"{sorted({i.name for i in waiting}) or 'none'}",
            kind="input",
        )
