"""Admission: who may start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentc.runtime.core import Run


@dataclass(frozen=True)
class AdmitAll:
    """Starts runs in order of arrival, at most `max_runs` at a time.

    Assumes that the engines queue what does not fit; then more runs only wait elsewhere.
    """

    max_runs: int = 256

    def admit(self, waiting: Sequence[Run], running: int, now_s: float) -> Sequence[Run]:
        return waiting[: max(0, self.max_runs - running)]
