"""Tracing the functions that users give to control operations, and joining their results.

A conversation (session) that a region goes on with is threaded out of it: branches yield it, loops
carry it. Fan-outs (`map`, `vote`, `parallel`) each go on from the conversation as it stood; what
they add ends with them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentc.frontend import types as t
from agentc.frontend.constants import as_traced, type_of_value
from agentc.frontend.form.base import Op
from agentc.frontend.form.control import Block
from agentc.frontend.form.walk import rename
from agentc.frontend.places import Place, error, place_of_function
from agentc.frontend.tracer import Scope, Tracer, threw
from agentc.frontend.values import Traced

Function = Callable[..., Any]


class GraphThrow:
    """What `throw` returns while tracing: the branch that returns it ends with the error."""


@dataclass
class Branch:
    """A traced region before its end: what the function returned (None if it threw)."""

    scope: Scope
    values: list[Any] | None
    is_tuple: bool
    place: Place


def unpack(value: Any) -> list[Any]:
    """Returns the values of a function's result: a tuple's items, one value, or none."""
    if value is None:
        return []
    return list(value) if isinstance(value, tuple) else [value]


def repack(values: Sequence[Any], like: Any) -> Any:
    """Returns `values` in the shape of `like`: a tuple, one value, or None."""
    if isinstance(like, tuple):
        return tuple(values)
    return values[0] if values else None


def call_with_index(fn: Function, args: Sequence[Any], index: Any) -> Any:
    """Calls `fn(*args)`, with `i=index` if it has a keyword-only parameter `i`."""
    try:
        parameter = inspect.signature(fn).parameters.get("i")
    except (TypeError, ValueError):
        parameter = None
    wants_index = parameter is not None and parameter.kind is parameter.KEYWORD_ONLY
    return fn(*args, i=index) if wants_index else fn(*args)


def trace_branch(
    tracer: Tracer,
    kind: str,
    fn: Function,
    operands: Sequence[Any],
    arg_types: Sequence[t.Type] = (),
) -> Branch:
    """Traces `fn(*arguments, *operands)` in a new region."""
    if not callable(fn):
        raise error(
            f"{kind} takes functions: found {type(fn).__name__}, expected a function that "
            "returns the value; write lambda: value"
        )
    with tracer.inside(kind, arg_types) as scope:
        returned = fn(*scope.args, *operands)
        return branch_of(scope, returned, kind, place_of_function(fn))


def branch_of(scope: Scope, returned: Any, kind: str, place: Place) -> Branch:
    """Wraps what a region's function returned."""
    if isinstance(returned, GraphThrow) or threw(scope):
        return Branch(scope, None, False, place)
    return Branch(scope, unpack(returned), isinstance(returned, tuple), place)


def finish_branches(
    tracer: Tracer,
    what: str,
    branches: Sequence[Branch],
    regions: Callable[[list[Block]], dict[str, Any]],
    op: type[Op],
    place: Place,
    **fields: Any,
) -> Any:
    """Ends alternative regions with values of equal types and emits the operation around them.

    Raises:
      FrontendError: the regions return different numbers or types of values.
    """
    live = [branch for branch in branches if branch.values is not None]
    types = common_types(what, live)
    sessions = _touched(live)
    for branch in live:
        values = end_values(tracer, branch, types, what)
        values += [_session_in(branch.scope, name) for name in sessions]
        tracer.end(branch.scope, values, place)
    blocks = regions([branch.scope.block() for branch in branches])
    result_types = [*types, *(t.SESSION for _ in sessions)]
    results = tracer.emit(op, result_types, origin=what, place=place, **blocks, **fields)
    for name, result in zip(sessions, results[len(types) :], strict=True):
        tracer.scope.sessions[name] = result
    if not live:
        return None
    return repack(results[: len(types)], () if live[0].is_tuple else None)


def end_values(tracer: Tracer, branch: Branch, types: Sequence[t.Type], what: str) -> list[Traced]:
    """Turns what a branch returned into values of its region."""
    assert branch.values is not None
    outer, tracer.scope = tracer.scope, branch.scope
    try:
        pairs = zip(branch.values, types, strict=True)
        return [as_traced(tracer, value, type_, f"result of {what}") for value, type_ in pairs]
    finally:
        tracer.scope = outer


def common_types(what: str, branches: Sequence[Branch]) -> list[t.Type]:
    """Returns the types that all branches return.

    Raises:
      FrontendError: they differ; the message shows two that do, with their lines.
    """
    if not branches:
        return []
    counts = [len(branch.values or []) for branch in branches]
    first = branches[0]
    for branch, count in zip(branches, counts, strict=True):
        if count != counts[0]:
            raise _differ(what, first, branch, f"{counts[0]} values", f"{count} values")
    columns = zip(*(branch.values or [] for branch in branches), strict=True)
    return [_common_type(what, branches, column) for column in columns]


def _common_type(what: str, branches: Sequence[Branch], column: Sequence[Any]) -> t.Type:
    traced = [(b, v) for b, v in zip(branches, column, strict=True) if isinstance(v, Traced)]
    if not traced:
        types = [_plain_type(value, what) for value in column]
        if t.F64 in types and set(types) == {t.I64, t.F64}:
            return t.F64
        for branch, type_ in zip(branches, types, strict=True):
            if type_ != types[0]:
                raise _differ(what, branches[0], branch, str(types[0]), str(type_))
        return types[0]
    owner, model = traced[0]
    for branch, value in traced:
        if value._type != model._type:
            raise _differ(what, owner, branch, str(model._type), str(value._type))
    return model._type


def _plain_type(value: Any, what: str) -> t.Type:
    return type_of_value(value, f"result of {what}")


def _differ(what: str, first: Branch, second: Branch, one: str, other: str) -> Exception:
    return error(
        f"the branches of {what} return different types: found {one} "
        f"({first.place.source()}) and {other} ({second.place.source()}), expected the same; "
        "return values of one type from all branches"
    )


@dataclass(frozen=True)
class CarriedSession:
    """A conversation that a loop goes on with: what enters the loop, and what a turn ends with."""

    name: str
    first: Traced
    last: Traced


def carry_sessions(tracer: Tracer, scope: Scope) -> list[CarriedSession]:
    """Makes the conversations that a loop's body went on with arguments of the body."""
    carried = []
    for name in scope.touched():
        first = _session_in(tracer.scope, name)
        argument = tracer.new_value(t.SESSION, f"session '{name}'", scope)
        scope.args.append(argument)
        rename(scope.ops, {first._name: argument._name})
        carried.append(CarriedSession(name, first, scope.sessions[name]))
    return carried


def _touched(branches: Sequence[Branch]) -> list[str]:
    return list(dict.fromkeys(name for branch in branches for name in branch.scope.touched()))


def _session_in(scope: Scope, name: str) -> Traced:
    found = scope.session(name)
    assert found is not None, f"session {name} is touched but not known around its region"
    return found
