"""The LLM partition as the engine sees it: the flat-batch `forward`, and its IREE form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agentc.errors import RuntimeFault
from agentc.runtime.backends.iree import IreeModule
from agentc.runtime.backends.logits import HostLogits, IreeLogits, Logits
from agentc.runtime.backends.rows import Bytes

Ints = NDArray[np.int32]
ARGUMENTS = ("token", "position", "sequence", "page", "logit row")


@dataclass(frozen=True)
class FlatBatch:
    """One call of `forward`: tokens of any sequences. A sequence's rows are contiguous and
    ascending; unused entries of the block table are page 0."""

    tokens: Ints  # [T]
    positions: Ints  # [T]
    sequence_of: Ints  # [T], row of block_table
    block_table: Ints  # [S, P]
    logit_rows: Ints  # [R], R >= 1

    def arrays(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """The arguments of `forward`, in its order."""
        return self.tokens, self.positions, self.sequence_of, self.block_table, self.logit_rows


class Forward(Protocol):
    """A model on a device with its page pool. A row attends to positions 0..its own, through the
    pages of its sequence. Its logits do not depend on the rest of the batch."""

    vocabulary: int
    context_tokens: int
    pages: int  # page 0, which belongs to nobody, included
    page_tokens: int
    page_bytes: int

    def __call__(self, batch: FlatBatch) -> Logits:
        """Runs the batch and returns the logits of its R rows."""

    def reset_pool(self) -> None:
        """Makes a fresh pool after a call that failed."""

    def read_pages(self, pages: Sequence[int]) -> list[Bytes]:
        """Copies of whole pages, `page_bytes` each; their layout is the device class's own."""

    def write_pages(self, pages: Sequence[int], contents: Sequence[Bytes]) -> None:
        """Overwrites whole pages with what `read_pages` of the same program gave."""


class IreeForward:
    """`forward` of a compiled module. See Forward; owns the pool, not the module."""

    def __init__(
        self,
        module: IreeModule,
        *,
        entry: str,
        vocabulary: int,
        context_tokens: int,
        pages: int,
        page_tokens: int,
        page_shape: tuple[int, ...],
        page_dtype: np.dtype[np.generic],
        workers: int | None = None,
    ) -> None:
        """`page_shape`, `page_dtype`: one page of the pool. `workers`: for `set_workers`."""
        self.vocabulary = vocabulary
        self.context_tokens = context_tokens
        self.pages = pages
        self.page_tokens = page_tokens
        self._module = module
        self._entry = entry
        self.page_bytes = int(np.prod(page_shape)) * page_dtype.itemsize
        self._shape, self._dtype = (pages, *page_shape), page_dtype
        self._pool: Any = None
        self._logits: IreeLogits | None = None
        if workers is not None and "set_workers" in module.functions:
            module.invoke("set_workers", [workers], results=0)
        self.reset_pool()

    def __call__(self, batch: FlatBatch) -> Logits:
        """See Forward. Raises RuntimeFault (kind "device") when the device refuses."""
        self._check(batch)
        arguments = [self._module.upload(array) for array in batch.arrays()]
        self._release_logits()  # and so their memory can be taken for the new ones
        pool, self._pool = self._pool, None  # consumed: never again used under this name
        logits, self._pool = self._module.invoke(self._entry, [*arguments, pool], results=2)
        if not self._module.on_host:
            return HostLogits(self._module.read(logits).astype(np.float32, copy=False))
        self._logits = IreeLogits(self._module, logits)
        return self._logits

    def reset_pool(self) -> None:
        """See Forward. Zeros: plain kernels multiply what they mask by 0, so it must be finite."""
        self._pool = None
        self._pool = self._module.zeros(self._shape, self._dtype)

    def read_pages(self, pages: Sequence[int]) -> list[Bytes]:
        """See Forward. Not while a call runs."""
        return self._module.read_rows(self._pool, pages)

    def write_pages(self, pages: Sequence[int], contents: Sequence[Bytes]) -> None:
        """See Forward. Not while a call runs."""
        self._module.write_rows(self._pool, pages, contents)

    def close(self) -> None:
        """Frees the pool. Close before the module."""
        self._release_logits()
        self._pool = None

    def _release_logits(self) -> None:
        if self._logits is not None:
            self._logits.release()
            self._logits = None

    def _check(self, batch: FlatBatch) -> None:
        """The kernels do not check bounds; we do."""
        table_pages = batch.block_table.shape[1]
        ends = (
            self.vocabulary,
            min(table_pages * self.page_tokens, self.context_tokens),
            batch.block_table.shape[0],
            self.pages,
            len(batch.tokens),
        )
        for name, values, end in zip(ARGUMENTS, batch.arrays(), ends, strict=True):
            # As unsigned numbers the negative ones are the largest: one pass finds both.
            if int(values.view(np.uint32).max()) >= end:
                raise RuntimeFault(
                    f"{name} out of range: found {values.min()}..{values.max()}, "
                    f"expected 0..{end - 1}",
                    kind="input",
                )
