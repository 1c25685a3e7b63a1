"""`agent.try`: a region whose error another region handles."""

from __future__ import annotations

from agentc.runtime.core import Failed, Outcome, Scope
from agentc.runtime.errors import error_record, is_catchable
from agentc.runtime.ops.frame import Frame

_BODY, _CATCH = 0, 1


class Try(Frame):
    """Runs region 0; if it throws, region 1 with the error as a record (kind, message). A run that
    is cancelled or out of budget ends all the same."""

    def start(self) -> None:
        self.open(_BODY, slot=_BODY)

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        caught = child.slot == _BODY and isinstance(outcome, Failed)
        if caught and isinstance(outcome, Failed) and is_catchable(outcome.error):
            del self.children[_BODY]
            self.open(_CATCH, slot=_CATCH, args=(error_record(outcome.error),))
        else:
            super().child_ended(child, outcome)
