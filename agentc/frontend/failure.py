"""Errors inside a graph: `throw` and `try_`; and `interrupt`, a wait for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentc.errors import RuntimeFault
from agentc.frontend import types as t
from agentc.frontend.annotations import type_of
from agentc.frontend.constants import as_traced
from agentc.frontend.eager import ErrorRecord, engine
from agentc.frontend.form.control import Throw, Try
from agentc.frontend.form.work import AwaitEvent
from agentc.frontend.places import error, here
from agentc.frontend.regions import GraphThrow, finish_branches, trace_branch
from agentc.frontend.tracer import active
from agentc.frontend.units import seconds


def throw(message: Any, kind: str = "throw") -> Any:
    """Ends a branch with an error that `try_` can catch: `return ag.throw("no data", "input")`.

    Outside a graph it raises RuntimeFault.
    """
    tracer = active()
    if tracer is None:
        raise RuntimeFault(message, kind=kind)
    if tracer.scope.parent is None:
        raise error(
            "ag.throw ends a branch: found it outside of one, expected it in a function "
            "given to cond, switch, loop, map or try_; put it into one"
        )
    text = as_traced(tracer, message, t.TEXT, "message of throw")
    tracer.emit(Throw, message=text._name, kind=kind)
    return GraphThrow()


def try_(fn: Callable[[], Any], *, catch: Callable[[Any], Any]) -> Any:
    """Runs `fn()`; if it throws, the result is `catch(error)`.

    `error` has the texts `kind` ("tool", "timeout", "parse", "throw", ...) and `message`.
    """
    tracer = active()
    if tracer is None:
        try:
            return fn()
        except RuntimeFault as fault:
            return catch(ErrorRecord(kind=fault.kind, message=fault.message))
    place = here()
    branches = [
        trace_branch(tracer, "try", fn, ()),
        trace_branch(tracer, "catch", catch, (), [t.ERROR]),
    ]
    blocks = lambda b: {"body": b[0], "catch": b[1]}  # noqa: E731
    return finish_branches(tracer, "try_", branches, blocks, Try, place)


def interrupt(
    prompt: Any = None, *, schema: Any = str, name: str = "input", timeout: str | None = None
) -> Any:
    """Waits for a person or another system to give a value of type `schema`.

    Args:
      prompt: what to show to the person; any printable value.
      schema: the annotation of the answer (`bool`, `str`, a pydantic model, ...).
      name: the event's name; the answer is delivered to it.
      timeout: how long to wait ("2h"); afterwards it throws "timeout".
    """
    result = type_of(schema, f"schema of interrupt '{name}'")
    limit = None if timeout is None else seconds(timeout, f"timeout of interrupt '{name}'")
    tracer = active()
    if tracer is None:
        return _ask_engine(name, prompt, schema, limit)
    shown = None if prompt is None else as_traced(tracer, prompt, None, "prompt of interrupt")
    return tracer.emit_one(
        AwaitEvent,
        result,
        origin=name,
        event=name,
        prompt=None if shown is None else shown._name,
        timeout_s=limit,
        label=name,
    )


def _ask_engine(name: str, prompt: Any, schema: Any, limit_s: float | None) -> Any:
    answer = getattr(engine(f"interrupt '{name}'"), "interrupt", None)
    if answer is None:
        raise error(
            f"interrupt '{name}' has nobody to ask: found an engine without interrupt, "
            "expected interrupt(name, prompt, schema, timeout_s); add that method"
        )
    return answer(name, prompt, schema, limit_s)
