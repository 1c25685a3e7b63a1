"""Reads GGUF files: metadata, tensor table, tensors as f32.

The file is untrusted. Every count, length and offset is checked against the bytes that are there
before anything is allocated or looped over, so a damaged file is one `ModelFormatError`. The
arithmetic of the quantised types comes from the `gguf` library.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

from agentc.errors import ModelFormatError

_SUPPORTED = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K")
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_LENGTH = struct.Struct("<Q")
_MAX_DEPTH = 4


@dataclass(frozen=True)
class TensorInfo:
    """Where a tensor lies. `shape` is rows first; `offset` and `size_bytes` count in the file."""

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int
    size_bytes: int


class GgufFile:
    """An open GGUF file.

    Attributes:
      path: the file.
      metadata: key to value (numbers, strings, booleans, lists).
      tensors: name to `TensorInfo`.

    Raises:
      ModelFormatError: on opening, if the file is damaged or uses what agentc does not read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ModelFormatError(f"{path.name}: cannot be opened: {error}") from error
        reader = _Reader(path.name, self._bytes)
        self.metadata = reader.header()
        self.tensors = reader.tensor_table(self.metadata)

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        """Returns metadata `key`, checked to be of `kind`; without a default it must be there."""
        value = self.metadata.get(key, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        wrong_bool = isinstance(value, bool) and kind is not bool
        if value is not default and (not isinstance(value, kind) or wrong_bool):
            self._fail(f"'{key}' is {value!r:.60}, expected {kind.__name__}")
        if value is None and key not in self.metadata and default is None:
            self._fail(f"has no '{key}', expected it in the metadata")
        return value

    def strings(self, key: str) -> list[str]:
        """Returns metadata `key`, which must be a list of strings."""
        values: list[str] = self.get(key, list)
        if not all(isinstance(v, str) for v in values):
            self._fail(f"'{key}' holds other things than strings")
        return values

    def expect(self, name: str, shape: tuple[int, ...]) -> TensorInfo:
        """Returns where tensor `name` is, which must be there and have `shape`."""
        info = self.tensors.get(name)
        if info is None:
            self._fail(f"has no tensor '{name}', expected one of shape {shape}")
        if info.shape != shape:
            self._fail(f"tensor '{name}' has shape {info.shape}, expected {shape}")
        return info

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Returns tensor `name` as f32, which must have `shape` and finite values."""
        info = self.expect(name, shape)
        raw = self.blocks(info)
        if info.type in ("F32", "F16"):
            values = raw.view(np.float32 if info.type == "F32" else np.float16).reshape(shape)
        else:
            values = dequantize(raw, GGMLQuantizationType[info.type]).reshape(shape)
        values = np.ascontiguousarray(values, dtype=np.float32)
        if not np.isfinite(values).all():
            self._fail(f"tensor '{name}' holds values that are not finite")
        return values

    def blocks(self, info: TensorInfo) -> np.ndarray:
        """Returns the stored bytes of a tensor, u8 [rows, bytes of a row], without a copy."""
        raw = np.frombuffer(self._bytes, np.uint8, info.size_bytes, info.offset)
        return raw.reshape(prod(info.shape[:-1]), -1)

    def stored_type(self, name: str) -> str:
        """Returns the type of tensor `name`, such as "Q4_K"."""
        return self.tensors[name].type

    def stored_rows(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Returns tensor `name` in its type, u8 [rows, bytes of a row]; it must have `shape`."""
        return self.blocks(self.expect(name, shape))

    def _fail(self, text: str) -> NoReturn:
        raise ModelFormatError(f"{self.path.name}: {text}")


class _Reader:
    """A cursor over the header. Every read checks that the bytes are there."""

    def __init__(self, name: str, data: mmap.mmap) -> None:
        self._name = name
        self._data = data
        self._at = 0
        self._counts = (0, 0)

    def header(self) -> dict[str, Any]:
        """Reads magic, version, counts and metadata."""
        magic = bytes(self._take(4))
        if magic != b"GGUF":
            self._fail(f"is not a GGUF file: it starts with {magic!r}, expected b'GGUF'")
        version = self._number("I")
        if version not in (2, 3):
            self._fail(f"is GGUF version {version}, expected 2 or 3 in little-endian order")
        self._counts = (self._count(8 * 3 + 4), self._count(12))
        metadata: dict[str, Any] = {}
        for _ in range(self._counts[1]):
            key = self._text()
            if key in metadata:
                self._fail(f"has the key '{key:.80}' twice")
            metadata[key] = self._value(self._number("I"), 0)
        return metadata

    def tensor_table(self, metadata: dict[str, Any]) -> dict[str, TensorInfo]:
        """Reads the tensor descriptions and checks that all data lie inside the file."""
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
            self._fail(f"'general.alignment' is {alignment!r:.40}, expected 1 to 1048576")
        entries = [self._tensor() for _ in range(self._counts[0])]
        start = -(-self._at // alignment) * alignment
        table: dict[str, TensorInfo] = {}
        for name, shape, kind, offset in entries:
            info = self._place(name, shape, kind, start + offset)
            if name in table:
                self._fail(f"has the tensor '{name:.80}' twice")
            table[name] = info
        return table

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._text()
        rank = self._number("I")
        if not 1 <= rank <= 4:
            self._fail(f"tensor '{name:.80}' has {rank} dimensions, expected 1 to 4")
        shape = tuple(reversed([self._number("Q") for _ in range(rank)]))
        return name, shape, self._number("I"), self._number("Q")

    def _place(self, name: str, shape: tuple[int, ...], kind: int, offset: int) -> TensorInfo:
        try:
            type_ = GGMLQuantizationType(kind)
        except ValueError:
            self._fail(f"tensor '{name:.80}' has unknown type {kind}")
        if type_.name not in _SUPPORTED:
            self._fail(
                f"tensor '{name:.80}' has type {type_.name}, expected one of "
                f"{', '.join(_SUPPORTED)}"
            )
        block, block_bytes = GGML_QUANT_SIZES[type_]
        if min(shape) < 1 or shape[-1] % block:
            self._fail(f"tensor '{name:.80}' has shape {shape}, rows must be multiples of {block}")
        size = prod(shape) // block * block_bytes
        if offset + size > len(self._data):
            self._fail(
                f"is cut off: tensor '{name:.80}' ends at byte {offset + size}, "
                f"the file has {len(self._data)}"
            )
        return TensorInfo(name, shape, type_.name, offset, size)

    def _value(self, kind: int, depth: int) -> Any:
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            return self._array(depth)
        if kind not in _SCALARS:
            self._fail(f"has a value of unknown type {kind} at byte {self._at}")
        return self._number(_SCALARS[kind])

    def _array(self, depth: int) -> list[Any]:
        kind = self._number("I")
        if depth >= _MAX_DEPTH:
            self._fail(f"nests arrays deeper than {_MAX_DEPTH}")
        if kind in _SCALARS:
            code = _SCALARS[kind]
            count = self._count(struct.calcsize(code))
            return list(struct.unpack(f"<{count}{code}", self._take(count * struct.calcsize(code))))
        if kind == _STRING:
            return self._texts(self._count(8))
        return [self._value(kind, depth + 1) for _ in range(self._count(8))]

    def _texts(self, count: int) -> list[str]:
        """That many strings in a row, quickly: vocabularies have hundreds of thousands."""
        data, size, at = self._data, len(self._data), self._at
        texts: list[str] = []
        for _ in range(count):
            start = at + 8
            at = start + (_LENGTH.unpack_from(data, at)[0] if start <= size else size)
            if at > size:
                self._fail(f"is cut off inside a list of {count} strings")
            try:
                texts.append(data[start:at].decode("utf-8"))
            except UnicodeDecodeError:
                self._fail(f"has a string that is not UTF-8 before byte {at}")
        self._at = at
        return texts

    def _count(self, least_bytes: int) -> int:
        """A number of items that take at least `least_bytes` each."""
        count = self._number("Q")
        if count * least_bytes > len(self._data) - self._at:
            self._fail(f"is damaged: it announces {count} items at byte {self._at}, past its end")
        return int(count)

    def _text(self) -> str:
        raw = bytes(self._take(self._count(1)))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self._fail(f"has a string that is not UTF-8 before byte {self._at}")

    def _number(self, code: str) -> Any:
        return struct.unpack("<" + code, self._take(struct.calcsize(code)))[0]

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self._at:
            self._fail(f"is cut off at byte {len(self._data)}")
        self._at += size
        return self._data[self._at - size : self._at]

    def _fail(self, text: str) -> NoReturn:
        raise ModelFormatError(f"{self._name}: {text}")
