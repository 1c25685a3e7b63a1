"""Slot: where likely tokens come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentc.runtime.engine.request import Request
from agentc.runtime.engine.tokenizer import Tokenizer


@dataclass(frozen=True)
class Want:
    """Asks for up to `count` (>= 1) tokens to follow `tokens`, of which the last `generated` were
    generated for `request`. The list is the engine's own: it only grows, and is not changed."""

    request: Request
    tokens: Sequence[int]
    generated: int
    count: int


class Drafter(Protocol):
    """Proposes tokens. A wrong one costs a row of a step and changes nothing else."""

    def attach(self, tokenizer: Tokenizer) -> None:
        """Called once, before all else. Raises RuntimeFault (kind "input") when it cannot propose
        tokens of this tokenizer."""

    def propose(self, wants: Sequence[Want]) -> list[list[int]]:
        """For each want at most `count` tokens, or none."""

    def forget(self, request: Request) -> None:
        """The request has ended."""

    def close(self) -> None:
        """Frees what it holds. May be called again."""
