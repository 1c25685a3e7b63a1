"""Scalar code inside a tensor operation: typed values with Python operators.

A `Body` writes one SSA line per operation; `Scalar` overloads the operators. Types are checked as
the body is built, so a mistake points at the Python line that made it.

Integer division and remainder are signed on purpose: unsigned forms do not compile for vulkan and
metal with static shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentc.models.tensor_module import Tensor

INTEGERS = ("i32", "i64", "index")
FLOATS = ("f16", "f32")
_BINARY = {
    "add": ("arith.addi", "arith.addf"),
    "sub": ("arith.subi", "arith.subf"),
    "mul": ("arith.muli", "arith.mulf"),
    "div": ("arith.divsi", "arith.divf"),
    "rem": ("arith.remsi", "arith.remf"),
    "max": ("arith.maxsi", "arith.maximumf"),
    "min": ("arith.minsi", "arith.minimumf"),
}
_COMPARE = {"lt": ("slt", "olt"), "le": ("sle", "ole"), "ge": ("sge", "oge"), "eq": ("eq", "oeq")}
_UNARY = {
    "neg": "arith.negf",
    "exp": "math.exp",
    "rsqrt": "math.rsqrt",
    "erf": "math.erf",
    "tanh": "math.tanh",
}


class TensorProgramError(ValueError):
    """A tensor program was built wrongly: shapes or element types do not fit (a bug of ours)."""


Number = int | float


class Scalar:
    """One SSA value of element type `type` inside a `Body`."""

    __slots__ = ("body", "name", "type")

    def __init__(self, body: Body, name: str, element: str) -> None:
        self.body = body
        self.name = name
        self.type = element

    def __add__(self, other: Scalar | Number) -> Scalar:
        return self.body.binary("add", self, other)

    def __sub__(self, other: Scalar | Number) -> Scalar:
        return self.body.binary("sub", self, other)

    def __mul__(self, other: Scalar | Number) -> Scalar:
        return self.body.binary("mul", self, other)

    def __truediv__(self, other: Scalar | Number) -> Scalar:
        return self.body.binary("div", self, other)

    def __floordiv__(self, other: Scalar | Number) -> Scalar:
        return self.body.binary("div", self, other)

    def __mod__(self, other: Scalar | Number) -> Scalar:
        return self.body.binary("rem", self, other)

    def __neg__(self) -> Scalar:
        return self.body.unary("neg", self)

    def max(self, other: Scalar | Number) -> Scalar:
        """Returns the larger of the two."""
        return self.body.binary("max", self, other)

    def min(self, other: Scalar | Number) -> Scalar:
        """Returns the smaller of the two."""
        return self.body.binary("min", self, other)

    def lt(self, other: Scalar | Number) -> Scalar:
        """Returns `self < other` as i1."""
        return self.body.compare("lt", self, other)

    def le(self, other: Scalar | Number) -> Scalar:
        """Returns `self <= other` as i1."""
        return self.body.compare("le", self, other)

    def ge(self, other: Scalar | Number) -> Scalar:
        """Returns `self >= other` as i1."""
        return self.body.compare("ge", self, other)

    def exp(self) -> Scalar:
        """Returns e to the power of this value."""
        return self.body.unary("exp", self)

    def erf(self) -> Scalar:
        """Returns the Gauss error function of this value."""
        return self.body.unary("erf", self)

    def tanh(self) -> Scalar:
        """Returns the hyperbolic tangent of this value."""
        return self.body.unary("tanh", self)

    def rsqrt(self) -> Scalar:
        """Returns 1 / sqrt(self)."""
        return self.body.unary("rsqrt", self)

    def index(self) -> Scalar:
        """Returns this integer as an index."""
        return self.body.cast(self, "index")

    def f32(self) -> Scalar:
        """Returns this float as f32."""
        return self.body.cast(self, "f32")

    def f16(self) -> Scalar:
        """Returns this float as f16, rounded."""
        return self.body.cast(self, "f16")

    def i32(self) -> Scalar:
        """Returns this index as i32."""
        return self.body.cast(self, "i32")


class Body:
    """The lines of one region. `indices` maps a loop letter to its position."""

    def __init__(self, fresh: Callable[[], str], indices: dict[str, int] | None = None) -> None:
        self.lines: list[str] = []
        self._fresh = fresh
        self._indices = indices or {}

    def emit(self, text: str, element: str) -> Scalar:
        """Writes `%new = text` and returns the value, of type `element`."""
        name = self._fresh()
        self.lines.append(f"{name} = {text}")
        return Scalar(self, name, element)

    def constant(self, value: Number, element: str) -> Scalar:
        """Returns a constant; a float must not be used where an integer is expected."""
        if element in FLOATS:
            return self.emit(f"arith.constant {float(value):.9e} : {element}", element)
        if not isinstance(value, int):
            raise TensorProgramError(f"a constant of type {element} must be an int, not {value!r}")
        return self.emit(f"arith.constant {value} : {element}", element)

    def loop_index(self, letter: str) -> Scalar:
        """Returns the loop index named `letter` in the operation's spec."""
        if letter not in self._indices:
            raise TensorProgramError(f"no loop '{letter}', expected one of {list(self._indices)}")
        return self.emit(f"linalg.index {self._indices[letter]} : index", "index")

    def read(self, tensor: Tensor, *indices: Scalar) -> Scalar:
        """Returns the element of `tensor` at `indices` (data-dependent access)."""
        if len(indices) != len(tensor.shape) or any(i.type != "index" for i in indices):
            raise TensorProgramError(f"{tensor} needs {len(tensor.shape)} indices of type index")
        where = ", ".join(i.name for i in indices)
        return self.emit(f"tensor.extract {tensor.name}[{where}] : {tensor.type}", tensor.element)

    def select(self, condition: Scalar, yes: Scalar, no: Scalar | Number) -> Scalar:
        """Returns `yes` where `condition` (i1) holds, else `no`."""
        yes, no = self._same(yes, no)
        if condition.type != "i1":
            raise TensorProgramError(f"a condition must be i1, found {condition.type}")
        text = f"arith.select {condition.name}, {yes.name}, {no.name} : {yes.type}"
        return self.emit(text, yes.type)

    def binary(self, op: str, left: Scalar, right: Scalar | Number) -> Scalar:
        """Writes an arithmetic operation on two values of one type."""
        left, right = self._same(left, right)
        name = _BINARY[op][left.type in FLOATS]
        return self.emit(f"{name} {left.name}, {right.name} : {left.type}", left.type)

    def compare(self, predicate: str, left: Scalar, right: Scalar | Number) -> Scalar:
        """Writes a comparison; the result is i1."""
        left, right = self._same(left, right)
        is_float = left.type in FLOATS
        op = f"arith.cmp{'f' if is_float else 'i'} {_COMPARE[predicate][is_float]}"
        return self.emit(f"{op}, {left.name}, {right.name} : {left.type}", "i1")

    def unary(self, op: str, value: Scalar) -> Scalar:
        """Writes an operation on one float."""
        if value.type not in FLOATS:
            raise TensorProgramError(f"{op} needs a float, found {value.type}")
        return self.emit(f"{_UNARY[op]} {value.name} : {value.type}", value.type)

    def cast(self, value: Scalar, element: str) -> Scalar:
        """Converts between integer types through index, or between float types."""
        if value.type == element:
            return value
        if value.type in FLOATS and element in FLOATS:
            op = "arith.extf" if element == "f32" else "arith.truncf"
            return self.emit(f"{op} {value.name} : {value.type} to {element}", element)
        if value.type not in INTEGERS or element not in INTEGERS:
            raise TensorProgramError(f"no cast from {value.type} to {element}")
        return self.emit(f"arith.index_cast {value.name} : {value.type} to {element}", element)

    def _same(self, left: Scalar, right: Scalar | Number) -> tuple[Scalar, Scalar]:
        if not isinstance(right, Scalar):
            right = self.constant(right, left.type)
        if left.type != right.type:
            raise TensorProgramError(f"operands differ in type: {left.type} and {right.type}")
        return left, right


def fresh_names(prefix: str = "v") -> Callable[[], str]:
    """Returns a function that hands out new SSA names `%prefix0`, `%prefix1`, ..."""

    def count() -> Iterator[str]:
        number = 0
        while True:
            yield f"%{prefix}{number}"
            number += 1

    names = count()
    return lambda: next(names)
