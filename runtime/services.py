"""What operations use of the world: the plan's symbols, bound to live objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from agentc.errors import PackageError
from agentc.plan import ChatFormat, Index, Model, Plan, Tool
from agentc.runtime.clock import Clock
from agentc.runtime.interrupts import Interrupts
from agentc.runtime.journal import Journal
from agentc.runtime.scheduler import KeepForShortWaits, KvWhileWaiting

T = TypeVar("T")


class Encoder(Protocol):
    """A text encoder on a device; calls at the same time run as one batch."""

    async def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Returns [len(texts), dimension], rows of length 1."""
        ...


class CrossEncoder(Protocol):
    """A model that scores a pair of texts. Blocks; called in a thread."""

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns [len(texts)], higher is better."""
        ...


class VectorIndex(Protocol):
    """An open index. Blocks; called in a thread."""

    def search(self, query: NDArray[np.float32], k: int) -> list[dict[str, Any]]:
        """Returns the k nearest passages, best first."""
        ...


class Devices(Protocol):
    """Opens what runs on devices, once each, on first use."""

    async def tokenizer(self, model: Model) -> Any:
        """Returns a model's tokenizer."""
        ...

    async def engine(self, model: Model, device: str) -> Any:
        """Returns the engine of an LLM on a device class."""
        ...

    async def encoder(self, model: Model, device: str) -> Encoder:
        """Returns a text encoder."""
        ...

    async def cross_encoder(self, model: Model, device: str) -> CrossEncoder:
        """Returns a scorer of pairs of texts."""
        ...

    async def module(self, model: Model, device: str) -> Callable[..., Any]:
        """Returns a compiled torch module, as a function of arrays."""
        ...

    async def index(self, index: Index) -> VectorIndex:
        """Returns an open index."""
        ...

    def close(self) -> None:
        """Closes everything that was opened."""
        ...


@dataclass
class Services:
    """The plan's tools, models, modules and indexes, ready to be used."""

    plan: Plan
    clock: Clock
    tools: Mapping[str, Callable[..., Any]]
    modules: Mapping[str, Callable[..., Any]]
    devices: Devices
    kv_while_waiting: KvWhileWaiting = field(default_factory=KeepForShortWaits)
    journal: Journal | None = None
    interrupts: Interrupts = field(default_factory=Interrupts)
    _tools: dict[str, Tool] = field(init=False)
    _models: dict[str, Model] = field(init=False)
    _indexes: dict[str, Index] = field(init=False)

    def __post_init__(self) -> None:
        self._tools = {tool.name: tool for tool in self.plan.tools}
        self._models = {model.name: model for model in self.plan.models}
        self._indexes = {index.name: index for index in self.plan.indexes}

    def tool(self, name: str) -> Tool:
        """Returns the tool of that name; PackageError if the plan has none."""
        return _known(self._tools, name, "tool")

    def model(self, name: str) -> Model:
        """Returns the model of that name; PackageError if the plan has none."""
        return _known(self._models, name, "model")

    def index(self, name: str) -> Index:
        """Returns the index of that name; PackageError if the plan has none."""
        return _known(self._indexes, name, "index")

    def schema(self, name: str) -> dict[str, Any]:
        """Returns the JSON schema of that name; PackageError if the plan has none."""
        return _known(self.plan.schemas, name, "schema")

    def chat(self, model: str) -> ChatFormat | None:
        """Returns a model's chat format, None for one that has none."""
        return self.model(model).chat


def _known(table: Mapping[str, T], name: str, what: str) -> T:
    if name not in table:
        raise PackageError(
            f"plan uses {what} '{name}', which it does not declare; found {sorted(table)}; "
            "compile the graph again"
        )
    return table[name]
