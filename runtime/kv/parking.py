"""Which idle snapshots lose their pages when a request waits for room and the cache is empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from agentc.runtime.kv.snapshot import Snapshot


class ParkPolicy(Protocol):
    """Slot: KV while waiting. A parked snapshot's full pages go to the prefix cache; what becomes
    of them when that gives them up is the TierPolicy's answer (swap or drop)."""

    def victims(self, idle: Sequence[Snapshot], running: int) -> Iterable[Snapshot]:
        """The snapshots to park, in order, until there is room.

        `idle` are the open snapshots that hold pages, least recently used first; `running` is the
        number of running sequences, each of which will free pages when it ends.
        """


class ParkWhenStuck:
    """Waits as long as something runs; then drops the least recently used."""

    def victims(self, idle: Sequence[Snapshot], running: int) -> Iterable[Snapshot]:
        """See ParkPolicy."""
        return () if running else idle


class SwapIdle:
    """The least recently used at once, while others run too: with a tier below the device an idle
    session is cheaper to bring back than a request is to keep waiting."""

    def victims(self, idle: Sequence[Snapshot], running: int) -> Iterable[Snapshot]:
        """See ParkPolicy."""
        return idle
