"""Many at once: `map`, `parallel`, `vote`, `race`. Outside a graph they run one after the other."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

from agentc.errors import RuntimeFault
from agentc.frontend import types as t
from agentc.frontend.constants import as_traced
from agentc.frontend.dists import Dist, as_dist
from agentc.frontend.form.control import Map, Parallel, Race, Vote
from agentc.frontend.form.data import Flatten, MakeList
from agentc.frontend.places import error, here, place_of_function
from agentc.frontend.regions import (
    branch_of,
    call_with_index,
    common_types,
    end_values,
    finish_branches,
    repack,
    trace_branch,
)
from agentc.frontend.tracer import Tracer, active
from agentc.frontend.units import positive_int
from agentc.frontend.values import Traced

Function = Callable[..., Any]
REDUCTIONS = ("majority", "mean", "median")


def map_(
    fn: Function,
    items: Any,
    *,
    width: Dist | int | None = None,
    max_parallel: int | None = None,
) -> Any:
    """Runs `fn(item)` for every item, in parallel; the results are a list in input order.

    A function that returns a tuple gives a tuple of lists; one with a keyword-only parameter `i`
    receives the item's index.

    Args:
      width: the distribution of the number of items, if known.
      max_parallel: how many may run at once.
    """
    dist = as_dist(width, "width of map", duration=False)
    if max_parallel is not None:
        positive_int(max_parallel, "max_parallel of map")
    tracer = active()
    if tracer is None:
        results = [call_with_index(fn, [item], i) for i, item in enumerate(items)]
        is_tuple = bool(results) and isinstance(results[0], tuple)
        return tuple(map(list, zip(*results, strict=True))) if is_tuple else results
    list_ = as_traced(tracer, items, None, "list of map")
    if t.element_of(list_._type) is None:
        raise error(
            f"map runs over a list: found {list_._type} (from '{list_._origin}'), expected "
            "list<T> or docs; pass the list as the second argument"
        )
    return _trace_map(tracer, fn, list_, dist, max_parallel)


def _trace_map(
    tracer: Tracer, fn: Function, list_: Traced, width: Dist | None, max_parallel: int | None
) -> Any:
    place = here()
    element = t.element_of(list_._type)
    assert element is not None
    with tracer.inside("map", [t.I64, element]) as scope:
        index, item = scope.args
        returned = call_with_index(fn, [item], index)
        branch = branch_of(scope, returned, "map", place_of_function(fn))
        types = common_types("map", [branch]) if branch.values is not None else []
        if branch.values is not None:
            values = end_values(tracer, branch, types, "map")
            values = [_as_docs(tracer, value) for value in values]
            tracer.end(scope, values, place)
            types = [value._type for value in values]
    results = tracer.emit(
        Map,
        [t.ListOf(type_) for type_ in types],
        origin=_name_of(fn, "map"),
        place=place,
        list_=list_._name,
        width=width,
        max_parallel=max_parallel,
        body=scope.block(),
    )
    original = common_types("map", [branch]) if types else []
    pairs = zip(results, original, strict=True)
    return repack([_undo_docs(tracer, r, o) for r, o in pairs], () if branch.is_tuple else None)


def _as_docs(tracer: Tracer, value: Traced) -> Traced:
    """A passage that a map's body yields travels as docs, so that the map's result can be docs."""
    if value._type != t.PASSAGE:
        return value
    return tracer.emit_one(MakeList, t.DOCS, items=[value._name], origin=value._origin)


def _undo_docs(tracer: Tracer, result: Traced, original: t.Type) -> Traced:
    if original != t.PASSAGE:
        return result
    return tracer.emit_one(Flatten, t.DOCS, list_=result._name, origin=result._origin)


def parallel(*functions: Function) -> Any:
    """Runs functions without arguments at once; returns a tuple of their results, in order."""
    if not functions:
        raise error("parallel has no functions, expected at least one; write ag.parallel(f, g)")
    tracer = active()
    if tracer is None:
        return tuple(fn() for fn in functions)
    place = here()
    branches = [trace_branch(tracer, "parallel", fn, ()) for fn in functions]
    types: list[t.Type] = []
    for branch in branches:
        if branch.values is None:
            raise error(
                f"a function of parallel always throws ({branch.place.source()}), expected it to "
                "return a value; throw inside a cond",
                place,
            )
        own = common_types("parallel", [branch])
        tracer.end(branch.scope, end_values(tracer, branch, own, "parallel"), place)
        types += own
    regions = [branch.scope.block() for branch in branches]
    results = tracer.emit(Parallel, types, origin="parallel", place=place, regions=regions)
    grouped = []
    for branch in branches:
        count = len(branch.values or [])
        grouped.append(repack(results[:count], () if branch.is_tuple else None))
        results = results[count:]
    return tuple(grouped)


def race(*functions: Function) -> Any:
    """Runs functions without arguments at once; the first to finish gives the result.

    No tool that cannot be undone may be called inside. Outside a graph: the first, in order,
    that does not throw.
    """
    if len(functions) < 2:
        raise error(f"race has {len(functions)} functions, expected at least two; add another")
    tracer = active()
    if tracer is None:
        return _first_to_finish(functions)
    branches = [trace_branch(tracer, "race", fn, ()) for fn in functions]
    return finish_branches(tracer, "race", branches, lambda b: {"regions": b}, Race, here())


def _first_to_finish(functions: tuple[Function, ...]) -> Any:
    for fn in functions[:-1]:
        try:
            return fn()
        except RuntimeFault:
            continue
    return functions[-1]()


def vote(
    fn: Function,
    *operands: Any,
    n: int,
    reduce: str = "majority",
    quorum: int | None = None,
    cancel_rest: bool = False,
) -> Any:
    """Runs `fn(*operands)` `n` times and reduces the results to one.

    majority: the value given most often, the earliest on a tie; with a quorum, the first value
    that so many give, in order. mean and median are of numbers.

    Args:
      cancel_rest: the runs that can no longer matter may be cancelled.
    """
    positive_int(n, "n of vote")
    if reduce not in REDUCTIONS:
        raise error(
            f"reduce of vote is {reduce!r}, expected one of {', '.join(REDUCTIONS)}; "
            "correct the name"
        )
    _check_quorum(n, reduce, quorum, cancel_rest)
    tracer = active()
    if tracer is None:
        return _count(fn, operands, n, reduce, quorum)
    place = here()
    with tracer.inside("vote", [t.I64]) as scope:
        returned = call_with_index(fn, operands, scope.args[0])
        value = as_traced(tracer, returned, None, "result of vote")
        if not t.is_printable(value._type):
            raise error(
                f"vote cannot count {value._type} (from '{value._origin}'), expected text, a "
                "number, a bool, a record or a list of these; return one of them"
            )
        if reduce != "majority" and value._type not in (t.I64, t.F64):
            raise error(
                f"vote cannot take the {reduce} of {value._type} (from '{value._origin}'), "
                'expected i64 or f64; use reduce="majority"'
            )
        tracer.end(scope, [value], place)
    return tracer.emit_one(
        Vote,
        t.F64 if reduce == "mean" else value._type,
        origin=_name_of(fn, "vote"),
        place=place,
        n=n,
        reduce=reduce,
        quorum=quorum,
        cancel_rest=cancel_rest,
        body=scope.block(),
    )


def _check_quorum(n: int, reduce: str, quorum: int | None, cancel_rest: bool) -> None:
    if quorum is None:
        if cancel_rest:
            raise error(
                "vote has cancel_rest and no quorum: nothing is ever left to cancel, expected a "
                "quorum; add quorum=, or drop cancel_rest"
            )
        return
    if positive_int(quorum, "quorum of vote") > n:
        raise error(f"quorum of vote is {quorum}, expected at most n = {n}; lower it")
    if reduce != "majority":
        raise error(
            f'vote has a quorum and reduce="{reduce}", expected a quorum with "majority" only; '
            "drop one of both"
        )


def _count(fn: Function, operands: tuple[Any, ...], n: int, reduce: str, quorum: int | None) -> Any:
    values: list[Any] = []
    counts: dict[str, int] = {}
    for i in range(n):
        sample = call_with_index(fn, operands, i)
        values.append(sample.strip() if isinstance(sample, str) else sample)
        key = _ballot(values[-1])
        counts[key] = counts.get(key, 0) + 1
        if quorum is not None and counts[key] == quorum:
            return values[-1]
    if reduce == "mean":
        return statistics.fmean(values)
    if reduce == "median":
        return (
            statistics.median_low(values)
            if isinstance(values[0], int)
            else (statistics.median(values))
        )
    winner = max(counts, key=lambda key: counts[key])
    return next(value for value in values if _ballot(value) == winner)


def _ballot(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    plain = value.model_dump() if hasattr(value, "model_dump") else value
    return json.dumps(plain, sort_keys=True, default=vars)


def _name_of(fn: Function, default: str) -> str:
    name = str(getattr(fn, "name", None) or getattr(fn, "__name__", ""))
    return default if name in ("", "<lambda>") else name
