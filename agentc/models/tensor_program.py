"""Builds one entry point of a tensor program (linalg on tensors), operation by operation.

Operations are written like einsum: `f.map("td,d->td", x, scale, body=...)`; letters name loops,
letters missing on the right are summed over by `reduce`. Shapes and element types are checked as
the program is built, so a mistake points at the Python line that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agentc.models.scalar_body import Body, Scalar, TensorProgramError, fresh_names
from agentc.models.tensor_module import Argument, Dim, Shape, Tensor, TensorModule, tensor_type

BodyFn = Callable[..., Scalar]


class Function:
    """Builds one entry point of a `TensorModule`, operation by operation."""

    def __init__(self, module: TensorModule, name: str, arguments: Sequence[Argument]) -> None:
        self.module = module
        self._name = name
        self._arguments = tuple(arguments)
        self._fresh = fresh_names()
        self._lines: list[str] = []
        self._sizes: set[str] = set()
        self._loaded: dict[str, Tensor] = {}
        self._inputs = {a.name: self._import(a) for a in arguments}

    # Values that come from outside.

    def __getitem__(self, name: str) -> Tensor:
        """Returns the argument `name`."""
        return self._inputs[name]

    def parameter(self, name: str, shape: Shape, element: str = "f32") -> Tensor:
        """Returns the weight `name` of the module's parameter archive."""
        if name not in self._loaded:
            declared = self.module.declare(name, shape, element)
            text = f"util.global.load immutable {declared.name} : {declared.type}"
            self._loaded[name] = self.emit(text, shape, element)
        if self._loaded[name].shape != shape:
            raise TensorProgramError(f"parameter '{name}' used with shape {shape}")
        return self._loaded[name]

    def _import(self, argument: Argument) -> Tensor:
        view = f"%{argument.name}_view"
        for axis, dim in enumerate(argument.shape):
            if isinstance(dim, str) and dim not in self._sizes:
                self._sizes.add(dim)
                self._lines.append(
                    f"%{dim} = hal.buffer_view.dim<{view} : !hal.buffer_view>[{axis}] : index"
                )
        tensor = Tensor(f"%{argument.name}", argument.shape, argument.element)
        consume = "consume " if argument.updated else ""
        self._lines.append(
            f"{tensor.name} = hal.tensor.import {consume}{view} : !hal.buffer_view "
            f"-> {tensor.annotated}"
        )
        return tensor

    # Sizes and raw operations.

    def size(self, name: str, expression: Callable[[Body], Scalar]) -> str:
        """Defines the run-time dimension `name` by index arithmetic and returns it."""
        if name not in self._sizes:
            body = Body(self._fresh)
            value = expression(body)
            zero = body.constant(0, "index")
            body.lines.append(f"%{name} = arith.addi {value.name}, {zero.name} : index")
            self._lines += body.lines
            self._sizes.add(name)
        return name

    def dimension(self, body: Body, dim: Dim) -> Scalar:
        """Returns a dimension as an index value."""
        return (
            body.constant(dim, "index")
            if isinstance(dim, int)
            else Scalar(body, f"%{dim}", "index")
        )

    def index(self, value: int) -> str:
        """Returns the SSA name of an index constant."""
        return self.emit(f"arith.constant {value} : index", (), "index").name

    def raw(self, lines: Sequence[str]) -> None:
        """Writes lines as they are."""
        self._lines += lines

    def emit(self, text: str, shape: Shape, element: str = "f32") -> Tensor:
        """Writes `%new = text` and returns the value."""
        value = Tensor(self._fresh(), shape, element)
        self._lines.append(f"{value.name} = {text}")
        return value

    def emit_many(self, text: str, count: int) -> list[str]:
        """Writes an operation with `count` results and returns their SSA names."""
        name = self._fresh()
        self._lines.append(f"{name}:{count} = {text}")
        return [f"{name}#{i}" for i in range(count)]

    def empty(self, shape: Shape, element: str = "f32") -> Tensor:
        """Returns an uninitialised tensor."""
        dims = ", ".join(Tensor("", shape).dims)
        return self.emit(f"tensor.empty({dims}) : {tensor_type(shape, element)}", shape, element)

    def full(self, shape: Shape, value: float, element: str = "f32") -> Tensor:
        """Returns a tensor filled with `value`."""
        out = self.empty(shape, element)
        scalar = self.emit(f"arith.constant {value:.9e} : {element}", (), element)
        fill = f"linalg.fill ins({scalar.name} : {element}) outs({out.name} : {out.type})"
        return self.emit(f"{fill} -> {out.type}", shape, element)

    # Structured operations.

    def map(
        self,
        spec: str,
        *inputs: Tensor,
        body: BodyFn,
        element: str = "f32",
        sizes: Mapping[str, Dim] | None = None,
    ) -> Tensor:
        """One output element per point: `body(b, *elements) -> Scalar`.

        `sizes` gives the extent of letters that no input has.
        """
        letters, extents = self._loops(spec, inputs, sizes or {})
        shape = tuple(extents[c] for c in spec.split("->")[1])
        out = self.empty(shape, element)
        return self._generic(spec, letters, inputs, out, lambda b, values: body(b, *values[:-1]))

    def reduce(
        self,
        spec: str,
        *inputs: Tensor,
        body: BodyFn,
        start: float = 0.0,
        sizes: Mapping[str, Dim] | None = None,
    ) -> Tensor:
        """A reduction over the letters missing on the right, from `start`:
        `body(b, accumulator, *elements) -> Scalar` is the next accumulator."""
        letters, extents = self._loops(spec, inputs, sizes or {})
        out = self.full(tuple(extents[c] for c in spec.split("->")[1]), start)
        return self._generic(
            spec, letters, inputs, out, lambda b, values: body(b, values[-1], *values[:-1])
        )

    def matmul(self, x: Tensor, weight: Tensor) -> Tensor:
        """Returns x[m, k] times the transpose of weight[n, k]: a tensor [m, n]."""
        if len(x.shape) != 2 or len(weight.shape) != 2 or x.shape[1] != weight.shape[1]:
            raise TensorProgramError(f"matmul of {x.type} with transposed {weight.type}")
        out = self.full((x.shape[0], weight.shape[0]), 0.0)
        maps = ", ".join(f"affine_map<(m, n, k) -> ({m})>" for m in ("m, k", "n, k", "m, n"))
        return self.emit(
            f"linalg.matmul indexing_maps = [{maps}] ins({x.name}, {weight.name} : {x.type}, "
            f"{weight.type}) outs({out.name} : {out.type}) -> {out.type}",
            out.shape,
        )

    def _loops(
        self, spec: str, inputs: Sequence[Tensor], sizes: Mapping[str, Dim]
    ) -> tuple[str, dict[str, Dim]]:
        left, right = spec.split("->")
        terms = left.split(",") if inputs else []
        if len(terms) != len(inputs):
            raise TensorProgramError(f"'{spec}' names {len(terms)} inputs, found {len(inputs)}")
        extents: dict[str, Dim] = dict(sizes)
        for term, tensor in zip(terms, inputs, strict=True):
            if len(term) != len(tensor.shape):
                raise TensorProgramError(f"'{term}' of '{spec}' does not fit {tensor.type}")
            for letter, dim in zip(term, tensor.shape, strict=True):
                if extents.setdefault(letter, dim) != dim:
                    raise TensorProgramError(
                        f"loop '{letter}' of '{spec}' is {extents[letter]} and {dim}"
                    )
        missing = set(right) - set(extents)
        if missing:
            raise TensorProgramError(f"'{spec}' does not say how long {sorted(missing)} are")
        return right + "".join(c for c in extents if c not in right), extents

    def _generic(
        self,
        spec: str,
        letters: str,
        inputs: Sequence[Tensor],
        out: Tensor,
        body: Callable[[Body, list[Scalar]], Scalar],
    ) -> Tensor:
        left, right = spec.split("->")
        terms = [*(left.split(",") if inputs else []), right]
        region = Body(self._fresh, {c: i for i, c in enumerate(letters)})
        tensors = [*inputs, out]
        elements = [Scalar(region, self._fresh(), t.element) for t in tensors]
        result = body(region, elements)
        if result.type != out.element:
            raise TensorProgramError(f"'{spec}' yields {result.type}, expected {out.element}")
        maps, kinds = _iteration(letters, terms)
        ins = ", ".join(t.name for t in inputs), ", ".join(t.type for t in inputs)
        operands = f"ins({ins[0]} : {ins[1]}) " if inputs else ""
        value = self.emit(
            f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} "
            f"{operands}outs({out.name} : {out.type}) {{",
            out.shape,
            out.element,
        )
        self._lines.append(f"^bb0({', '.join(f'{s.name}: {s.type}' for s in elements)}):")
        self._lines += [f"  {line}" for line in region.lines]
        self._lines += [f"  linalg.yield {result.name} : {result.type}", f"}} -> {out.type}"]
        return value

    # The end.

    def finish(
        self, results: Sequence[Tensor], updated: Mapping[str, Tensor] | None = None
    ) -> None:
        """Ends the function: exports `results`, then the new value of each updated argument in
        the storage of the old one."""
        names = []
        for tensor in results:
            names.append(self._export(tensor))
        for argument in (a for a in self._arguments if a.updated):
            tensor = (updated or {})[argument.name]
            alias = self.emit(
                f"hal.tensor.alias {tensor.name} : {tensor.annotated} "
                f"to %{argument.name}_view : !hal.buffer_view",
                tensor.shape,
                tensor.element,
            )
            names.append(self._export(alias))
        self.module.add_function(self._name, self._text(names))

    def _export(self, tensor: Tensor) -> str:
        text = f"hal.tensor.export {tensor.name} : {tensor.annotated} -> !hal.buffer_view"
        return self.emit(text, ()).name

    def _text(self, results: Sequence[str]) -> str:
        arguments = ", ".join(f"%{a.name}_view: !hal.buffer_view" for a in self._arguments)
        types = ", ".join("!hal.buffer_view" for _ in results)
        head = (
            f"  util.func public @{self._name}({arguments}) -> ({types}) "
            "attributes {iree.abi.stub} {"
        )
        end = f"    util.return {', '.join(results)} : {types}"
        return "\n".join([head, *(f"    {line}" for line in self._lines), end, "  }"])


def _iteration(letters: str, terms: Sequence[str]) -> tuple[str, str]:
    """Indexing maps and iterator types of loops `letters`; the last term is the output."""
    loops = ", ".join(letters)
    maps = ", ".join(f"affine_map<({loops}) -> ({', '.join(t)})>" for t in terms)
    kinds = ", ".join('"parallel"' if c in terms[-1] else '"reduction"' for c in letters)
    return maps, kinds
