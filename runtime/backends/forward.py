"""The LLM partition as the engine sees it: the flat-batch `forward`, and its IREE form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agentc.errors import RuntimeFault
from agentc.runtime.backends.iree import IreeModule
from agentc.runtime.backends.rows import Bytes

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class FlatBatch:
    """One call of `forward`: tokens of any sequences. A sequence's rows are contiguous and
    ascending; unused entries of the block table are page 0."""

    tokens: Ints  # [T]
    positions: Ints  # [T]
    sequence_of: Ints  # [T], row of block_table
    block_table: Ints  # [S, P]
    logit_rows: Ints  # [R], R >= 1


class Forward(Protocol):
    """A model on a device with its page pool. A row attends to positions 0..its own, through the
    pages of its sequence. Its logits do not depend on the rest of the batch."""

    vocabulary: int
    context_tokens: int
    pages: int  # page 0, which belongs to nobody, included
    page_tokens: int
    page_bytes: int

    def __call__(self, batch: FlatBatch) -> NDArray[np.float32]:
        """Runs the batch and returns the logits [R, vocabulary], the caller's to change."""

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
        if workers is not None:
            module.invoke("set_workers", [workers], results=0)
        self.reset_pool()

    def __call__(self, batch: FlatBatch) -> NDArray[np.float32]:
        """See Forward. Raises RuntimeFault (kind "device") when the device refuses."""
        self._check(batch)
        arguments = [
            self._module.upload(array)
            for array in (
                batch.tokens,
                batch.positions,
                batch.sequence_of,
                batch.block_table,
                batch.logit_rows,
            )
        ]
        pool, self._pool = self._pool, None  # consumed: never again used under this name
        logits, self._pool = self._module.invoke(self._entry, [*arguments, pool], results=2)
        return self._module.read(logits)

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
        self._pool = None

    def _check(self, batch: FlatBatch) -> None:
        """The kernels do not check bounds; we do."""
        table_pages = batch.block_table.shape[1]
        for name, values, end in (
            ("token", batch.tokens, self.vocabulary),
            ("position", batch.positions, min(table_pages * self.page_tokens, self.context_tokens)),
            ("sequence", batch.sequence_of, batch.block_table.shape[0]),
            ("page", batch.block_table, self.pages),
            ("logit row", batch.logit_rows, len(batch.tokens)),
        ):
            low, high = int(values.min()), int(values.max())
            if low < 0 or high >= end:
                raise RuntimeFault(
                    f"{name} out of range: found {low}..{high}, expected 0..{end - 1}",
                    kind="input",
                )
