"""The tracer: where operations go while a graph function runs, region by region.

A `Tracer` collects the operations of one graph. The decorated functions and control functions find
it with `active()`; each region being traced is a `Scope`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agentc.frontend.form.base import Op, Value
from agentc.frontend.form.control import TERMINATORS, Block, Throw, Yield
from agentc.frontend.form.document import IndexSymbol, ModelSymbol, SchemaSymbol, ToolSymbol
from agentc.frontend.places import Place, error, here
from agentc.frontend.types import Type
from agentc.frontend.values import Traced, wrap

_ACTIVE: ContextVar[Tracer | None] = ContextVar("agentc_tracer", default=None)


def active() -> Tracer | None:
    """Returns the tracer of the graph being traced, or None outside of one."""
    return _ACTIVE.get()


def current(what: str) -> Tracer:
    """Returns the tracer of the graph being traced; `what` names the caller in the error."""
    tracer = _ACTIVE.get()
    if tracer is None:
        raise error(
            f"{what} belongs inside a graph: found no @ag.graph function running; call it from one"
        )
    return tracer


def tracer_of(what: str, *values: Any) -> Tracer:
    """Like `current`, or else the tracer of a value whose graph is still being built."""
    tracer = _ACTIVE.get()
    if tracer is not None:
        return tracer
    owners = [v._tracer for v in values if isinstance(v, Traced) and not v._tracer.is_finished]
    return owners[0] if owners else current(what)


@dataclass
class Scope:
    """A region while it is traced. `sessions` are the conversations as this region sees them;
    `opened` those that began in it and end with it."""

    kind: str
    parent: Scope | None
    args: list[Traced] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    sessions: dict[str, Traced] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)

    @property
    def ended(self) -> bool:
        return bool(self.ops) and isinstance(self.ops[-1], TERMINATORS)

    def outward(self) -> Iterator[Scope]:
        """Yields this scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def session(self, name: str) -> Traced | None:
        """Returns the conversation `name` as it stands here."""
        return next((s.sessions[name] for s in self.outward() if name in s.sessions), None)

    def touched(self) -> list[str]:
        """Returns the conversations from outside that this region went on with."""
        return [name for name in self.sessions if name not in self.opened]

    def block(self) -> Block:
        """Returns the finished region."""
        args = [Value(name=a._name, type=a._type) for a in self.args]
        ops: list[Any] = list(self.ops)
        return Block(args=args, ops=ops)


@dataclass
class SessionInfo:
    """What a conversation was opened with; `system` is a static system text or None."""

    model: str
    system: str | None


class Tracer:
    """Collects one graph: its operations, the symbols they name, and the Python behind tools.

    Attributes:
      folder: the folder of the graph's file; places are written relative to it.
      functions: Python callables of tools, by name. `torch_modules`: torch modules, by name.
    """

    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        self.folder = folder
        self.models: dict[str, ModelSymbol] = {}
        self.tools: dict[str, ToolSymbol] = {}
        self.indexes: dict[str, IndexSymbol] = {}
        self.schemas: dict[str, SchemaSymbol] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.torch_modules: dict[str, Any] = {}
        self.session_info: dict[str, SessionInfo] = {}
        self.root = self.scope = Scope("graph", None)
        self.is_finished = False
        self._values = 0
        self._sites = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Makes this the active tracer for the time of the block."""
        token = _ACTIVE.set(self)
        try:
            yield
        finally:
            _ACTIVE.reset(token)

    def next_site(self) -> int:
        """Numbers the call sites of `generate`, which seeds are derived from."""
        self._sites += 1
        return self._sites - 1

    def new_value(self, type_: Type, origin: str, scope: Scope | None = None) -> Traced:
        """Makes a value of `scope` (by default the current one)."""
        name = f"v{self._values}"
        self._values += 1
        return wrap(name, type_, origin, self, scope or self.scope)

    def emit(
        self,
        op: type[Op],
        results: Sequence[Type] = (),
        *,
        origin: str = "",
        place: Place | None = None,
        scope: Scope | None = None,
        **fields: Any,
    ) -> list[Traced]:
        """Appends an operation to `scope` and returns its results.

        Args:
          origin: what messages call the results ("grade"); by default the operation's name.
        """
        target = scope or self.scope
        at = (place or here()).text(self.folder)
        if target.ended:
            raise error(
                "this part of the graph cannot be reached: found an operation after ag.throw, "
                "expected the branch to end there; write return ag.throw(...)",
                place,
            )
        name = origin or op.model_fields["op"].default
        values = [self.new_value(type_, name, target) for type_ in results]
        made = [Value(name=v._name, type=v._type) for v in values]
        try:
            target.ops.append(op(results=made, at=at, **fields))
        except ValidationError as problem:
            raise _invalid(problem, name, place) from None
        return values

    def emit_one(self, op: type[Op], result: Type, **fields: Any) -> Traced:
        """Like `emit`, for an operation with one result."""
        return self.emit(op, [result], **fields)[0]

    def name_of(self, value: Traced) -> str:
        """Returns the name of a value that is to be used here.

        Raises:
          FrontendError: the value belongs to another graph or to a region that has ended.
        """
        if value._tracer is self and any(s is value._scope for s in self.scope.outward()):
            return value._name
        where = "another graph" if value._tracer is not self else "a region that has ended"
        raise error(
            f"undefined variable: the value from '{value._origin}' belongs to {where}, expected a "
            "value made here or around here; return it from the region and use the result"
        )

    @contextmanager
    def inside(self, kind: str, arg_types: Sequence[Type] = ()) -> Iterator[Scope]:
        """Traces into a new region for the time of the block."""
        outer = self.scope
        self.scope = Scope(kind, outer)
        self.scope.args = [self.new_value(type_, f"argument of {kind}") for type_ in arg_types]
        try:
            yield self.scope
        finally:
            self.scope = outer

    def end(self, scope: Scope, values: Sequence[Traced], place: Place) -> None:
        """Ends a region with `values`, unless it threw."""
        if not scope.ended:
            names = [value._name for value in values]
            scope.ops.append(Yield(values=names, at=place.text(self.folder)))


def _invalid(problem: ValidationError, origin: str, place: Place | None) -> Exception:
    first = problem.errors(include_url=False)[0]
    name = str(first["loc"][0]).rstrip("_") if first["loc"] else "an argument"
    reason = first["msg"][:1].lower() + first["msg"][1:]
    return error(
        f"{name} of '{origin}' is not valid: found {first['input']!r}, expected: {reason}; "
        "correct the value",
        place,
    )


def threw(scope: Scope) -> bool:
    """Says whether a region ended with ag.throw."""
    return scope.ended and isinstance(scope.ops[-1], Throw)
