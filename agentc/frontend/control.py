"""Branches and bounded loops: `cond`, `switch`, `loop`. Outside a graph they are plain Python."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentc.frontend import types as t
from agentc.frontend.constants import as_traced
from agentc.frontend.dists import Dist, as_dist
from agentc.frontend.failure import throw
from agentc.frontend.form.control import BreakIf, Cond, Loop, Switch
from agentc.frontend.places import error, here
from agentc.frontend.regions import (
    GraphThrow,
    call_with_index,
    carry_sessions,
    finish_branches,
    repack,
    trace_branch,
    unpack,
)
from agentc.frontend.tracer import Scope, Tracer, active
from agentc.frontend.units import positive_int, probability
from agentc.frontend.values import Traced

Function = Callable[..., Any]


def cond(
    condition: Any, then: Function, otherwise: Function, *operands: Any, p_true: float | None = None
) -> Any:
    """Runs `then(*operands)` if `condition`, else `otherwise(*operands)`.

    Args:
      condition: a traced bool, or a Python bool outside a graph.
      p_true: the probability that the condition holds, if known.

    Raises:
      FrontendError: the branches return values of different types.
    """
    tracer = active()
    if tracer is None:
        return then(*operands) if condition else otherwise(*operands)
    if p_true is not None:
        p_true = probability(p_true, "p_true of cond")
    place = here()
    test = as_traced(tracer, condition, t.I1, "condition of cond")
    branches = [trace_branch(tracer, "cond", fn, operands) for fn in (then, otherwise)]
    return finish_branches(
        tracer,
        "cond",
        branches,
        lambda blocks: {"then": blocks[0], "else_": blocks[1]},
        Cond,
        place,
        condition=test._name,
        p_true=p_true,
    )


def switch(
    selector: Any,
    cases: Mapping[Any, Function],
    *operands: Any,
    default: Function | None = None,
    weights: Sequence[float] | None = None,
) -> Any:
    """Runs the function of the case that equals `selector`, else `default`.

    Without a default, a selector that no case equals throws "throw". Cases are all texts or all
    integers. `weights` are the probabilities of the cases in order, the default's last.
    """
    tracer = active()
    if not cases:
        raise error(
            "switch has no cases: found an empty dict, expected at least one case; write "
            'ag.switch(value, {"a": fn, ...}, default=fn)'
        )
    if tracer is None:
        by_value = {_plain(key): fn for key, fn in cases.items()}
        chosen = by_value.get(_plain(selector), default)
        return chosen(*operands) if chosen else throw(_no_case(cases), "throw")
    return _trace_switch(tracer, selector, cases, operands, default, weights)


def _trace_switch(
    tracer: Tracer,
    selector: Any,
    cases: Mapping[Any, Function],
    operands: tuple[Any, ...],
    default: Function | None,
    weights: Sequence[float] | None,
) -> Any:
    place = here()
    keys = [_plain(key) for key in cases]
    expected = t.I64 if all(isinstance(key, int) for key in keys) else t.TEXT
    if expected == t.TEXT and not all(isinstance(key, str) for key in keys):
        raise error(
            f"switch mixes cases: found {keys!r}, expected all texts or all integers; use one kind"
        )
    value = as_traced(tracer, selector, expected, "selector of switch")
    otherwise = default or (lambda *_: throw(_no_case(cases), "throw"))
    functions = [otherwise, *cases.values()]
    return finish_branches(
        tracer,
        "switch",
        [trace_branch(tracer, "switch", fn, operands) for fn in functions],
        lambda blocks: {"default": blocks[0], "regions": blocks[1:]},
        Switch,
        place,
        selector=value._name,
        cases=keys,
        weights=_weights(weights, len(cases)),
    )


def _plain(key: Any) -> Any:
    """A case as the graph knows it: an Enum member is its value."""
    return key.value if isinstance(key, enum.Enum) else key


def _weights(weights: Sequence[float] | None, cases: int) -> list[float] | None:
    if weights is None:
        return None
    shares = [probability(w, "weight of switch") for w in weights]
    if len(shares) == cases:
        shares.append(max(0.0, round(1.0 - sum(shares), 9)))
    if len(shares) != cases + 1 or abs(sum(shares) - 1.0) > 1e-6:
        raise error(
            f"weights of switch are {list(weights)!r}, expected one for each of the "
            f"{cases} cases and the default, summing to 1; correct the weights"
        )
    return shares


def _no_case(cases: Mapping[Any, Function]) -> str:
    return f"no case of the switch matches; expected one of {', '.join(map(str, cases))}"


def loop(
    body: Function,
    *,
    init: Any,
    until: Function | None = None,
    max_iters: int | None = None,
    p_stop: float | None = None,
    iters: Dist | int | None = None,
) -> Any:
    """Repeats `value = body(value)` until `until(value)`, at most `max_iters` times.

    A tuple as `init` carries several values: `body(a, b)` returns as many, `until(a, b)` sees
    them. A body with a keyword-only parameter `i` receives the iteration, from 0.

    Args:
      p_stop: the probability that an iteration is the last one, if known.
      iters: the distribution of the number of iterations, if known.

    Raises:
      FrontendError: no `max_iters`, or the body returns other types than it receives.
    """
    if max_iters is None:
        raise error(
            "the loop is unbounded: found no max_iters, expected the largest number of "
            "iterations; write max_iters=3"
        )
    positive_int(max_iters, "max_iters of the loop")
    tracer = active()
    if tracer is None:
        return _run_loop(body, init, until, max_iters)
    if p_stop is not None:
        p_stop = probability(p_stop, "p_stop of the loop")
    dist = as_dist(iters, "iters of the loop", duration=False)
    return _trace_loop(tracer, body, init, until, max_iters, p_stop, dist)


def _run_loop(body: Function, init: Any, until: Function | None, max_iters: int) -> Any:
    value = init
    for i in range(max_iters):
        value = call_with_index(body, unpack(value), i)
        if until is not None and until(*unpack(value)):
            break
    return value


def _trace_loop(
    tracer: Tracer,
    body: Function,
    init: Any,
    until: Function | None,
    max_iters: int,
    p_stop: float | None,
    iters: Dist | None,
) -> Any:
    place = here()
    inits = [as_traced(tracer, v, None, "init of loop") for v in unpack(init)]
    with tracer.inside("loop", [t.I64, *(v._type for v in inits)]) as scope:
        carried = tuple(scope.args[1:])
        returned = call_with_index(body, carried, scope.args[0])
        values = _next_values(tracer, returned, inits)
        stop = None
        if until is not None and not scope.ended:
            stop = as_traced(tracer, until(*values), t.I1, "result of until")
    sessions = carry_sessions(tracer, scope)
    _end_loop(tracer, scope, [*values, *(s.last for s in sessions)], stop, place)
    all_inits = [*inits, *(s.first for s in sessions)]
    results = tracer.emit(
        Loop,
        [v._type for v in all_inits],
        origin="loop",
        place=place,
        init=[v._name for v in all_inits],
        max_iters=max_iters,
        p_stop=p_stop,
        iters=iters,
        body=scope.block(),
    )
    for session, result in zip(sessions, results[len(inits) :], strict=True):
        tracer.scope.sessions[session.name] = result
    return repack(results[: len(inits)], init)


def _next_values(tracer: Tracer, returned: Any, inits: list[Traced]) -> list[Traced]:
    if isinstance(returned, GraphThrow):
        return []
    values = unpack(returned)
    if len(values) != len(inits):
        raise error(
            f"the loop body returns {len(values)} values, expected {len(inits)} as in "
            "init; return the carried values in order"
        )
    pairs = zip(values, inits, strict=True)
    return [as_traced(tracer, v, i._type, "value carried by the loop") for v, i in pairs]


def _end_loop(
    tracer: Tracer, scope: Scope, values: list[Traced], stop: Traced | None, place: Any
) -> None:
    if stop is not None:
        names = [v._name for v in values]
        at = place.text(tracer.folder)
        scope.ops.append(BreakIf(condition=stop._name, values=names, at=at))
    tracer.end(scope, values, place)
