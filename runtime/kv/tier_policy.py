"""Which pages that leave a tier are worth a place in the next: device, host memory, file, gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class TierPolicy(Protocol):
    """Slot: KV while waiting, below the device."""

    def keep(self, recompute_s: float | None, out_s: float | None, back_s: float | None) -> bool:
        """Whether a page goes to the next tier. `recompute_s`: to compute it again, `out_s` and
        `back_s`: to copy it there and back; None is a time that nobody has measured yet."""


@dataclass(frozen=True)
class CheaperToCopy:
    """Keeps a page when copying it is expected to cost less than computing it again.

    A page is copied out now and for sure; it is used again with probability `reuse`, and then is
    either copied back or computed. So it is kept when

        out_s + reuse * back_s < reuse * recompute_s

    with `recompute_s` = tokens of a page x measured seconds a prompt token, and the copy times as
    measured on this machine (bytes / bandwidth, checksums included). What is unmeasured is tried:
    one page tells. This is the waste rule of InferCept (arXiv 2402.01869) for a wait of unknown
    length: the place itself is bounded by its tier and costs nothing more.
    """

    reuse: float = 0.25

    def keep(self, recompute_s: float | None, out_s: float | None, back_s: float | None) -> bool:
        """See TierPolicy."""
        if recompute_s is None or out_s is None:
            return True
        return out_s + self.reuse * (back_s or 0.0) < self.reuse * recompute_s
