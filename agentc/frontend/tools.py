"""`tool`: a Python function that the graph may call, with what it does to the world."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from agentc.frontend.annotations import type_of
from agentc.frontend.constants import as_traced
from agentc.frontend.dists import Dist, as_dist
from agentc.frontend.eager import call_tool
from agentc.frontend.form.base import Value
from agentc.frontend.form.document import ToolSymbol
from agentc.frontend.form.work import CallTool
from agentc.frontend.names import name_of
from agentc.frontend.places import error
from agentc.frontend.signature import Signature, read_signature
from agentc.frontend.tracer import Tracer, active
from agentc.frontend.types import Type
from agentc.frontend.units import seconds, usd_per_call
from agentc.frontend.values import Traced

Effects = Literal["pure", "idempotent", "stageable", "irreversible"]
EFFECTS = get_args(Effects)


@dataclass(frozen=True)
class Tool:
    """A function that the graph may call; made by `tool`. `effects` is one of EFFECTS."""

    name: str
    signature: Signature
    result: Type
    effects: Effects
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    timeout_s: float | None = None
    retries: int = 0
    latency: Dist | None = None
    cost_usd: float | None = None
    doc: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Emits the call inside a graph; calls the body outside of one."""
        arguments = self.signature.bind(args, kwargs)
        tracer = active()
        if tracer is None:
            return call_tool(self.signature.function, arguments)
        return self._trace(tracer, arguments)

    def _trace(self, tracer: Tracer, arguments: dict[str, Any]) -> Traced:
        self._check_race(tracer)
        self._declare(tracer)
        values = [
            as_traced(tracer, arguments[p.name], p.type, f"argument '{p.name}' of '{self.name}'")
            for p in self.signature.params
        ]
        names = [value._name for value in values]
        return tracer.emit_one(
            CallTool, self.result, origin=self.name, tool=self.name, args=names, label=self.name
        )

    def _check_race(self, tracer: Tracer) -> None:
        inside = any(scope.kind == "race" for scope in tracer.scope.outward())
        if self.effects == "irreversible" and inside:
            raise error(
                f"tool '{self.name}' is irreversible and stands inside a race: the losing branch "
                'cannot be undone; declare effects="pure", "idempotent" or "stageable" if it is '
                "one, or call it after the race"
            )

    def _declare(self, tracer: Tracer) -> None:
        known = tracer.functions.get(self.name)
        if known is not None and known is not self.signature.function:
            raise error(
                f"two tools are called '{self.name}': found the second at "
                f"{self.signature.place.source()}, expected different names in one graph; rename "
                f'one, for example with @ag.tool(name="{self.name}_2")'
            )
        tracer.functions[self.name] = self.signature.function
        tracer.tools[self.name] = self.symbol(self.signature.place.text(tracer.folder))

    def symbol(self, at: str) -> ToolSymbol:
        """Returns the tool's declaration in a graph."""
        return ToolSymbol(
            params=[Value(name=p.name, type=p.type) for p in self.signature.params],
            result=self.result,
            tool_class=self.effects,
            reads=list(self.reads) or None,
            writes=list(self.writes) or None,
            timeout_s=self.timeout_s,
            retries=self.retries,
            latency=self.latency,
            cost_usd=self.cost_usd,
            doc=self.doc,
            at=at,
        )


def tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    effects: str | None = None,
    idempotent: bool = False,
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
    timeout: str | None = None,
    retries: int = 0,
    latency: Dist | str | None = None,
    cost: str | None = None,
) -> Any:
    """Makes a function callable from a graph: `@ag.tool` or `@ag.tool(...)`; sync or async.

    Args:
      effects: "pure" (no effect, same answer), "idempotent" (repeating changes nothing more),
        "stageable" (takes effect only when committed) or "irreversible" (the default: the safe
        assumption about a tool of which nothing is said).
      idempotent: short for effects="idempotent".
      reads, writes: names of the resources it touches; calls that share none may be reordered.
      timeout: "5s". retries: how often a failed call is repeated.
      latency: its distribution (`ag.lognormal(p50="400ms", p95="2s")`) or a duration.
      cost: "$0.002/call".
    """

    def decorate(function: Callable[..., Any]) -> Tool:
        label = name_of(function, name, "tool")
        signature = read_signature(function, label, "tool")
        kind = _effects(effects, idempotent, label, signature)
        if not isinstance(retries, int) or retries < 0:
            raise error(
                f"retries of tool '{label}' is {retries!r}, expected an integer of at "
                "least 0; correct the number"
            )
        if retries and kind == "irreversible":
            raise error(
                f"tool '{label}' has retries but is irreversible: a retry may act twice; declare "
                'effects="idempotent" if repeating is harmless, or drop retries',
                signature.place,
            )
        if kind == "pure" and (reads or writes):
            raise error(
                f"tool '{label}' is pure but reads or writes {[*reads, *writes]}, expected a pure "
                'tool to touch nothing; declare effects="idempotent", or drop reads and writes',
                signature.place,
            )
        return Tool(
            label,
            signature,
            _result(signature, label),
            kind,
            tuple(reads),
            tuple(writes),
            None if timeout is None else seconds(timeout, f"timeout of tool '{label}'"),
            retries,
            as_dist(latency, f"latency of tool '{label}'", duration=True),
            None if cost is None else usd_per_call(cost, f"cost of tool '{label}'"),
            inspect.cleandoc(function.__doc__) if function.__doc__ else None,
        )

    return decorate if function is None else decorate(function)


def _effects(effects: str | None, idempotent: bool, name: str, signature: Signature) -> Effects:
    if effects is None:
        return "idempotent" if idempotent else "irreversible"
    if effects not in EFFECTS or (idempotent and effects == "irreversible"):
        raise error(
            f"effects of tool '{name}' is {effects!r}{' with idempotent=True' * idempotent}, "
            f"expected one of {', '.join(EFFECTS)}; correct it",
            signature.place,
        )
    return cast(Effects, effects)


def _result(signature: Signature, name: str) -> Type:
    if signature.result in (None, type(None)):
        raise error(
            f"tool '{name}' has no result annotation, expected the type of what it returns; write "
            '-> str, and return a text such as "done" when there is nothing else to say',
            signature.place,
        )
    return type_of(signature.result, f"result of tool '{name}'", signature.place)
