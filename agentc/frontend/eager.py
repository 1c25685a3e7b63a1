"""Eager mode: outside a graph, models and indexes are asked through an engine that is bound.

    with ag.eager(runtime):
        print(answer("What is a page?"))

Tools call their Python body without any of this.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from agentc.frontend.places import error


@dataclass(frozen=True)
class ErrorRecord:
    """What `try_` hands to its handler: the kind and the message, as texts."""

    kind: str
    message: str


@dataclass(frozen=True)
class GenerateRequest:
    """One call of a language model.

    Attributes:
      model: the model's source as the user wrote it.
      pieces: the prompt, cut where tokenisation is cut; the text is their concatenation.
      system: the system text in pieces, or empty for the model's default.
      history: earlier turns of the conversation as (role, text).
      json_schema: the schema that the text must satisfy, if any. `choices`, `regex` likewise.
      label: the function's name. `site`: 0.
    """

    model: str
    pieces: tuple[str, ...]
    system: tuple[str, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    max_tokens: int = 256
    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: dict[str, Any] | None = None
    choices: tuple[str, ...] = ()
    regex: str | None = None
    label: str = ""

    @property
    def prompt(self) -> str:
        """The prompt as one text."""
        return "".join(self.pieces)


@dataclass(frozen=True)
class IndexRequest:
    """An index to search: where its documents are, and who embeds them."""

    name: str
    path: str
    embedder: str
    chunk_tokens: int | None = None


@runtime_checkable
class Engine(Protocol):
    """What `ag.eager` binds. Passages are dicts with id, source, text and score."""

    def generate(self, request: GenerateRequest) -> str:
        """Returns the text of one model call."""

    def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Returns one embedding for each text."""

    def retrieve(
        self, index: IndexRequest, query: str | list[float], k: int
    ) -> list[dict[str, Any]]:
        """Returns the `k` best passages, best first."""

    def rerank(
        self, model: str, query: str, docs: Sequence[dict[str, Any]], k: int
    ) -> list[dict[str, Any]]:
        """Returns the `k` best of `docs` for the query, best first."""


_ENGINE: ContextVar[Any] = ContextVar("agentc_engine", default=None)
_HISTORIES: ContextVar[dict[str, list[tuple[str, str]]] | None] = ContextVar(
    "agentc_histories", default=None
)
_IN_GRAPH: ContextVar[bool] = ContextVar("agentc_eager_graph", default=False)
_METHODS = ("generate", "embed", "retrieve", "rerank")


@contextmanager
def eager(engine: Engine) -> Iterator[Engine]:
    """Binds `engine` for calls outside a graph, for the time of the block.

    Raises:
      FrontendError: the object lacks one of generate, embed, retrieve, rerank.
    """
    missing = [name for name in _METHODS if not callable(getattr(engine, name, None))]
    if missing:
        raise error(
            f"ag.eager got {type(engine).__name__} without {', '.join(missing)}, expected "
            f"an object with {', '.join(_METHODS)}; pass a loaded package or an engine"
        )
    token, histories = _ENGINE.set(engine), _HISTORIES.set({})
    try:
        yield engine
    finally:
        _ENGINE.reset(token)
        _HISTORIES.reset(histories)


def engine(what: str) -> Any:
    """Returns the bound engine; `what` names the caller in the error."""
    found = _ENGINE.get()
    if found is None:
        raise error(
            f"{what} needs an engine outside a graph: found none, expected one bound by ag.eager; "
            "write `with ag.eager(runtime): ...`, or call it inside an @ag.graph function"
        )
    return found


def history(session: str) -> list[tuple[str, str]]:
    """Returns the turns of a conversation of this eager block, to be extended in place."""
    histories = _HISTORIES.get()
    return [] if histories is None else histories.setdefault(session, [])


@contextmanager
def eager_graph() -> Iterator[None]:
    """Marks that a graph function runs as plain Python: async tools are run to their end."""
    token = _IN_GRAPH.set(True)
    try:
        yield
    finally:
        _IN_GRAPH.reset(token)


def call_tool(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Calls a tool's body. The coroutine of an async tool is returned, or run inside a graph."""
    result = function(**arguments)
    if not inspect.iscoroutine(result) or not _IN_GRAPH.get():
        return result
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(result)
    with ThreadPoolExecutor(1) as pool:  # this thread's loop is busy: run it on another's
        return pool.submit(copy_context().run, asyncio.run, result).result()
