"""`agent.race`: the first region to yield wins, the others are cancelled."""

from __future__ import annotations

from agentc.runtime.core import Failed, Outcome, Scope
from agentc.runtime.ops.frame import Frame


class Race(Frame):
    """Runs all its regions at once. A region that throws is out; when all have thrown, the error
    of the last one in program order is the operation's."""

    def start(self) -> None:
        self.failures: dict[int, Failed] = {}
        for number in range(len(self.code.regions)):
            self.open(number, slot=number)

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        del self.children[child.slot]
        if not isinstance(outcome, Failed):
            self.cancel_from(0)
            self.finish(outcome.values)
            return
        self.failures[child.slot] = outcome
        if not self.children:
            self.fail(self.failures[max(self.failures)])
