"""Traced values: what stands for a value while the graph function runs.

Operators build operations; what Python would have to decide now (truth, length, iteration, text)
is refused with the line and the fix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from agentc.frontend import types as t
from agentc.frontend.places import error
from agentc.frontend.templates import listed, suggest

if TYPE_CHECKING:
    from agentc.frontend.tracer import Scope, Tracer


def wrap(name: str, type_: t.Type, origin: str, tracer: Tracer, scope: Scope) -> Traced:
    """Returns the traced value of the class that fits its type."""
    return _class_of(type_)(name, type_, origin, tracer, scope)


def _class_of(type_: t.Type) -> type[Traced]:
    if isinstance(type_, t.Record):
        return TracedRecord
    if t.element_of(type_) is not None:
        return TracedList
    classes: dict[t.Type, type[Traced]] = {t.TEXT: TracedText, t.I1: TracedBool}
    classes |= {t.I64: TracedNumber, t.F64: TracedNumber}
    return classes.get(type_, Traced)


class Traced:
    """A value of the graph being traced; `_type` is its type, `_origin` what made it."""

    __slots__ = ("_name", "_origin", "_scope", "_tracer", "_type")

    def __init__(self, name: str, type_: t.Type, origin: str, tracer: Tracer, scope: Scope) -> None:
        self._name = name
        self._type = type_
        self._origin = origin
        self._tracer = tracer
        self._scope = scope

    def __repr__(self) -> str:
        return f"<{self._type} from '{self._origin}'>"

    def __eq__(self, other: object) -> Any:
        return _compare("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return _compare("ne", self, other)

    def __bool__(self) -> NoReturn:
        fix = "use agentc.cond(...) or agentc.loop(...), and & | ~ instead of and, or, not"
        raise self._refuse("has no truth value", fix)

    def __hash__(self) -> int:
        raise self._refuse("cannot be hashed", "use agentc.switch(...) instead of a dict or a set")

    def __len__(self) -> NoReturn:
        raise self._refuse("has no length", "use agentc.length(value)")

    def __iter__(self) -> NoReturn:
        raise self._refuse("cannot be iterated over", "use agentc.map(fn, value) on a list")

    def __contains__(self, item: object) -> NoReturn:
        raise self._refuse("cannot be searched with 'in'", "use agentc.contains(value, part)")

    def __str__(self) -> NoReturn:
        raise self._refuse(
            "cannot be put into a Python text",
            "make it an input of the prompt, or join texts with +",
        )

    def __format__(self, spec: str) -> NoReturn:
        self.__str__()

    def __int__(self) -> NoReturn:
        raise self._refuse("cannot become a Python number", "compute with it as it is")

    __float__ = __index__ = __int__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        kind = f"a value of type {self._type} (from '{self._origin}')"
        raise error(
            f"{kind} has no attribute '{name}', expected what that type offers; {_offers(self)}"
        )

    def __getitem__(self, key: object) -> Any:
        raise error(
            f"a value of type {self._type} (from '{self._origin}') has no items: found [{key!r}], "
            "expected a list or a record; use the value as a whole"
        )

    def _refuse(self, problem: str, fix: str) -> Exception:
        return error(
            f"a traced value (from '{self._origin}') {problem} while the graph is being traced; "
            f"{fix}"
        )


class TracedBool(Traced):
    """A truth value: `&`, `|`, `~`, `==`."""

    __slots__ = ()
    __hash__ = Traced.__hash__

    def __and__(self, other: object) -> Any:
        return _logic("and", self, other)

    def __or__(self, other: object) -> Any:
        return _logic("or", self, other)

    def __invert__(self) -> Any:
        from agentc.frontend import arithmetic

        return arithmetic.negation(self)

    __rand__ = __and__
    __ror__ = __or__


class _Ordered(Traced):
    __slots__ = ()
    __hash__ = Traced.__hash__

    def __lt__(self, other: object) -> Any:
        return _compare("lt", self, other)

    def __le__(self, other: object) -> Any:
        return _compare("le", self, other)

    def __gt__(self, other: object) -> Any:
        return _compare("gt", self, other)

    def __ge__(self, other: object) -> Any:
        return _compare("ge", self, other)


class TracedNumber(_Ordered):
    """An i64 or f64: comparisons and arithmetic with numbers of the same type."""

    __slots__ = ()
    __hash__ = Traced.__hash__

    def __add__(self, other: object) -> Any:
        return _binary("add", self, other)

    def __radd__(self, other: object) -> Any:
        return _binary("add", other, self)

    def __sub__(self, other: object) -> Any:
        return _binary("sub", self, other)

    def __rsub__(self, other: object) -> Any:
        return _binary("sub", other, self)

    def __mul__(self, other: object) -> Any:
        return _binary("mul", self, other)

    def __rmul__(self, other: object) -> Any:
        return _binary("mul", other, self)

    def __truediv__(self, other: object) -> Any:
        return _binary("truediv", self, other)

    def __rtruediv__(self, other: object) -> Any:
        return _binary("truediv", other, self)

    def __floordiv__(self, other: object) -> Any:
        return _binary("floordiv", self, other)

    def __rfloordiv__(self, other: object) -> Any:
        return _binary("floordiv", other, self)

    def __mod__(self, other: object) -> Any:
        return _binary("mod", self, other)

    def __rmod__(self, other: object) -> Any:
        return _binary("mod", other, self)


class TracedText(_Ordered):
    """A text: `+`, comparisons, `contains(part)`, `length()` in characters."""

    __slots__ = ()
    __hash__ = Traced.__hash__

    def __add__(self, other: object) -> Any:
        return _concat(self, other)

    def __radd__(self, other: object) -> Any:
        return _concat(other, self)

    def contains(self, part: object) -> Any:
        """Whether `part` occurs in this text, as a traced bool."""
        return _compare("contains", self, part)

    def length(self) -> Any:
        """The number of characters, as a traced i64."""
        return _length(self)


class TracedList(Traced):
    """A list or docs: `+`, `[i]`, `length()`."""

    __slots__ = ()
    __hash__ = Traced.__hash__

    def __add__(self, other: object) -> Any:
        return _concat(self, other)

    def __radd__(self, other: object) -> Any:
        return _concat(other, self)

    def __getitem__(self, index: object) -> Any:
        from agentc.frontend import arithmetic

        return arithmetic.item(self, index)

    def length(self) -> Any:
        """The number of items, as a traced i64."""
        return _length(self)


class TracedRecord(Traced):
    """A record: its fields are attributes; `record["field"]` is the same."""

    __slots__ = ()
    __hash__ = Traced.__hash__

    def __getattr__(self, name: str) -> Any:
        from agentc.frontend import arithmetic

        if name.startswith("__"):
            raise AttributeError(name)
        return arithmetic.get_field(self, name)

    def __getitem__(self, name: object) -> Any:
        return self.__getattr__(str(name))


def missing_field(value: Traced, name: str) -> Exception:
    """Returns the error for a field that a record does not have."""
    assert isinstance(value._type, t.Record)
    names = [field for field, _ in value._type.fields]
    return error(
        f"record '{value._type.name}' (from '{value._origin}') has no field '{name}': expected one "
        f"of {listed(names)}; {suggest(name, names)}or add the field to '{value._type.name}'"
    )


def _compare(predicate: str, lhs: object, rhs: object) -> Any:
    from agentc.frontend import arithmetic

    return arithmetic.compare(predicate, lhs, rhs)


def _logic(kind: str, lhs: object, rhs: object) -> Any:
    from agentc.frontend import arithmetic

    return arithmetic.logic(kind, lhs, rhs)


def _binary(kind: str, lhs: object, rhs: object) -> Any:
    from agentc.frontend import arithmetic

    return arithmetic.binary(kind, lhs, rhs)


def _concat(lhs: object, rhs: object) -> Any:
    from agentc.frontend import arithmetic

    return arithmetic.concat(lhs, rhs)


def _length(value: Traced) -> Any:
    from agentc.frontend import arithmetic

    return arithmetic.length(value)


def _offers(value: Traced) -> str:
    offered = [n for n in vars(type(value)) if not n.startswith("_")]
    return f"it has {listed(offered)}" if offered else "pass it on as it is"
