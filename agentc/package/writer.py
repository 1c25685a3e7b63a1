"""Writes a package: all of it, or nothing."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from agentc.errors import PackageError
from agentc.package.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    PLAN,
    FileRecord,
    Manifest,
    file_sha256,
    safe_path,
)
from agentc.plan import Plan, encode

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # equal packages are equal bytes


class PackageWriter:
    """Collects files in a folder beside the target, then puts the whole in place at once."""

    def __init__(
        self, output: Path, *, agentc_version: str, compilers: Mapping[str, str] | None = None
    ) -> None:
        """`output`: a folder, or a zip file if it ends in `.zip`. Raises PackageError if something
        is there that is not a package, or nothing can be written there."""
        self._output = output
        self._version, self._compilers = agentc_version, dict(compilers or {})
        _check_replaceable(output)
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
        except OSError as error:
            raise PackageError(
                f"{output} cannot be written: {error.strerror or error}; choose another output"
            ) from error
        self._files: dict[str, FileRecord] = {}

    def add(self, path: str, content: bytes | Path) -> FileRecord:
        """Adds a file: its bytes, or a copy of a file."""
        if path == MANIFEST or safe_path(path) in self._files:
            raise PackageError(f"package already has a file '{path}'; give each file its own path")
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            shutil.copyfile(content, target)
        self._files[path] = FileRecord(file_sha256(target), target.stat().st_size)
        return self._files[path]

    def write(self, plan: Plan) -> Manifest:
        """Writes plan and manifest, and replaces the output with the package."""
        self.add(PLAN, encode(plan))
        files = dict(sorted(self._files.items()))
        manifest = Manifest(FORMAT_VERSION, self._version, self._compilers, files)
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        (self._folder / MANIFEST).write_bytes(text)
        self._folder.chmod(0o755)  # mkdtemp makes it private
        if self._output.suffix == ".zip":
            self._zip([MANIFEST, *files])
        else:
            _replace_folder(self._folder, self._output)
        return manifest

    def discard(self) -> None:
        """Gives up; nothing is left behind. Does nothing after `write`."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _zip(self, names: list[str]) -> None:
        part = self._folder.with_name(self._folder.name + ".part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name in names:
                entry = zipfile.ZipInfo(name, _ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                source = (self._folder / name).open("rb")
                with source, archive.open(entry, "w", force_zip64=True) as out:
                    shutil.copyfileobj(source, out, 1 << 20)
        part.replace(self._output)
        self.discard()


def _replace_folder(new: Path, target: Path) -> None:
    """Puts `new` where `target` is, which `_check_replaceable` has looked at."""
    if target.exists():
        shutil.rmtree(target)
    new.replace(target)


def _check_replaceable(target: Path) -> None:
    """Raises PackageError unless nothing is at `target`, or a package of the same form with no
    file besides its own: whatever else a user keeps there must not be lost."""
    if not target.exists():
        return
    as_zip = target.suffix == ".zip"
    found = _zip_files(target) if as_zip else _folder_files(target)
    if MANIFEST not in found:
        raise PackageError(f"{target} exists and is not a package; choose another output")
    try:
        listed = set(msgspec.json.decode(found[MANIFEST](), type=Manifest).files)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise PackageError(
            f"{target} exists and its {MANIFEST} is not that of a package; choose another output"
        ) from error
    foreign = sorted(set(found) - listed - {MANIFEST})
    if foreign:
        raise PackageError(
            f"{target} exists and has the file '{foreign[0]}', which is not of the package; "
            "choose another output"
        )


def _folder_files(folder: Path) -> dict[str, Callable[[], bytes]]:
    """Returns the files below `folder` by name, each gives its content; none without manifest."""
    if not (folder / MANIFEST).is_file():
        return {}
    files = (path for path in folder.rglob("*") if not path.is_dir())
    return {path.relative_to(folder).as_posix(): path.read_bytes for path in files}


def _zip_files(path: Path) -> dict[str, Callable[[], bytes]]:
    """The same for a zip file; of anything else, nothing."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        manifest = archive.read(MANIFEST) if MANIFEST in names else b""
    return {name: lambda: manifest for name in names}
