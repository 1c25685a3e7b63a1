"""Speculation: tokens that are likely to follow run together with the last one, and those that the
sampling rule would have chosen are kept. README.md of the engine says why that is exact."""

from agentc.runtime.engine.speculation.draft_model import DraftModel
from agentc.runtime.engine.speculation.drafter import Drafter, Want
from agentc.runtime.engine.speculation.policy import AdaptiveDraft, DraftPolicy, History
from agentc.runtime.engine.speculation.prompt_lookup import PromptLookup

__all__ = [
    "AdaptiveDraft",
    "DraftModel",
    "DraftPolicy",
    "Drafter",
    "History",
    "PromptLookup",
    "Want",
]
