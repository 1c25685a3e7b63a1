"""Policies in fixed slots: `slots` has the questions, every other file one answer."""

from dataclasses import dataclass, field

from agentc.runtime.scheduler.admission import AdmitAll
from agentc.runtime.scheduler.kv_waiting import KeepForShortWaits
from agentc.runtime.scheduler.queue_order import Fcfs
from agentc.runtime.scheduler.slots import Admission, KvWhileWaiting, QueueOrder


@dataclass(frozen=True)
class Policies:
    """One policy for each slot; the defaults are the simplest that work."""

    admission: Admission = field(default_factory=AdmitAll)
    queue_order: QueueOrder = field(default_factory=Fcfs)
    kv_while_waiting: KvWhileWaiting = field(default_factory=KeepForShortWaits)


__all__ = [
    "Admission",
    "AdmitAll",
    "Fcfs",
    "KeepForShortWaits",
    "KvWhileWaiting",
    "Policies",
    "QueueOrder",
]
