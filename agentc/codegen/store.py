"""Where compiled things live: `$AGENTC_CACHE` (else XDG_CACHE_HOME/agentc, ~/.cache/agentc)."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHUNK_BYTES = 1 << 22


def cache_root() -> Path:
    """Returns the cache folder (it may not exist yet)."""
    if own := os.environ.get("AGENTC_CACHE"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "agentc"


def folder(name: str) -> Path:
    """Returns the folder `name` of the cache, made if needed."""
    path = cache_root() / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(*parts: str | bytes) -> str:
    """Returns the sha256 of the parts, each preceded by its length so that they cannot run
    together."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """Returns the sha256 of a file's bytes."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()


@contextmanager
def scratch_file(folder: Path, suffix: str) -> Iterator[Path]:
    """Gives an empty file of its own in `folder`, removed at the end unless it was moved away."""
    handle, name = tempfile.mkstemp(prefix="part.", suffix=suffix, dir=folder)
    os.close(handle)
    path = Path(name)
    path.chmod(0o644)  # mkstemp makes it private, the cache may be shared
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path` that takes its place when the block ends well.

    Readers see the old file or the whole new one, also when several processes write at once.
    """
    with scratch_file(path.parent, path.suffix) as temporary:
        yield temporary
        temporary.replace(path)
