"""The types of values in a graph, as plain records with one text form.

The text is the dialect's without its prefix: `text`, `list<i64>`, `record<"Plan", ok: i1>`,
`docs`, `embedding<384>`, `session`, `tensor<4x?xf32>`. `mlir()` gives it with the prefix.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass


class Type:
    """Base of all types. `str(t)` is the text form, `t.mlir()` the dialect's."""

    def __str__(self) -> str:
        return self._spell("")

    def mlir(self) -> str:
        """Returns the type as the dialect prints it."""
        return self._spell("!agent.")

    def _spell(self, prefix: str) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class Named(Type):
    """A type without parameters: text, docs, session (ours), i1, i64, f64 (builtin)."""

    name: str
    builtin: bool = False

    __str__ = Type.__str__

    def _spell(self, prefix: str) -> str:
        return self.name if self.builtin else prefix + self.name


TEXT = Named("text")
DOCS = Named("docs")
SESSION = Named("session")
I1 = Named("i1", builtin=True)
I64 = Named("i64", builtin=True)
F64 = Named("f64", builtin=True)


@dataclass(frozen=True)
class ListOf(Type):
    """A list of values of one type, its length not known before the run."""

    element: Type

    __str__ = Type.__str__

    def _spell(self, prefix: str) -> str:
        return f"{prefix}list<{self.element._spell(prefix)}>"


@dataclass(frozen=True)
class Record(Type):
    """A record: a name and fields in order."""

    name: str
    fields: tuple[tuple[str, Type], ...]

    __str__ = Type.__str__

    def field(self, name: str) -> Type | None:
        """Returns the type of field `name`, or None."""
        return dict(self.fields).get(name)

    def _spell(self, prefix: str) -> str:
        fields = "".join(f", {_key(name)}: {t._spell(prefix)}" for name, t in self.fields)
        return f"{prefix}record<{json.dumps(self.name)}{fields}>"


@dataclass(frozen=True)
class Embedding(Type):
    """A vector of `size` float32 numbers made by an encoder."""

    size: int

    __str__ = Type.__str__

    def _spell(self, prefix: str) -> str:
        return f"{prefix}embedding<{self.size}>"


@dataclass(frozen=True)
class Tensor(Type):
    """A ranked tensor; None in `shape` is a size not known before the run."""

    shape: tuple[int | None, ...]
    dtype: str

    __str__ = Type.__str__

    def _spell(self, prefix: str) -> str:
        sizes = "".join("?x" if size is None else f"{size}x" for size in self.shape)
        return f"tensor<{sizes}{self.dtype}>"


PASSAGE = Record("Passage", (("id", TEXT), ("source", TEXT), ("text", TEXT), ("score", F64)))
ERROR = Record("Error", (("kind", TEXT), ("message", TEXT)))
TENSOR_DTYPES = ("f32", "i64")


def list_of(element: Type) -> Type:
    """Returns the type of a list of `element`: a list of passages is `docs`."""
    return DOCS if element == PASSAGE else ListOf(element)


def element_of(type_: Type) -> Type | None:
    """Returns the type of a list's items, or None if `type_` is not a list."""
    if type_ == DOCS:
        return PASSAGE
    return type_.element if isinstance(type_, ListOf) else None


def is_printable(type_: Type) -> bool:
    """Says whether a prompt can show a value of this type."""
    if isinstance(type_, ListOf):
        return is_printable(type_.element)
    if isinstance(type_, Record):
        return all(is_printable(field) for _, field in type_.fields)
    return type_ in (TEXT, I1, I64, F64, DOCS)


_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|!agent\.|[A-Za-z_?0-9][\w?$.]*|[<>,:])')
_NAMED = {"text": TEXT, "docs": DOCS, "session": SESSION, "i1": I1, "i64": I64, "f64": F64}


def parse_type(text: str) -> Type:
    """Reads a type in its text form, with or without the dialect's prefix.

    Raises:
      ValueError: not a type; the message says where reading stopped.
    """
    reader = _Reader(text)
    result = reader.type()
    if reader.tokens:
        raise ValueError(f"'{text}' is not a type: found '{reader.tokens[0]}' after its end")
    return result


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][\w$.]*", name) else json.dumps(name)


class _Reader:
    """A recursive descent over the tokens of one type."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [t for t in _TOKEN.findall(text) if t != "!agent."]
        if _TOKEN.sub("", text).strip():
            raise ValueError(f"'{text}' is not a type: found unexpected characters")

    def take(self, expected: str | None = None) -> str:
        found = self.tokens.pop(0) if self.tokens else "the end"
        if expected is not None and found != expected:
            raise ValueError(f"'{self.text}' is not a type: found '{found}', expected '{expected}'")
        return found

    def type(self) -> Type:
        name = self.take()
        if name in _NAMED:
            return _NAMED[name]
        if name not in ("list", "record", "embedding", "tensor"):
            raise ValueError(f"'{self.text}' is not a type: found '{name}'")
        self.take("<")
        result: Type = getattr(self, "_" + name)()
        self.take(">")
        return result

    def _list(self) -> Type:
        return ListOf(self.type())

    def _embedding(self) -> Type:
        return Embedding(int(self.take()))

    def _tensor(self) -> Type:
        *sizes, dtype = self.take().split("x")
        return Tensor(tuple(None if size == "?" else int(size) for size in sizes), dtype)

    def _record(self) -> Type:
        name = json.loads(self.take())
        fields = []
        while self.tokens and self.tokens[0] == ",":
            self.take(",")
            key = self.take()
            self.take(":")
            fields.append((json.loads(key) if key.startswith('"') else key, self.type()))
        return Record(name, tuple(fields))
