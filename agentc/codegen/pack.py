"""Writes parameter archives (.irpa) into the parameter store, one tensor in memory at a time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agentc.codegen import store
from agentc.errors import CompileError

_LAYOUT = "1"
"""Raise it when the same names would get other bytes: old archives are then not reused."""
_DTYPES = {
    "f64": np.float64,
    "f32": np.float32,
    "f16": np.float16,
    "i64": np.int64,
    "i32": np.int32,
    "i8": np.int8,
}

Declared = Mapping[str, tuple[tuple[int | str, ...], str]]
"""Parameter name to (shape, element type). Shapes have no run-time sizes, although a program's
tensor type could."""


@dataclass(frozen=True)
class Archive:
    """A parameter archive in the store, named by its content."""

    path: Path
    sha256: str
    size_bytes: int


def pack(declared: Declared, read: Callable[[str], np.ndarray], origin: str) -> Archive:
    """Writes the parameters and returns their archive; instant if it was written before.

    Args:
      declared: what the program declares.
      read: gives one parameter; its shape and type must be the declared ones.
      origin: identifies the weights (the source file's hash), so that the archive is found again.
    """
    listing = json.dumps({n: [list(s), e] for n, (s, e) in declared.items()}, sort_keys=True)
    note = store.folder("params") / f"{store.digest(_LAYOUT, origin, listing)}.json"
    if (known := _recall(note)) is not None:
        return known
    with store.scratch_file(note.parent, ".irpa") as file:
        _create(declared, file)
        _fill(declared, read, file)
        sha256 = store.file_digest(file)
        archive = Archive(stored(sha256), sha256, file.stat().st_size)
        file.replace(archive.path)
    with store.replacing(note) as file:
        file.write_text(json.dumps({"sha256": sha256, "size_bytes": archive.size_bytes}))
    return archive


def stored(sha256: str) -> Path:
    """Returns where the archive of this content is, whether it is there or not."""
    return store.cache_root() / "params" / f"{sha256}.irpa"


def _recall(note: Path) -> Archive | None:
    try:
        known = json.loads(note.read_text())
        path = stored(known["sha256"])
        if path.stat().st_size == known["size_bytes"]:
            return Archive(path, known["sha256"], known["size_bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def _create(declared: Declared, file: Path) -> None:
    """Makes an archive with room for every parameter, filled with zeros."""
    from iree._runtime_libs import __file__ as libraries

    tool = Path(libraries).parent / "iree-create-parameters"
    entries = [
        f"--data={name}={'x'.join([*map(str, shape), element])}"
        for name, (shape, element) in declared.items()
    ]
    done = subprocess.run(
        [str(tool), "--quiet", *entries, f"--output={file}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CompileError(f"the parameter archive cannot be written: {done.stderr.strip()[:500]}")


def _fill(declared: Declared, read: Callable[[str], np.ndarray], file: Path) -> None:
    places = _places(file)
    with file.open("r+b") as out:
        for name, (shape, element) in declared.items():
            values = np.asarray(read(name), order="C")
            if values.shape != tuple(shape) or values.dtype != _DTYPES[element]:
                raise CompileError(
                    f"parameter '{name}' is {values.dtype}{list(values.shape)}, the program "
                    f"declares {element}{list(shape)}"
                )
            out.seek(places[name])
            out.write(values.reshape(-1).view(np.uint8).data)


def _places(file: Path) -> dict[str, int]:
    """Byte offset of every parameter in the archive."""
    import iree.runtime as iree

    index = iree.ParameterIndex()
    index.load(str(file), mmap=True)
    return {name: entry.file_storage[1] for name, entry in index.items()}
