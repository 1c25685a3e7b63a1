"""What happened, as events: one schema for real and simulated runs.

The same events feed `App.stream`, the trace files and `explain --analyze`. Files: trace_files.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One thing that happened at `time_s` (the clock's seconds).

    | kind | data |
    |---|---|
    | run_submitted, run_started | inputs by name (submitted only) |
    | op_started | queue_s: time it waited for a slot; replica |
    | op_retry | error, kind, backoff_s |
    | op_finished | input_tokens, output_tokens, ... as the operation reports |
    | op_failed | error, kind |
    | op_cancelled | |
    | token | text: what a streamed decode said |
    | interrupt | name, prompt, type: the run waits for `App.answer` |
    | run_finished | outputs by name |
    | run_failed | error, kind |

    `op` is the plan's operation id, `path` the iteration it ran in, outermost first.
    """

    kind: str
    time_s: float
    run_id: str
    op: int | None = None
    path: tuple[int, ...] = ()
    attempt: int = 0
    data: dict[str, Any] = {}


Listener = Callable[[Event], None]


class Recorder:
    """Collects the events of one run and passes each to who listens.

    Tokens are passed on but not kept: a trace holds times and sizes, not the conversation.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.listeners: list[Listener] = []

    def emit(self, event: Event) -> None:
        """Records `event`."""
        if event.kind != "token":
            self.events.append(event)
        for listener in list(self.listeners):
            listener(event)
