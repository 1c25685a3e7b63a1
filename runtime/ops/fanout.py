"""`agent.map` and `agent.parallel`: many regions at once, one result.

Errors follow program order: when child i throws, the ones after it are cancelled, the ones before
it end, and the first in order that threw is the error.
"""

from __future__ import annotations

from typing import Any

from agentc.runtime import flow
from agentc.runtime.core import Failed, Outcome, Scope
from agentc.runtime.ops.frame import Frame


class _FanOut(Frame):
    """Children numbered 0 .. `count` - 1; `count` shrinks to i when child i throws."""

    count: int
    started = 0
    failure: Failed | None = None

    def begin(self, count: int, limit: int | None) -> None:
        self.count = count
        self.limit = limit or max(count, 1)
        self.rows: dict[int, tuple[Any, ...]] = {}
        self._fill()
        self._settle()

    def open_child(self, number: int) -> None:
        raise NotImplementedError

    def done(self) -> None:
        raise NotImplementedError

    def row_ended(self, number: int) -> None:
        """Hears that a child has yielded `rows[number]`."""

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        number = child.slot
        del self.children[number]
        if isinstance(outcome, Failed):
            self.count, self.failure = number, outcome
            self.cancel_from(number)
        else:
            self.rows[number] = outcome.values
            self.row_ended(number)
        self._fill()
        self._settle()

    def _fill(self) -> None:
        while self.started < self.count and len(self.children) < self.limit:
            self.started += 1
            self.open_child(self.started - 1)

    def _settle(self) -> None:
        if self.children or self.started < self.count:
            return
        if self.failure is not None:
            self.fail(self.failure)
        else:
            self.done()


class Map(_FanOut):
    """Runs its region for each item of the operand, at most `max_parallel` at once; each yielded
    value gives a list in the items' order."""

    def start(self) -> None:
        self.begin(len(self.operands[0]), self.op.attrs.get("max_parallel"))

    def open_child(self, number: int) -> None:
        item = self.operands[0][number]
        self.open(0, slot=number, path=(*self.scope.path, number), args=(number, item))

    def done(self) -> None:
        columns = range(len(self.op.results))
        self.finish([[self.rows[row][c] for row in range(self.count)] for c in columns])


class Parallel(_FanOut):
    """Runs all its regions; the results are their yields one after the other, and those of a
    region are there as soon as that region has ended."""

    def start(self) -> None:
        widths = [len(region.region.yields) for region in self.code.regions]
        self.offsets = [sum(widths[:i]) for i in range(len(widths))]
        self.begin(len(widths), None)

    def open_child(self, number: int) -> None:
        self.open(number, slot=number)

    def row_ended(self, number: int) -> None:
        for position, content in enumerate(self.rows[number], self.offsets[number]):
            flow.publish(self.scope, self.op.results[position], content)

    def done(self) -> None:
        self.finish([value for row in range(self.count) for value in self.rows[row]])
