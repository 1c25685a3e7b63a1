"""What it takes to move a value between two device classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agentc.cost_models.problem import ORCHESTRATOR, LinkSpec


@dataclass(frozen=True)
class Transfer:
    """One move: how long it takes, what it costs, and over which link ("" when none is needed)."""

    seconds: float
    usd: float
    link: str


FREE = Transfer(0.0, 0.0, "")


class LinkTable:
    """Looks up the transfer between two device classes; the quickest link for the size wins."""

    def __init__(self, links: Iterable[LinkSpec]) -> None:
        self._links: dict[frozenset[str], list[LinkSpec]] = {}
        for link in links:
            self._links.setdefault(frozenset(link.between), []).append(link)

    def transfer(self, size_bytes: float, source: str, target: str) -> Transfer | None:
        """Returns the cost of moving `size_bytes` from `source` to `target`, or None when no link
        joins them. Nothing moves within one device class, and what the orchestrator passes on
        (text, tool results) is too small to count.
        """
        if source == target or ORCHESTRATOR in (source, target):
            return FREE
        links = self._links.get(frozenset((source, target)))
        if not links:
            return None
        best = min(links, key=lambda link: (transfer_seconds(size_bytes, link), link.name))
        usd = size_bytes * best.price_usd_per_byte
        return Transfer(transfer_seconds(size_bytes, best), usd, best.name)


def transfer_seconds(size_bytes: float, link: LinkSpec) -> float:
    """Returns latency_s + bytes / bytes_per_s: one message, an otherwise idle link."""
    return link.latency_s + size_bytes / link.bytes_per_s
