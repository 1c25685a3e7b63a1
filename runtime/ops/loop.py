"""`agent.loop`: iterations one after the other, with carried values."""

from __future__ import annotations

from typing import Any

from agentc.runtime import flow
from agentc.runtime.core import Broke, Failed, Outcome, Scope
from agentc.runtime.ops.frame import Frame


class Loop(Frame):
    """Runs its region until a `break_if` is taken, at most `max_iters` times.

    The region's arguments are the iteration's number and the carried values; what it yields, the
    next iteration carries. An iteration starts when the one before has ended, so that effects and
    errors come in order.
    """

    def start(self) -> None:
        self._iterate(0, self.operands)

    def _iterate(self, number: int, carried: list[Any]) -> None:
        self.open(0, slot=number, path=(*self.scope.path, number), args=(number, *carried))
        if number:  # nobody but this iteration can still see what the one before it yielded
            flow.give(self.scope, self.children[number], carried)

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        del self.children[child.slot]
        if isinstance(outcome, Failed):
            self.fail(outcome)
        elif isinstance(outcome, Broke) or child.slot + 1 >= self.op.attrs["max_iters"]:
            self.finish(outcome.values)
        else:
            self._iterate(child.slot + 1, list(outcome.values))
