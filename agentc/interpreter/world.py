"""What the interpreter asks of the outside: everything the language does not define."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from agentc.plan import ChatFormat


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is tokenised alone. Only scaffold may contain special tokens."""

    text: str
    scaffold: bool = False


@dataclass(frozen=True)
class Decoded:
    """What a decode produced: the text, and the tokens that stay in a session's history."""

    text: str
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class GenerateCall:
    """One model call: the whole token stream as pieces and earlier decodes, sampling, and seed.

    `sampling` holds the attributes of `agent.generate` as plain values: max_tokens, temperature,
    and top_k, top_p, min_p, stop, schema (JSON text), choices, regex where given.
    """

    model: str
    stream: tuple[Piece | Decoded, ...]
    sampling: Mapping[str, Any]
    seed: int


class World(Protocol):
    """Models, tools, indexes and people. Every method may raise `Thrown`."""

    def chat(self, model: str) -> ChatFormat: ...

    def generate(self, call: GenerateCall) -> Decoded: ...

    def embed(self, model: str, text: str) -> np.ndarray: ...

    def search(self, index: str, query: np.ndarray, k: int) -> list[dict[str, Any]]: ...

    def rerank(
        self, model: str, query: str, docs: list[dict[str, Any]], k: int
    ) -> list[dict[str, Any]]: ...

    def call_tool(self, name: str, arguments: Sequence[Any]) -> Any: ...

    def call_module(self, name: str, arguments: Sequence[Any]) -> tuple[Any, ...]: ...

    def await_event(self, name: str, prompt: str | None) -> Any: ...
