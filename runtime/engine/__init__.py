"""The LLM engine; README.md beside this file describes the interface and its decisions."""

from agentc.runtime.engine.compiled import CompiledEngine, EngineOptions
from agentc.runtime.engine.facade import AsyncEngine
from agentc.runtime.engine.opening import open_cross_encoder, open_encoder, open_engine
from agentc.runtime.engine.protocol import Engine, Load, StepRecord
from agentc.runtime.engine.request import Decoded, OnToken, Request, Sampling, TokenLogprobs
from agentc.runtime.engine.tokenizer import Tokenizer
from agentc.runtime.kv.snapshot import Snapshot, Usage

__all__ = [
    "AsyncEngine",
    "CompiledEngine",
    "Decoded",
    "Engine",
    "EngineOptions",
    "Load",
    "OnToken",
    "Request",
    "Sampling",
    "Snapshot",
    "StepRecord",
    "TokenLogprobs",
    "Tokenizer",
    "Usage",
    "open_cross_encoder",
    "open_encoder",
    "open_engine",
]
