"""`module`: a torch `nn.Module` as a node of the graph. Torch is imported only if it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentc.frontend import types as t
from agentc.frontend.annotations import type_of
from agentc.frontend.constants import as_traced
from agentc.frontend.form.document import ModelSymbol
from agentc.frontend.form.work import Module
from agentc.frontend.names import checked_name
from agentc.frontend.places import Place, error, here
from agentc.frontend.tracer import Tracer, active


@dataclass(frozen=True)
class TorchModule:
    """A torch module that the graph may call; made by `module`. `outputs` is None if inferred."""

    name: str
    torch_module: Any
    outputs: tuple[t.Type, ...] | None
    place: Place

    def __call__(self, *args: Any) -> Any:
        """Emits the call inside a graph; runs the module outside of one."""
        tracer = active()
        if tracer is None:
            return self.torch_module(*args)
        values = [as_traced(tracer, a, None, f"argument of module '{self.name}'") for a in args]
        for value in values:
            if not _is_tensor_like(value._type):
                raise error(
                    f"module '{self.name}' takes tensors: found {value._type} (from "
                    f"'{value._origin}'), expected tensor, embedding, f64 or i64; convert it with "
                    "a tool"
                )
        self._declare(tracer)
        outputs = self.outputs or infer_outputs(self, [value._type for value in values])
        results = tracer.emit(
            Module,
            outputs,
            origin=self.name,
            model=self.name,
            args=[value._name for value in values],
            label=self.name,
        )
        return results[0] if len(results) == 1 else tuple(results)

    def _declare(self, tracer: Tracer) -> None:
        if tracer.torch_modules.setdefault(self.name, self.torch_module) is not self.torch_module:
            raise error(
                f"two modules are called '{self.name}', expected different names in one "
                "graph; rename one",
                self.place,
            )
        at = self.place.text(tracer.folder)
        tracer.models[self.name] = ModelSymbol(kind="torch", source=self.name, at=at)


def module(torch_module: Any, *, name: str, result: Any = None) -> TorchModule:
    """Makes a torch module callable from a graph.

    Args:
      name: what plans and packages call it.
      result: the annotation of the result (`ag.Tensor[(1, 2), "f32"]`), or a tuple of them; by
        default inferred from the shapes of the arguments, without running the module on data.
    """
    checked_name(name, "module", 'write ag.module(nn, name="scorer")')
    if not callable(getattr(torch_module, "forward", None)):
        raise error(
            f"module '{name}' is {type(torch_module).__name__}, expected a "
            "torch.nn.Module; pass the module itself"
        )
    outputs = None
    if result is not None:
        given = result if isinstance(result, tuple) else (result,)
        outputs = tuple(type_of(one, f"result of module '{name}'") for one in given)
    return TorchModule(name, torch_module, outputs, here())


def infer_outputs(module: TorchModule, inputs: Sequence[t.Type]) -> tuple[t.Type, ...]:
    """Runs the module on tensors without data and returns the types of its results.

    Raises:
      FrontendError: a size is not known before the run, or the module refuses the shapes.
    """
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    try:
        with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
            found = module.torch_module(*(_sample(type_) for type_ in inputs))
    except Exception as problem:  # whatever the user's module raises
        raise error(
            f"the result of module '{module.name}' cannot be inferred: "
            f'{str(problem).splitlines()[0]}; write result=ag.Tensor[(1, 2), "f32"]',
        ) from problem
    return tuple(_type_of_tensor(one, module.name) for one in _as_tuple(found))


def _as_tuple(found: Any) -> tuple[Any, ...]:
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


def _sample(type_: t.Type) -> Any:
    import torch

    if isinstance(type_, t.Embedding):
        return torch.empty(type_.size)
    if isinstance(type_, t.Tensor):
        if None in type_.shape:
            raise ValueError(f"the shape {type_} is not known before the run")
        sizes = [size for size in type_.shape if size is not None]
        return torch.empty(sizes, dtype=torch.float32 if type_.dtype == "f32" else torch.int64)
    return torch.empty((), dtype=torch.float64 if type_ == t.F64 else torch.int64)


def _type_of_tensor(found: Any, name: str) -> t.Type:
    dtypes = {"torch.float32": "f32", "torch.int64": "i64"}
    dtype = dtypes.get(str(getattr(found, "dtype", None)))
    if dtype is None:
        raise error(
            f"module '{name}' returns {getattr(found, 'dtype', type(found).__name__)}, "
            "expected float32 or int64 tensors; convert inside the module"
        )
    return t.Tensor(tuple(found.shape), dtype)


def _is_tensor_like(type_: t.Type) -> bool:
    return isinstance(type_, (t.Tensor, t.Embedding)) or type_ in (t.F64, t.I64)
