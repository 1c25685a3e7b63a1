"""What a model family gives the builder: sizes, texts, precisions, and a program for a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError
from agentc.models.tensor_module import TensorModule
from agentc.models.tokenizer import TokenizerSource
from agentc.plan import ChatFormat

PRECISIONS = ("i4", "i8", "f16", "f32")
"""What binaries compute in, narrow to wide: 4- and 8-bit weights with 8-bit activations (CPU
kernels); f16 weights, keys and values (generated code for GPUs); f32."""


@dataclass(frozen=True)
class Program:
    """An emitted program with where its parameters come from.

    Attributes:
      entry: the exported function.
      read: gives one parameter as the program declares it.
      page_shape, page_dtype: of a KV page; empty where there are none.
      objects: kernel objects that it links.
      notes: what the user should know.
    """

    module: TensorModule
    entry: str
    read: Callable[[str], np.ndarray]
    page_shape: tuple[int, ...] = ()
    page_dtype: str = ""
    objects: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Footprint:
    """What a model takes in one precision.

    Attributes:
      weight_bytes: of the parameters that every step reads.
      kv_token_bytes: of the keys and values of one token; 0 for encoders.
      faithful: nothing of the file's own precision is lost, so it may be chosen without asking.
    """

    weight_bytes: int
    kv_token_bytes: float
    faithful: bool


@dataclass(frozen=True)
class Precisions:
    """The precisions that a model has on a target, narrow to wide.

    Attributes:
      footprints: by precision.
      note: why a quantised file has none of its own, for the user; else "".
    """

    footprints: Mapping[str, Footprint]
    note: str = ""

    @property
    def default(self) -> str:
        """The narrowest precision that loses nothing of the file."""
        return next(name for name, found in self.footprints.items() if found.faithful)

    def require(self, name: str, where: str) -> None:
        """Raises CompileError unless there is precision `name`; `where` is the model and
        target."""
        if name not in self.footprints:
            raise CompileError(
                f"precision '{name}' is not available for {where}, expected one of "
                f"{', '.join(self.footprints)}"
            )


class LoadedModel(Protocol):
    """An open model file."""

    dims: dict[str, int]
    tokenizer: TokenizerSource
    chat: ChatFormat | None

    def precisions(self, target: TargetSpec) -> Precisions:
        """Returns the precisions that the model has on `target`."""

    def emit(self, target: TargetSpec, precision: str, kv: str) -> Program:
        """Returns the program in one of `precisions`. `kv` is the element format of its pages, ""
        the precision's own. Raises CompileError for a format that it does not have."""
