"""Checks that a compiled step copies no KV pool.

A pool that is imported without `consume`, or updated through a value that is still read, is copied
whole on every step: many times the cost of the step itself. The copy shows in the stream form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONSTANT = re.compile(r"^\s*(%\S+) = arith\.constant (\d+) : index")
_COPY = re.compile(r"stream\.(?:cmd|async)\.(?:copy|clone)\b.*")
_COPY_LENGTH = re.compile(r"stream\.cmd\.copy .*?, (%[\w#$.-]+)\s*:")


@dataclass(frozen=True)
class Copy:
    """A copy in the stream form. `size_bytes` is None if it is known only at run time."""

    text: str
    size_bytes: int | None


def copies(stream_ir: str) -> list[Copy]:
    """Returns every buffer copy of a program in stream form."""
    constants: dict[str, int] = {}
    found: list[Copy] = []
    for line in stream_ir.splitlines():
        if match := _CONSTANT.match(line):
            constants[match[1]] = int(match[2])
        elif match := _COPY.search(line):
            length = _COPY_LENGTH.search(line)
            size = constants.get(length[1]) if length else None
            found.append(Copy(match[0].strip(), size))
    return found


def cache_sized_copies(stream_ir: str, pool_bytes: int) -> list[Copy]:
    """Returns the copies that could move a pool of `pool_bytes`: those as large, and those whose
    size is not a constant. A good step has none."""
    return [c for c in copies(stream_ir) if c.size_bytes is None or c.size_bytes >= pool_bytes]
