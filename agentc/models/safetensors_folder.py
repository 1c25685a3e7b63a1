"""Reads a model folder: config.json and *.safetensors, tensors as f32."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
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
        self._described: dict[str, tuple[tuple[int, ...], str]] = {}
        for file in self._weight_files():
            self._read_names(file)

    def _read_names(self, file: Path) -> None:
        with _open(file) as tensors:
            for name in tensors.keys():  # noqa: SIM118 (not a dict, has no iterator)
                view = tensors.get_slice(name)
                self._described[name] = (tuple(view.get_shape()), view.get_dtype())
                self.files[name] = file

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        """Returns `config[key]`, checked to be of `kind`; without a default it must be there."""
        value = self.config.get(key)
        value = default if value is None else value
        is_int = isinstance(value, int) and not isinstance(value, bool)
        if kind is float and is_int and abs(value) < 1e300:  # a JSON integer has no limit
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ModelFormatError(
                f"{self.path.name}/config.json: '{key}' is {value!r:.60}, expected {kind.__name__}"
            )
        return value

    def with_settings(self, section: str, defaults: Mapping[str, Any]) -> SafetensorsFolder:
        """Returns the same folder, its config with the contents of the object `section`, if it
        has that, over its own, and with `defaults` where neither says something."""
        inner = self.get(section, dict, {})
        folder = copy.copy(self)
        given = {k: v for k, v in {**self.config, **inner}.items() if v is not None}
        folder.config = {**defaults, **given}
        return folder

    def expect(self, name: str, shape: tuple[int, ...]) -> None:
        """Checks that tensor `name` is there, has `shape` and a float type."""
        if name not in self.files:
            raise ModelFormatError(
                f"{self.path.name}: no *.safetensors file has the tensor '{name}', expected one of "
                f"shape {shape}"
            )
        found, element = self._described[name]
        if found != shape:
            raise ModelFormatError(f"{self._where(name)} has shape {found}, expected {shape}")
        if element not in _DTYPES:
            raise ModelFormatError(
                f"{self._where(name)} has type {element}, expected one of {', '.join(_DTYPES)}"
            )

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Returns tensor `name` as f32, which must have `shape` and finite values."""
        self.expect(name, shape)
        with _open(self.files[name]) as tensors:
            values = np.ascontiguousarray(tensors.get_tensor(name), dtype=np.float32)
        if not np.isfinite(values).all():
            raise ModelFormatError(f"{self._where(name)} holds values that are not finite")
        return values

    def stored_type(self, name: str) -> str:
        """Returns the type of tensor `name`, such as "BF16"."""
        return self._described[name][1]

    def stored_rows(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Returns tensor `name`, which must have `shape`, as f32: every type here is a float."""
        return self.array(name, shape)

    def _where(self, name: str) -> str:
        return f"{self.path.name}/{self.files[name].name}: tensor '{name}'"

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
