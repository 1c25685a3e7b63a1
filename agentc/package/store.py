"""The parameter store: weights of this machine, named by their content."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from agentc.errors import PackageError
from agentc.package.manifest import FileRecord, file_sha256, verify
from agentc.plan import Parameters


def cache_root() -> Path:
    """Returns `$AGENTC_CACHE`, else `$XDG_CACHE_HOME/agentc`, else `~/.cache/agentc`."""
    if own := os.environ.get("AGENTC_CACHE"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "agentc"


class ParameterStore:
    """Parameter archives of this machine, by content: `<root>/<sha256>.irpa`."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = cache_root() / "params" if root is None else root

    def path(self, sha256: str) -> Path:
        """Returns where the archive with this hash is, whether it is there or not."""
        if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
            raise PackageError(f"'{sha256[:80]}' is not a sha256; compile the graph again")
        return self.root / f"{sha256}.irpa"

    def put(self, source: Path) -> Parameters:
        """Copies an archive into the store and returns its record."""
        sha256 = file_sha256(source)
        target = self.path(sha256)
        if not target.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            part = self.root / f".{target.name}.{os.getpid()}"
            shutil.copyfile(source, part)
            part.replace(target)
        return Parameters(sha256, source.stat().st_size)

    def get(self, parameters: Parameters) -> Path:
        """Returns a verified archive. Raises PackageError if it is missing or damaged.

        The hash is computed once for each state of the file (its size, time and number), which is
        remembered beside it.
        """
        path = self.path(parameters.sha256)
        if not path.is_file():
            raise PackageError(
                f"weights {parameters.sha256[:12]} ({parameters.size_bytes} bytes) are not on "
                f"this machine, expected at {path}; compile here, or compile with --bundle"
            )
        found = path.stat()
        state = f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
        mark = path.with_suffix(".verified")
        if not (mark.is_file() and mark.read_text() == state):
            verify(path, FileRecord(parameters.sha256, parameters.size_bytes), path.name)
            with contextlib.suppress(OSError):  # the store may be read-only
                mark.write_text(state)
        return path
