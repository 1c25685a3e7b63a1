"""Reads a package: verifies everything before anything is used."""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from types import TracebackType

import msgspec

from agentc.errors import PackageError
from agentc.package.manifest import FORMAT_VERSION, MANIFEST, PLAN, Manifest, safe_path, verify
from agentc.package.store import ParameterStore
from agentc.plan import Parameters, Plan, decode

_MAX_MANIFEST_BYTES = 16 << 20
# What zipfile raises for damaged, encrypted and exotic archives.
_UNREADABLE = (
    zipfile.BadZipFile, KeyError, EOFError, RuntimeError, OSError, ValueError, zlib.error
)  # fmt: skip


class Package:
    """An opened and verified package. Close it, or use `with`: a zip is unpacked meanwhile."""

    def __init__(self, folder: Path, manifest: Manifest, plan: Plan, store: ParameterStore) -> None:
        self.folder, self.manifest, self.plan, self.store = folder, manifest, plan, store
        self._unpacked: tempfile.TemporaryDirectory[str] | None = None

    def path(self, name: str) -> Path:
        """Returns the file that the plan calls `name`. Raises PackageError if there is none."""
        if name not in self.manifest.files:
            raise PackageError(f"plan names the file {name!r}, which the package does not have")
        return self.folder / name

    def parameters(self, parameters: Parameters) -> Path:
        """Returns a parameter archive: bundled, or from the store."""
        if not parameters.bundled:
            return self.store.get(parameters)
        path = self.path(parameters.bundled)
        if self.manifest.files[parameters.bundled].sha256 != parameters.sha256:
            raise PackageError(f"bundled weights '{parameters.bundled}' are not those of the plan")
        return path

    def close(self) -> None:
        """Removes what was unpacked. May be called again."""
        if self._unpacked is not None:
            self._unpacked.cleanup()

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_package(path: Path, *, store: ParameterStore | None = None) -> Package:
    """Reads and verifies a package: every file is listed, has its size and its hash.

    Raises PackageError on anything else; a damaged or hostile package is never half read.
    """
    if not path.exists():
        raise PackageError(f"no package at {path}; run agentc compile first")
    unpacked = None if path.is_dir() else _unpack(path)
    folder = path if unpacked is None else Path(unpacked.name)
    try:
        manifest = _read_folder(folder, str(path))
        plan = decode((folder / PLAN).read_bytes(), origin=f"{path}/{PLAN}")
    except BaseException as error:
        if unpacked is not None:
            unpacked.cleanup()
        if isinstance(error, RecursionError | OSError):
            raise PackageError(f"{path} is not a readable package: {error}") from error
        raise
    package = Package(folder, manifest, plan, store or ParameterStore())
    package._unpacked = unpacked
    return package


def _read_folder(folder: Path, origin: str) -> Manifest:
    """Verifies a package folder: exactly the listed files, each a plain one with its hash."""
    manifest_path = folder / MANIFEST
    if not manifest_path.is_file() or manifest_path.is_symlink():
        raise PackageError(f"{origin} has no {MANIFEST}; it is not a package")
    manifest = _decode_manifest(manifest_path, origin)
    found = {
        Path(parent, name).relative_to(folder).as_posix()
        for parent, folders, files in os.walk(folder)
        for name in [*files, *(f for f in folders if Path(parent, f).is_symlink())]
    }
    unknown = sorted(found - set(manifest.files) - {MANIFEST})
    missing = sorted(set(manifest.files) - found)
    if unknown or missing:
        problem = f"has {unknown[0]!r} that" if unknown else f"lacks {missing[0]!r} which"
        raise PackageError(
            f"{origin} {problem} its manifest {'does not list' if unknown else 'lists'}; "
            "copy or compile the package again"
        )
    for name, record in manifest.files.items():
        verify(folder / name, record, name)
    return manifest


def _decode_manifest(path: Path, origin: str) -> Manifest:
    if path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise PackageError(f"{origin}/{MANIFEST} is over {_MAX_MANIFEST_BYTES} bytes")
    try:
        raw = msgspec.json.decode(path.read_bytes())
        version = raw.get("format_version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version != FORMAT_VERSION:
            raise PackageError(
                f"{origin} has format version {version}, this agentc reads {FORMAT_VERSION}; "
                "compile the graph again with this version"
            )
        manifest = msgspec.convert(raw, Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise PackageError(f"{origin}/{MANIFEST} is not a manifest: {error}") from error
    for name in manifest.files:
        safe_path(name)
    if PLAN not in manifest.files:
        raise PackageError(f"{origin} has no {PLAN}; compile the graph again")
    return manifest


def _unpack(path: Path) -> tempfile.TemporaryDirectory[str]:
    """Unpacks a zip into a temporary folder: the manifest, then what it lists, no byte more."""
    target = tempfile.TemporaryDirectory(prefix="agentc-package-")
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack_one(archive, MANIFEST, Path(target.name), _MAX_MANIFEST_BYTES)
            manifest = _decode_manifest(Path(target.name) / MANIFEST, str(path))
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
            unknown = sorted({safe_path(n) for n in names} - set(manifest.files) - {MANIFEST})
            if unknown or len(names) != len(set(names)):
                what = f"{unknown[0]!r}, not in its manifest" if unknown else "a file twice"
                raise PackageError(f"{path} has {what}; compile the graph again")
            for name, record in manifest.files.items():
                _unpack_one(archive, name, Path(target.name), record.size_bytes)
    except _UNREADABLE as error:
        target.cleanup()
        raise PackageError(f"{path} is not a readable package: {error}; copy it again") from error
    except BaseException:
        target.cleanup()
        raise
    return target


def _unpack_one(archive: zipfile.ZipFile, name: str, folder: Path, most_bytes: int) -> None:
    """Writes one entry. Stops at `most_bytes`, whatever the archive says about its size."""
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, target.open("wb") as out:
        left = most_bytes
        while chunk := source.read(min(1 << 20, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise PackageError(f"'{name}' is larger than its manifest says; do not trust it")
            out.write(chunk)
