"""Reads a model folder: config.json and *.safetensors, tensors as f32."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from agentc.errors import ModelFormatError

_INDEX = "model.safetensors.index.json"
_DTYPES = ("F64", "F32", "F16", "BF16")


class SafetensorsFolder:
    """An open model folder.

    Attributes:
      path: the folder.
      config: config.json.
      files: tensor name to the file that holds it.

    Raises:
      ModelFormatError: on opening, if a file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = read_json(path / "config.json")
        self.files: dict[str, Path] = {}
        for file in self._weight_files():
            with _open(file) as tensors:
                self.files.update(dict.fromkeys(tensors.keys(), file))

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        """Returns `config[key]`, checked to be of `kind`; without a default it must be there."""
        value = self.config.get(key)
        value = default if value is None else value
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ModelFormatError(
                f"{self.path.name}/config.json: '{key}' is {value!r:.60}, expected {kind.__name__}"
            )
        return value

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Returns tensor `name` as f32, which must have `shape` and finite values."""
        if name not in self.files:
            raise ModelFormatError(
                f"{self.path.name}: no *.safetensors file has the tensor '{name}', expected one of "
                f"shape {shape}"
            )
        where = f"{self.path.name}/{self.files[name].name}: tensor '{name}'"
        with _open(self.files[name]) as tensors:
            view = tensors.get_slice(name)
            if tuple(view.get_shape()) != shape:
                raise ModelFormatError(
                    f"{where} has shape {tuple(view.get_shape())}, expected {shape}"
                )
            if view.get_dtype() not in _DTYPES:
                raise ModelFormatError(
                    f"{where} has type {view.get_dtype()}, expected one of {', '.join(_DTYPES)}"
                )
            values = np.ascontiguousarray(tensors.get_tensor(name), dtype=np.float32)
        if not np.isfinite(values).all():
            raise ModelFormatError(f"{where} holds values that are not finite")
        return values

    def _weight_files(self) -> list[Path]:
        index = self.path / _INDEX
        if not index.is_file():
            return sorted(self.path.glob("*.safetensors"))
        names = read_json(index).get("weight_map")
        if not isinstance(names, dict) or not all(isinstance(n, str) for n in names.values()):
            raise ModelFormatError(f"{self.path.name}/{_INDEX}: has no 'weight_map' of file names")
        return [self.path / Path(n).name for n in sorted(set(names.values()))]


def read_json(path: Path) -> dict[str, Any]:
    """Returns the JSON object in `path`. Raises ModelFormatError if there is none."""
    where = f"{path.parent.name}/{path.name}"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFormatError(f"{where}: cannot be read as JSON: {error}") from error
    if not isinstance(value, dict):
        raise ModelFormatError(f"{where}: holds {type(value).__name__}, expected a JSON object")
    return value


def _open(file: Path) -> Any:
    try:
        return safe_open(file, "numpy")
    except (SafetensorError, OSError) as error:
        raise ModelFormatError(
            f"{file.parent.name}/{file.name}: is not a readable safetensors file: {error}"
        ) from error
