"""`graph`: the decorator that makes a function a graph, and tracing it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agentc.errors import AgentcError
from agentc.frontend import types as t
from agentc.frontend.annotations import is_record_class, type_of
from agentc.frontend.constants import as_traced
from agentc.frontend.dists import SLA, Budget
from agentc.frontend.eager import eager_graph
from agentc.frontend.form.base import Value
from agentc.frontend.form.control import Return
from agentc.frontend.form.document import GraphDocument
from agentc.frontend.form.walk import renumber
from agentc.frontend.models import check_symbols
from agentc.frontend.names import name_of
from agentc.frontend.places import error, place_of_traceback
from agentc.frontend.signature import Signature, read_signature
from agentc.frontend.tracer import Tracer, active
from agentc.frontend.values import Traced

if TYPE_CHECKING:
    from agentc._mlir import ir


@dataclass(frozen=True)
class Graph:
    """A function that is a graph; made by `graph`."""

    name: str
    signature: Signature
    sla: SLA | None = None
    budget: Budget | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Inside another graph, inlines this one; outside, runs it as plain Python."""
        arguments = self.signature.bind(args, kwargs)
        tracer = active()
        if tracer is None:
            with eager_graph():
                return self.signature.function(**arguments)
        values = {
            p.name: as_traced(
                tracer, arguments[p.name], p.type, f"argument '{p.name}' of '{self.name}'"
            )
            for p in self.signature.params
        }
        return self.signature.function(**values)

    @property
    def file(self) -> str:
        """The file that the graph is written in."""
        return self.signature.place.file

    def trace(self) -> TracedGraph:
        """Runs the function on traced values and returns the graph."""
        tracer = Tracer(self.name, os.path.dirname(self.file))
        place = self.signature.place
        tracer.root.args = [tracer.new_value(p.type, p.name) for p in self.signature.params]
        with tracer.running():
            returned = self._call(tracer.root.args)
            outputs = self._outputs(tracer, returned)
            tracer.emit(Return, place=place, values=[value._name for value in outputs.values()])
        inputs = [p.name for p in self.signature.params]
        return finish(
            tracer,
            inputs,
            outputs,
            self.file,
            sla=self.sla,
            budget=self.budget,
            at=place.text(tracer.folder),
        )

    def _call(self, inputs: list[Traced]) -> Any:
        """Runs the function; what else it raises than our errors becomes one, with its line."""
        try:
            return self.signature.function(*inputs)
        except AgentcError:
            raise
        except Exception as problem:
            text = str(problem).splitlines()[0] if str(problem) else "no message"
            raise error(
                f"graph '{self.name}' failed while being traced: {type(problem).__name__}: {text}; "
                "correct the function",
                place_of_traceback(problem.__traceback__) or self.signature.place,
            ) from problem

    def _outputs(self, tracer: Tracer, returned: Any) -> dict[str, Traced]:
        if isinstance(returned, Mapping) and is_record_class(self.signature.result):
            given: dict[str, Any] = {"result": returned}
        else:
            given = name_outputs(returned, self.name)
        types: list[t.Type | None] = [None] * len(given)
        if self.signature.result is not None:
            types = list(_result_types(self.signature, len(given)))
        pairs = zip(given.items(), types, strict=True)
        return {
            name: as_traced(tracer, value, type_, f"{name} of graph '{self.name}'")
            for (name, value), type_ in pairs
        }


@dataclass(frozen=True)
class TracedGraph:
    """A graph as a program.

    Attributes:
      document: the graph in its JSON form.
      tools: the Python functions of its tools, by name. modules: its torch modules, by name.
      file: the file it was written in; index paths are relative to its folder.
    """

    document: GraphDocument
    tools: dict[str, Callable[..., Any]] = field(default_factory=dict)
    modules: dict[str, Any] = field(default_factory=dict)
    file: str = ""

    @property
    def name(self) -> str:
        """The graph's name."""
        return self.document.name

    @property
    def folder(self) -> str:
        """The folder of the graph's file."""
        return os.path.dirname(self.file)

    @cached_property
    def module(self) -> ir.Module:
        """The graph as a verified MLIR module in the `agent` dialect, with source locations.

        Raises:
          FrontendError: the verifier refuses it; the message has the line in the graph's file.
        """
        from agentc.frontend.emit import emit_module

        return emit_module(self.document, self.folder)


