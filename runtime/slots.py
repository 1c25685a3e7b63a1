"""How many calls may be in progress at once, by resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from agentc.plan import Op, Plan

TOOL_SLOTS = 64
_BATCHED = ("stage.prefill", "stage.decode", "stage.kv.", "stage.encode", "stage.score")


class Slots:
    """Counts the calls in progress on each resource.

    The resource of an operation is "tools" for a tool and the device class for modules and
    searches. Engines and encoders queue for themselves, since they batch; data moves and questions
    to people take no slot.
    """

    def __init__(self, plan: Plan, limits: Mapping[str, int] | None = None) -> None:
        self.limits = {"tools": TOOL_SLOTS}
        self.limits |= {device.name: max(1, device.count) for device in plan.devices}
        self.limits |= limits or {}
        self.taken: Counter[str] = Counter()

    def resource(self, op: Op) -> str | None:
        """Returns what `op` takes one of, or None."""
        if op.kind == "stage.call":
            return "tools"
        if op.device is None or op.kind.startswith(_BATCHED):
            return None
        return op.device

    def can_take(self, op: Op) -> bool:
        """True if the resource of `op` has a free slot."""
        resource = self.resource(op)
        limit = None if resource is None else self.limits.get(resource)
        return resource is None or limit is None or self.taken[resource] < limit

    def take(self, op: Op) -> None:
        """Takes a slot; `can_take` must hold."""
        resource = self.resource(op)
        if resource is not None:
            self.taken[resource] += 1

    def give_back(self, op: Op) -> None:
        """Gives a slot back."""
        resource = self.resource(op)
        if resource is not None:
            self.taken[resource] -= 1
