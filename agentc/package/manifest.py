"""The manifest: which files a package has, and what each must be."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path, PurePosixPath

import msgspec

from agentc.errors import PackageError

FORMAT_VERSION = 1
MANIFEST, PLAN = "manifest.json", "plan.json"


class FileRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of the package must be."""

    sha256: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`files` are all files of the package but the manifest, by path with `/`; `compilers` are
    the versions of what made it."""

    format_version: int
    agentc_version: str
    compilers: dict[str, str]
    files: dict[str, FileRecord]


def file_sha256(path: Path) -> str:
    """Returns the sha256 of a file's bytes, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def safe_path(spelled: str) -> str:
    """Returns `spelled` if it is a plain relative path with `/`, inside of the package.

    Raises PackageError on an absolute path, a drive, a backslash, or any `.` or `..` part.
    """
    path = PurePosixPath(spelled)
    plain = bool(spelled) and not path.is_absolute() and str(path) == spelled
    if not plain or ".." in path.parts or any(c in spelled for c in "\\:\0"):
        raise PackageError(
            f"package names the file {spelled!r}, which is not a plain path inside of it; "
            "compile the graph again, and do not load packages from people you do not trust"
        )
    return spelled


def verify(path: Path, record: FileRecord, name: str) -> None:
    """Raises PackageError unless the file is a plain one with this size and hash."""
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise PackageError(f"'{name}' is not a plain file; compile the graph again")
    size_bytes = path.stat().st_size
    if size_bytes != record.size_bytes:
        raise PackageError(
            f"'{name}' is damaged: found {size_bytes} bytes, expected {record.size_bytes}; "
            "copy or compile the package again"
        )
    found = file_sha256(path)
    if found != record.sha256:
        raise PackageError(
            f"'{name}' is damaged: found sha256 {found[:12]}.., expected {record.sha256[:12]}..; "
            "copy or compile the package again"
        )
