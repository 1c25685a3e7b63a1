"""What a work operation sees of the runtime while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentc.plan import Op
from agentc.runtime.core import Activity, Path, Run
from agentc.runtime.trace import Event

if TYPE_CHECKING:
    from agentc.runtime.services import Services


def call_seed(run_seed: int, site: int, path: Path) -> int:
    """Returns the sampling seed of one call: the first 63 bits of
    sha256("run_seed:site:i.j.k"), i.j.k being the iteration path, outermost first."""
    text = f"{run_seed}:{site}:{'.'.join(map(str, path))}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") & (2**63 - 1)


@dataclass
class Call:
    """One attempt of one work operation. `report` fills the data of its op_finished event."""

    activity: Activity
    services: Services
    emit: Callable[[Run, Event], None]
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def op(self) -> Op:
        """The operation."""
        return self.activity.op

    @property
    def attrs(self) -> dict[str, Any]:
        """Its attributes."""
        return self.activity.op.attrs

    @property
    def operands(self) -> list[Any]:
        """Its operands' values."""
        return self.activity.operands

    @property
    def run(self) -> Run:
        """The run it belongs to."""
        return self.activity.run

    @property
    def path(self) -> Path:
        """The iteration it runs in, outermost first."""
        return self.activity.path

    def seed(self) -> int:
        """Returns the seed of this call; the op's own `seed`, if any, replaces the run's."""
        own = self.attrs.get("seed")
        return call_seed(
            self.run.seed if own is None else int(own), int(self.attrs.get("site", 0)), self.path
        )

    def event(self, kind: str, /, **data: Any) -> None:
        """Emits an event of this attempt."""
        now_s = self.services.clock.now_s()
        run, op, path = self.run, self.op.id, self.path
        self.emit(run, Event(kind, now_s, run.id, op, path, self.activity.attempt, data))


WorkHandler = Callable[[Call], Awaitable[Sequence[Any]]]
