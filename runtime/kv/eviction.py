"""Which cached prefix is given up first. A policy is asked for an order and frees nothing."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agentc.runtime.kv.radix import Node


class EvictionPolicy(Protocol):
    """Slot: eviction of cached pages."""

    def touch(self, node: Node) -> None:
        """The node was made, or hit by a request."""

    def worth(self, node: Node) -> float:
        """What keeping the node is worth; the lowest goes first."""


class Lru:
    """The least recently used first. Counts uses, reads no clock."""

    def __init__(self) -> None:
        self._uses = itertools.count()

    def touch(self, node: Node) -> None:
        """See EvictionPolicy."""
        node.stamp = next(self._uses)

    def worth(self, node: Node) -> float:
        """See EvictionPolicy."""
        return node.stamp
