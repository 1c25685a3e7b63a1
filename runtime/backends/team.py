"""The threads that CPU kernels share the work of one call with (kernels/team.h).

A team's helpers are threads of their own, not the code generator's: they stay awake through a call
and a little longer, so that no step waits for a thread to be woken.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import agentc
from agentc.errors import PackageError

LIBRARY = "libagentc_team.so"
_LINE_BYTES = 64


def default_size() -> int:
    """Returns how many threads a team has unless told otherwise: the processors we may use."""
    return len(os.sched_getaffinity(0))


class Team:
    """The calling thread and `size` - 1 helpers. `address` is what kernels take.

    Several threads may call at the same time: the first has the helpers, the others work alone.
    """

    def __init__(self, size: int) -> None:
        """Starts the helpers. Raises PackageError if agentc was installed without the library."""
        self.size = size
        self._library = _library()
        size_bytes = self._library.agentc_team_bytes()
        self._memory = np.zeros(size_bytes + _LINE_BYTES, np.uint8)
        start: int = self._memory.ctypes.data
        self.address = start + -start % _LINE_BYTES
        self._helpers = [
            threading.Thread(
                target=self._library.agentc_team_serve,
                args=(self.address,),
                name=f"agentc-helper-{index}",
                daemon=True,
            )
            for index in range(1, size)
        ]
        for helper in self._helpers:
            helper.start()

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Keeps the helpers awake, for the time of a call."""
        if not self._helpers:
            yield
            return
        self._library.agentc_team_begin(self.address)
        try:
            yield
        finally:
            self._library.agentc_team_end(self.address)

    def close(self) -> None:
        """Ends the helpers. No call may be running. May be called again."""
        self._library.agentc_team_stop(self.address)
        for helper in self._helpers:
            helper.join()
        self._helpers = []


@cache
def _library() -> Any:
    """The host's side of team.h."""
    for folder in _folders():
        if (folder / LIBRARY).is_file():
            library = ctypes.CDLL(str(folder / LIBRARY))
            library.agentc_team_bytes.restype = ctypes.c_size_t
            for name in ("begin", "end", "serve", "stop"):
                getattr(library, f"agentc_team_{name}").argtypes = [ctypes.c_void_p]
            return library
    raise PackageError(
        f"the kernels' threads cannot be started: found no {LIBRARY} beside the kernels; "
        "install agentc again"
    )


def _folders() -> list[Path]:
    """Where the kernels may be: as agentc/codegen/kernels.py says."""
    own = os.environ.get("AGENTC_KERNELS")
    found = [Path(own)] if own else []
    found.append(Path(agentc.__file__).parent / "kernels")
    # An editable install keeps what was built apart from the sources.
    with suppress(metadata.PackageNotFoundError):
        found.append(Path(str(metadata.distribution("agentc").locate_file("agentc/kernels"))))
    return found
