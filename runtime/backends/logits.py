"""What `forward` returns: logits that are copied to the host only where somebody reads them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agentc.errors import RuntimeFault
from agentc.runtime.backends.iree import IreeModule

Row = NDArray[np.float32]


class Logits(Protocol):
    """Logits [rows, vocabulary] of one call; they may be read until the next call."""

    def best(self) -> list[int]:
        """The token with the highest logit of each row, the lowest of equals."""

    def row(self, index: int) -> Row:
        """A copy [vocabulary] of one row, the caller's to change."""


class HostLogits:
    """Logits that are an array on the host."""

    def __init__(self, array: NDArray[np.float32]) -> None:
        self._array = array
        self._best: list[int] | None = None

    def best(self) -> list[int]:
        """See Logits."""
        if self._best is None:
            self._best = [int(token) for token in self._array.argmax(-1)]
        return self._best

    def row(self, index: int) -> Row:
        """See Logits."""
        row: Row = self._array[index].copy()
        return row


class IreeLogits:
    """Logits in the memory of a host driver; `IreeForward` releases them before the next call."""

    def __init__(self, module: IreeModule, handle: Any) -> None:
        self._module = module
        self._handle = handle
        self._best: list[int] | None = None

    def best(self) -> list[int]:
        """See Logits."""
        if self._best is None:
            self._best = self._module.argmax(self._open())
        return self._best

    def row(self, index: int) -> Row:
        """See Logits."""
        return self._module.read_row(self._open(), index).astype(np.float32, copy=False)

    def release(self) -> None:
        """Gives the device's buffer up."""
        self._handle = None

    def _open(self) -> Any:
        if self._handle is None:
            raise RuntimeFault("the logits of an earlier step are gone; read them before the next")
        return self._handle