def graph(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    sla: SLA | None = None,
    budget: Budget | None = None,
) -> Any:
    """Makes a function a graph: `@ag.graph` or `@ag.graph(sla=..., budget=...)`.

    Its parameters are the graph's inputs, what it returns the outputs: one value ("result"), a
    tuple ("result0", "result1", ...) or a dict of named values.
    """

    def decorate(function: Callable[..., Any]) -> Graph:
        label = name_of(function, name, "graph")
        signature = read_signature(function, label, "graph")
        for param in signature.params:
            if param.has_default:
                raise error(
                    f"input '{param.name}' of graph '{label}' has a default: found "
                    f"{param.default!r}, expected inputs without one; drop it, or make the value "
                    "a constant of the function",
                    signature.place,
                )
        for value, cls, what in ((sla, SLA, "sla"), (budget, Budget, "budget")):
            if value is not None and not isinstance(value, cls):
                raise error(
                    f"{what} of graph '{label}' is {value!r}, expected ag.{cls.__name__}; "
                    f"write {what}=ag.{cls.__name__}(...)",
                    signature.place,
                )
        return Graph(label, signature, sla, budget)

    return decorate if function is None else decorate(function)


def trace(graph_fn: Graph) -> TracedGraph:
    """Traces a graph: runs its function once on traced values.

    Raises:
      FrontendError: the function is not a graph, or cannot become one; with the line.
    """
    if not isinstance(graph_fn, Graph):
        raise error(
            f"trace takes a graph: found {type(graph_fn).__name__}, expected a function "
            "decorated with @ag.graph; decorate it"
        )
    return graph_fn.trace()


def finish(
    tracer: Tracer,
    inputs: list[str],
    outputs: Mapping[str, Traced],
    file: str,
    *,
    sla: SLA | None,
    budget: Budget | None,
    at: str,
) -> TracedGraph:
    """Closes a traced graph: names, checks, the document."""
    check_symbols(tracer)
    tracer.is_finished = True
    body = tracer.root.block()
    renumber(body)
    document = GraphDocument(
        name=tracer.name,
        models=tracer.models,
        tools=tracer.tools,
        indexes=tracer.indexes,
        schemas=tracer.schemas,
        inputs=inputs,
        outputs=[Value(name=name, type=value._type) for name, value in outputs.items()],
        sla=sla,
        budget=budget,
        body=body,
        at=at,
    )
    return TracedGraph(document, tracer.functions, tracer.torch_modules, file)


def name_outputs(returned: Any, name: str) -> dict[str, Any]:
    """Returns a graph function's result as named outputs."""
    if returned is None:
        raise error(
            f"graph '{name}' returns nothing, expected its outputs; return a value, a "
            "tuple or a dict"
        )
    if isinstance(returned, Mapping):
        return {str(key): value for key, value in returned.items()}
    if isinstance(returned, tuple):
        return {f"result{number}": value for number, value in enumerate(returned)}
    return {"result": returned}


def _result_types(signature: Signature, count: int) -> list[t.Type | None]:
    from typing import get_args, get_origin

    what, annotation = f"result of graph '{signature.name}'", signature.result
    if annotation is dict or get_origin(annotation) is dict:
        return [None] * count
    items = get_args(annotation) if get_origin(annotation) is tuple else (annotation,)
    if len(items) != count:
        raise error(
            f"{what} is annotated as {len(items)} values: found {count}, expected the "
            "same; correct the annotation",
            signature.place,
        )
    return [type_of(item, what, signature.place) for item in items]
