"""What all control operations share: the scopes they opened and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentc.runtime import flow
from agentc.runtime.core import Failed, Outcome, Path, Scope
from agentc.runtime.program import OpCode


class Frame:
    """One execution of a control operation in `scope`.

    A subclass says in `start` which regions to open and in `child_ended` what their ends mean;
    it ends itself with `finish` or `fail`.
    """

    def __init__(self, scope: Scope, code: OpCode, operands: list[Any]) -> None:
        self.scope = scope
        self.code = code
        self.op = code.op
        self.operands = operands
        self.children: dict[int, Scope] = {}
        flow.begin(scope, code.index, self)

    def start(self) -> None:
        """Opens the first regions."""
        raise NotImplementedError

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        """Hears that a region has ended; by default its outcome is the operation's."""
        self.children.pop(child.slot, None)
        if isinstance(outcome, Failed):
            self.fail(outcome)
        else:
            self.finish(outcome.values)

    def open(
        self, region: int, *, slot: int = 0, path: Path | None = None, args: Sequence[Any] = ()
    ) -> None:
        """Opens region number `region` as child `slot`."""
        self.children[slot] = flow.open_scope(
            self.scope.run,
            self.code.regions[region],
            parent=self.scope,
            owner=self,
            slot=slot,
            path=self.scope.path if path is None else path,
            args=args,
        )

    def finish(self, results: Sequence[Any]) -> None:
        """Ends the operation with its results."""
        flow.complete(self.scope, self.code.index, results)

    def fail(self, outcome: Failed) -> None:
        """Ends the operation with an error."""
        flow.stop(self.scope, self.code.index, outcome)

    def cancel(self) -> None:
        """Stops all open regions."""
        self.cancel_from(0)

    def cancel_from(self, first: int) -> None:
        """Stops the open regions numbered `first` and above."""
        for slot in [slot for slot in self.children if slot >= first]:
            flow.cancel(self.children.pop(slot))
