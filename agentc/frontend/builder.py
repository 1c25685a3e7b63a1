"""`GraphBuilder`: graphs made by a program instead of written as a function.

b = ag.GraphBuilder("qa")
question = b.input("question", str)
reply = b.llm("answer", "Answer: {question}", question=question, model="smollm2-135m-instruct")
b.output("answer", reply)
program = b.build()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentc.frontend import arithmetic, control, failure, fan, llm, records, retrieval, sessions
from agentc.frontend.annotations import type_of
from agentc.frontend.constants import as_traced
from agentc.frontend.dists import SLA, Budget
from agentc.frontend.form.control import Return
from agentc.frontend.graph import TracedGraph, finish
from agentc.frontend.models import Model
from agentc.frontend.names import checked_name
from agentc.frontend.places import error, here
from agentc.frontend.signature import Param, Signature
from agentc.frontend.tools import Tool
from agentc.frontend.tracer import Tracer
from agentc.frontend.types import DOCS
from agentc.frontend.values import Traced


class GraphBuilder:
    """Builds one graph, operation by operation; ends in the same verifier as `@ag.graph`.

    `cond`, `switch`, `loop`, `map`, `parallel`, `vote`, `race`, `try_`, `throw`, `interrupt`,
    `session`, `concat`, `flatten` and `record` are those of `agentc`; the functions given to them
    call methods of the builder.
    """

    def __init__(
        self, name: str, *, sla: SLA | None = None, budget: Budget | None = None, folder: str = ""
    ) -> None:
        self._place = here()
        checked_name(name, "graph", 'write GraphBuilder("answer")')
        self._tracer = Tracer(name, folder or self._place.file.rpartition("/")[0])
        self._limits: dict[str, Any] = {"sla": sla, "budget": budget}
        self._inputs: list[str] = []
        self._outputs: dict[str, Traced] = {}
        self.cond = self._within(control.cond)
        self.switch = self._within(control.switch)
        self.loop = self._within(control.loop)
        self.map = self._within(fan.map_)
        self.parallel = self._within(fan.parallel)
        self.vote = self._within(fan.vote)
        self.race = self._within(fan.race)
        self.try_ = self._within(failure.try_)
        self.throw = self._within(failure.throw)
        self.interrupt = self._within(failure.interrupt)
        self.session = self._within(sessions.session)
        self.concat = self._within(arithmetic.concat)
        self.flatten = self._within(arithmetic.flatten)
        self.record = self._within(records.record)

    def input(self, name: str, annotation: Any) -> Any:
        """Adds a graph input of a Python annotation and returns its value."""
        if name in self._inputs:
            raise error(f"input '{name}' is added twice, expected different names; rename one")
        type_ = type_of(annotation, f"input '{name}'")
        value = self._tracer.new_value(type_, name, self._tracer.root)
        self._tracer.root.args.append(value)
        self._inputs.append(name)
        return value

    def output(self, name: str, value: Any) -> None:
        """Adds a graph output."""
        if name in self._outputs:
            raise error(f"output '{name}' is added twice, expected different names; rename one")
        with self._tracer.running():
            self._outputs[name] = as_traced(self._tracer, value, None, f"output '{name}'")

    def constant(self, value: Any, annotation: Any = None) -> Any:
        """Returns a Python value as a value of the graph."""
        expected = None if annotation is None else type_of(annotation, "constant")
        return as_traced(self._tracer, value, expected, "constant")

    def llm(
        self,
        name: str,
        prompt: str,
        *,
        model: str | Model,
        output: Any = str,
        settings: dict[str, Any] | None = None,
        **inputs: Any,
    ) -> Any:
        """Calls a language model on a prompt template.

        Args:
          inputs: the values of the template's placeholders.
          settings: what else `ag.llm` takes (max_tokens, temperature, system, ...).
        """
        values = self._values(inputs)
        call = llm.build_llm(
            self._signature(name, values, output), model=model, prompt=prompt, **(settings or {})
        )
        return self._within(call)(**values)

    def retrieve(self, name: str, query: Any, *, index: retrieval.Index, k: int = 8) -> Any:
        """Returns the `k` passages of the index nearest to the query."""
        values = self._values({"query": query})
        signature = self._signature(name, values, DOCS)
        return self._within(retrieval.Retriever(name, signature, index, k))(**values)

    def rerank(self, name: str, query: Any, docs: Any, *, model: str | Model, k: int = 4) -> Any:
        """Returns the `k` best of `docs` for the query."""
        values = self._values({"query": query, "docs": docs})
        signature = self._signature(name, values, DOCS)
        return self._within(retrieval.Reranker(name, signature, model, k))(**values)

    def embed(self, name: str, text: Any, *, model: str | Model) -> Any:
        """Returns the embedding of a text, or of each text of a list."""
        values = self._values({"text": text})
        signature = self._signature(name, values, None)
        return self._within(retrieval.Embedder(name, signature, model))(**values)

    def tool(self, tool: Tool, *args: Any, **kwargs: Any) -> Any:
        """Calls a tool made by `ag.tool`."""
        return self._within(tool)(*args, **kwargs)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls any decorated function, or a torch module made by `ag.module`."""
        return self._within(function)(*args, **kwargs)

    def build(self) -> TracedGraph:
        """Ends the graph and returns it. Raises FrontendError if it has no output."""
        if not self._outputs:
            raise error(
                f"graph '{self._tracer.name}' has no outputs, expected at least one; call "
                "output(name, value)"
            )
        if not self._tracer.root.ended:
            names = [value._name for value in self._outputs.values()]
            self._tracer.emit(Return, values=names)
        at = self._place.text(self._tracer.folder)
        file = self._place.file
        return finish(self._tracer, self._inputs, self._outputs, file, **self._limits, at=at)

    def _within(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._tracer.running():
                return function(*args, **kwargs)

        return call

    def _values(self, inputs: dict[str, Any]) -> dict[str, Traced]:
        with self._tracer.running():
            return {
                name: as_traced(self._tracer, value, None, f"input '{name}'")
                for name, value in inputs.items()
            }

    def _signature(self, name: str, values: dict[str, Traced], result: Any) -> Signature:
        checked_name(name, "call", "name it for plans and traces")
        params = tuple(Param(n, value._type, value._type) for n, value in values.items())
        return Signature(name, _nothing, params, result, here())


def _nothing(*_: Any) -> None:
    """Stands for the body that a built function does not have."""
