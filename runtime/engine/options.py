"""The slots and limits of an engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agentc.runtime.engine.batching import BatchPolicy, TokenBudget
from agentc.runtime.engine.order import PriorityThenFcfs, QueueOrder
from agentc.runtime.engine.protocol import StepRecord
from agentc.runtime.engine.reservation import Reservation, WholeAnswer
from agentc.runtime.engine.speculation.drafter import Drafter
from agentc.runtime.engine.speculation.policy import AdaptiveDraft, DraftPolicy
from agentc.runtime.engine.speculation.prompt_lookup import PromptLookup
from agentc.runtime.kv.eviction import EvictionPolicy
from agentc.runtime.kv.host_tier import HostTier
from agentc.runtime.kv.parking import ParkPolicy


@dataclass(frozen=True)
class EngineOptions:
    """The engine's slots and limits. `max_calls`: how many calls it holds at once; more wait, or
    are refused with `refuse_when_full`. `tier`: where pages go that leave the device, None: they
    are computed again. `clock` returns seconds: for the trace, and for what copying and computing
    cost; no result depends on it."""

    max_sequences: int = 64
    max_calls: int = 1024
    refuse_when_full: bool = False
    batch: BatchPolicy = field(default_factory=TokenBudget)
    order: QueueOrder = field(default_factory=PriorityThenFcfs)
    reservation: Reservation = field(default_factory=WholeAnswer)
    eviction: EvictionPolicy | None = None
    parking: ParkPolicy | None = None
    tier: HostTier | None = None
    drafter: Drafter | None = field(default_factory=PromptLookup)
    drafts: DraftPolicy = field(default_factory=AdaptiveDraft)
    clock: Callable[[], float] = time.monotonic
    on_step: Callable[[StepRecord], None] | None = None
