"""What the KV of an engine depends on, as hashes: see kv/carried.py."""

from __future__ import annotations

import hashlib
from pathlib import Path

from agentc.errors import PackageError
from agentc.plan import Model
from agentc.runtime.kv.carried import Identity


def identity_of(
    model: Model, device: str, *, vmfb: Path, parameters: Path, tokenizer: Path
) -> Identity:
    """The identity of `model` on a device class. Weights are named by the plan, where it does, and
    read otherwise. Raises PackageError."""
    archive = model.parameters.get(device)
    weights = archive.sha256 if archive is not None else _hash(parameters)
    meaning = hashlib.sha256(f"{model.source}\n{_hash(tokenizer)}".encode())
    program = hashlib.sha256(f"{_hash(vmfb)}\n{weights}".encode())
    return Identity(meaning.hexdigest(), program.hexdigest())


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PackageError(f"cannot read {path}: {error.strerror}") from error
