"""llama.cpp at its best: which settings are fastest for a case, found by trying.

A search along one setting at a time: start from the defaults, try the alternatives of each
setting in turn, keep what is faster. Answers are kept in a file, for they cost more time than the
measurement itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.systems.llama import LlamaSettings

Alternatives = dict[str, tuple[Any, ...]]

DECODE: Alternatives = {
    "flash": ("off", "on"),
    "kv": ("q8_0",),
    "unified": (True,),
}
PREFILL: Alternatives = {
    "flash": ("off", "on"),
    "kv": ("q8_0",),
    "micro_batch": (128, 256, 1024),
}


def tune(
    start: LlamaSettings,
    alternatives: Alternatives,
    seconds: Callable[[LlamaSettings], float],
) -> LlamaSettings:
    """The fastest settings found from `start`. `seconds` times settings; an alternative that
    llama.cpp refuses (RuntimeError) is skipped."""
    best, best_s = start, seconds(start)
    for name, values in alternatives.items():
        for value in values:
            tried = replace(best, **{name: value})
            try:
                tried_s = seconds(tried)
            except RuntimeError:
                continue
            if tried_s < best_s:
                best, best_s = tried, tried_s
    return best


class TunedSettings:
    """Settings by case and file, remembered in a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def known(self, key: str) -> LlamaSettings | None:
        """The settings of `key` if they were searched before."""
        if key not in self._known:
            return None
        return LlamaSettings(**self._known[key] | {"file": Path(self._known[key]["file"])})

    def find(self, key: str, search: Callable[[], LlamaSettings]) -> LlamaSettings:
        """The settings of `key`: from the file, or by `search`."""
        if (known := self.known(key)) is not None:
            return known
        found = search()
        self._known[key] = asdict(found) | {"file": str(found.file)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._known, indent=1) + "\n")
        return found
