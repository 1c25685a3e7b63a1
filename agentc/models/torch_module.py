"""Any torch `nn.Module` as a tensor program, through torch-mlir (installed as an extra).

The module is exported as a pure function of its inputs, parameters and buffers. That keeps the
weights out of the program text, and buffers that are not part of the state (which the exporter
cannot map) are inputs like the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentc.codegen import iree, pack, store
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError
from agentc.models.tensor_module import tensor_type, verify

if TYPE_CHECKING:
    from torch import nn

ENTRY = "run"
_BODY = "module_body"
_ELEMENTS = {"float32": "f32", "float64": "f64", "float16": "f16", "int64": "i64", "int32": "i32"}


@dataclass(frozen=True)
class TensorSpec:
    """Shape and element type ("f32", "f64", "f16", "i64", "i32") of an input or output."""

    shape: tuple[int, ...]
    element: str = "f32"

    @property
    def type(self) -> str:
        """The MLIR type."""
        return tensor_type(self.shape, self.element)


@dataclass(frozen=True)
class TorchProgram:
    """A module as text with one entry `run`, its weights by name, and what goes in and out."""

    text: str
    weights: dict[str, np.ndarray]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True)
class BuiltModule:
    """A compiled torch module. Entry `run`; its arguments and results are buffer views."""

    vmfb: iree.Compiled
    archive: pack.Archive
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def build_module(
    module: nn.Module, inputs: Sequence[TensorSpec], driver: str, arch: str = "", name: str = ""
) -> BuiltModule:
    """Compiles a torch module for one device class.

    Raises:
      CompileError: torch-mlir is not installed, or the module cannot be exported or compiled.
    """
    program = export_module(module, inputs, name)
    label = name or type(module).__name__
    binary = iree.compile(program.text, TargetSpec(driver, arch), label=label)
    declared = {n: _spec(w) for n, w in program.weights.items()}
    parts = [f"{n}".encode() + w.tobytes() for n, w in program.weights.items()]
    archive = pack.pack(declared, program.weights.__getitem__, store.digest(*parts))
    return BuiltModule(binary, archive, program.inputs, program.outputs)


def export_module(module: nn.Module, inputs: Sequence[TensorSpec], name: str = "") -> TorchProgram:
    """Exports `module` (in evaluation mode) for inputs of these shapes.

    Raises:
      CompileError: torch-mlir is not installed, or the module uses what it cannot export.
    """
    label = name or type(module).__name__
    torch, fx = _torch()
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    weights = {n: _array(n, t, label) for n, t in state.items()}
    examples = tuple(torch.zeros(s.shape, dtype=_dtype(torch, s, label)) for s in inputs)
    values = tuple(t.detach() for t in state.values())
    was_training = module.training
    module.eval()
    try:
        pure = _pure_function(torch, module, list(state))
        exported = torch.export.export(pure, (examples, values), strict=False)
        text = fx.export_and_import(exported, output_type="linalg-on-tensors", func_name=_BODY)
    except Exception as error:  # exporters raise anything; the message is what helps
        raise CompileError(
            f"the torch module '{label}' cannot be exported: {str(error).strip()[:400]}"
        ) from error
    finally:
        module.train(was_training)
    return _link(str(text), weights, tuple(inputs))


def _pure_function(torch: Any, module: nn.Module, names: list[str]) -> Any:
    class Pure(torch.nn.Module):  # type: ignore[misc]
        """Calls the module with state from its arguments. It hides the module from its own
        state, so that the exporter sees a function without any."""

        def forward(self, inputs: tuple[Any, ...], state: tuple[Any, ...]) -> Any:
            values = dict(zip(names, state, strict=True))
            return torch.func.functional_call(module, values, inputs)

    return Pure()


def _link(
    body: str, weights: dict[str, np.ndarray], inputs: tuple[TensorSpec, ...]
) -> TorchProgram:
    """Adds the parameters and the entry to the exported function's module."""
    outputs = _results(body)
    declared = {n: tensor_type(*_spec(w)) for n, w in weights.items()}
    parameters = [
        f'  util.global private @"{n}" = #flow.parameter.named<"model"::"{n}"> : {t}'
        for n, t in declared.items()
    ]
    text = body.replace(f"func.func @{_BODY}(", f"func.func private @{_BODY}(", 1).rstrip()
    lines = [*parameters, *_entry(declared, inputs, outputs), "}\n"]
    text = text.removesuffix("}") + "\n".join(lines)
    verify(text)
    return TorchProgram(text, weights, inputs, outputs)


def _entry(
    weights: dict[str, str], inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
) -> list[str]:
    """The public function: loads the weights and calls the body."""
    arguments = [f"%a{i}" for i in range(len(inputs))]
    loads = [
        f'    %w{i} = util.global.load immutable @"{n}" : {t}'
        for i, (n, t) in enumerate(weights.items())
    ]
    values = ", ".join([*arguments, *(f"%w{i}" for i in range(len(weights)))])
    types = ", ".join([*(s.type for s in inputs), *weights.values()])
    results = ", ".join(s.type for s in outputs)
    returned = ", ".join(f"%r#{i}" for i in range(len(outputs)))
    signature = ", ".join(f"{a}: {s.type}" for a, s in zip(arguments, inputs, strict=True))
    return [
        f"  func.func public @{ENTRY}({signature}) -> ({results}) {{",
        *loads,
        f"    %r:{len(outputs)} = func.call @{_BODY}({values}) : ({types}) -> ({results})",
        f"    return {returned} : {results}",
        "  }",
    ]


def _results(body: str) -> tuple[TensorSpec, ...]:
    """Result types of the exported function, from the parsed module."""
    from iree.compiler import ir

    with ir.Context():
        module = ir.Module.parse(body)
        function = next(op for op in module.body.operations if op.name.value == _BODY)
        types = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value).results
        shaped = [ir.RankedTensorType(t) for t in types]
        return tuple(TensorSpec(tuple(t.shape), str(t.element_type)) for t in shaped)


def _spec(weight: np.ndarray) -> tuple[tuple[int, ...], str]:
    return tuple(weight.shape), _ELEMENTS[weight.dtype.name]


def _array(name: str, tensor: Any, label: str) -> np.ndarray:
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in _ELEMENTS:
        raise CompileError(
            f"'{name}' of the torch module '{label}' has type {dtype}, expected one of "
            f"{', '.join(_ELEMENTS)}"
        )
    array: np.ndarray = tensor.detach().cpu().contiguous().numpy()
    return array


def _dtype(torch: Any, spec: TensorSpec, label: str) -> Any:
    for name, own in _ELEMENTS.items():
        if own == spec.element:
            return getattr(torch, name)
    raise CompileError(
        f"the torch module '{label}' has an input of type {spec.element}, expected one of "
        f"{', '.join(_ELEMENTS.values())}"
    )


def _torch() -> tuple[Any, Any]:
    try:
        import torch
        from torch_mlir import fx
    except ImportError as error:
        raise CompileError(
            "torch modules need torch and torch-mlir, which are not installed; "
            "run: pip install 'agentc[torch]'"
        ) from error
    return torch, fx
