"""The LLM engine; README.md beside this file describes the interface and its decisions."""

from agentc.runtime.engine.compiled import CompiledEngine
from agentc.runtime.engine.facade import AsyncEngine
from agentc.runtime.engine.opening import open_cross_encoder, open_encoder, open_engine
from agentc.runtime.engine.options import EngineOptions
from agentc.runtime.engine.order import Fcfs, PriorityThenFcfs, QueueOrder
from agentc.runtime.engine.protocol import Engine, Load, StepRecord
from agentc.runtime.engine.request import Decoded, OnToken, Request, Sampling, TokenLogprobs
from agentc.runtime.engine.reservation import PageByPage, Reservation, WholeAnswer
from agentc.runtime.engine.tokenizer import Tokenizer
from agentc.runtime.kv.snapshot import Snapshot, Usage

__all__ = [
    "AsyncEngine",
    "CompiledEngine",
    "Decoded",
    "Engine",
    "EngineOptions",
    "Fcfs",
    "Load",
    "OnToken",
    "PageByPage",
    "PriorityThenFcfs",
    "QueueOrder",
    "Request",
    "Reservation",
    "Sampling",
    "Snapshot",
    "StepRecord",
    "TokenLogprobs",
    "Tokenizer",
    "Usage",
    "WholeAnswer",
    "open_cross_encoder",
    "open_encoder",
    "open_engine",
]
