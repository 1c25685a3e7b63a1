"""Tensors, and the module that holds parameters, kernels and functions and prints itself.

`verify` parses a printed module with the code generator's own parser, so what leaves this package
is well-formed. A dimension is an int, or a name ("T") when it is known only at run time.
"""

from __future__ import annotations

from dataclasses import dataclass

from agentc.models.scalar_body import TensorProgramError

Dim = int | str
Shape = tuple[Dim, ...]


@dataclass(frozen=True)
class Tensor:
    """A tensor value: SSA name, shape and element type."""

    name: str
    shape: Shape
    element: str = "f32"

    @property
    def type(self) -> str:
        """The MLIR type, run-time dimensions as `?`."""
        return tensor_type(self.shape, self.element)

    @property
    def dims(self) -> list[str]:
        """The SSA names of the run-time dimensions, in order."""
        return [f"%{d}" for d in self.shape if isinstance(d, str)]

    @property
    def annotated(self) -> str:
        """The type followed by its run-time dimensions: `tensor<?xf32>{%T}`."""
        return self.type + (f"{{{', '.join(self.dims)}}}" if self.dims else "")


def tensor_type(shape: Shape, element: str) -> str:
    """Returns the MLIR tensor type of a shape."""
    return (
        "tensor<"
        + "x".join([*("?" if isinstance(d, str) else str(d) for d in shape), element])
        + ">"
    )


@dataclass(frozen=True)
class Argument:
    """A function argument. `updated` marks a buffer that the function consumes, changes in place
    and hands back as its last results."""

    name: str
    shape: Shape
    element: str = "f32"
    updated: bool = False


class TensorModule:
    """Parameters, module-level text (kernels, globals) and functions; prints one module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: dict[str, Tensor] = {}
        self.prelude: list[str] = []
        self.exports: list[str] = []
        self._functions: list[str] = []

    def declare(self, name: str, shape: Shape, element: str = "f32") -> Tensor:
        """Declares the parameter `name` once, and returns it (its `name` is the global's)."""
        tensor = Tensor(f'@"{name}"', shape, element)
        if self.parameters.setdefault(name, tensor) != tensor:
            raise TensorProgramError(
                f"parameter '{name}' declared as {tensor.type} and {self.parameters[name].type}"
            )
        return tensor

    def add_function(self, name: str, text: str) -> None:
        """Adds the text of a finished public function."""
        self.exports.append(name)
        self._functions.append(text)

    def text(self) -> str:
        """Returns the module as MLIR text."""
        declared = [
            f'  util.global private {t.name} = #flow.parameter.named<"model"::"{name}"> : {t.type}'
            for name, t in self.parameters.items()
        ]
        lines = [f"module @{self.name} {{", *self.prelude, *declared, *self._functions, "}"]
        return "\n".join(lines) + "\n"


def verify(text: str) -> None:
    """Parses and verifies a module with the code generator's parser.

    Raises:
      TensorProgramError: the text is not a valid module; the parser's message is in it.
    """
    from iree.compiler import ir

    with ir.Context():
        try:
            ir.Module.parse(text)
        except ir.MLIRError as error:
            raise TensorProgramError(f"the tensor program is not valid: {error}") from error
