"""`agent.cond` and `agent.switch`: one of several regions runs."""

from __future__ import annotations

from agentc.runtime.ops.frame import Frame


class Cond(Frame):
    """Region 0 if the operand is true, else region 1."""

    def start(self) -> None:
        self.open(0 if self.operands[0] else 1)


class Switch(Frame):
    """Region 0 is the default; region 1 + i runs when the operand equals `cases[i]`."""

    def start(self) -> None:
        cases = list(self.op.attrs["cases"])
        selector = self.operands[0]
        self.open(1 + cases.index(selector) if selector in cases else 0)
