"""The dataflow: how values move between operations, and how scopes open and end.

Pure state transitions on `core` records. Three rules carry everything:

1. an operation is ready when its operands and the operations it must follow are there;
2. a scope ends at its `stop`: normally its terminator, else the first operation in program order
   that threw or broke out. What stands after the stop is cancelled, what stands before it is
   waited for. So a run ends as the program order says, however its operations overlapped;
3. a value that holds a resource belongs to the scope that made it, moves outwards when it is
   yielded, and is released when its scope closes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agentc.errors import RuntimeFault
from agentc.runtime.core import Cancellable, Failed, Held, Outcome, Owner, Path, Run, Scope, Yielded
from agentc.runtime.errors import at_source
from agentc.runtime.program import Needs, RegionCode


def open_scope(
    run: Run,
    code: RegionCode,
    *,
    parent: Scope | None,
    owner: Owner,
    slot: int = 0,
    path: Path = (),
    args: Sequence[Any] = (),
) -> Scope:
    """Starts one execution of a region; what can run at once joins the run's ready operations."""
    count = len(code.ops)
    scope = Scope(run, code, parent, owner, slot, path, [0] * (count + 1), stop=count)
    scope.values.update(zip(code.region.args, args, strict=True))
    for op in code.ops:
        scope.missing[op.index] = op.waits
        _subscribe(scope, op.index, op.needs)
    scope.missing[count] = len(code.needs)
    _subscribe(scope, count, code.needs)
    return scope


def _subscribe(scope: Scope, index: int, needs: Needs) -> None:
    for value, hops in needs:
        home = scope.outwards(hops)
        if value in home.values:
            scope.missing[index] -= 1
        else:
            home.waiters.setdefault(value, []).append((scope, index))
    if scope.missing[index] == 0:
        scope.run.ready.append((scope, index))


def _fulfil(scope: Scope, index: int) -> None:
    scope.missing[index] -= 1
    if scope.missing[index] == 0 and not scope.closed:
        scope.run.ready.append((scope, index))


def is_wanted(scope: Scope, index: int) -> bool:
    """True if operation `index` still stands before the scope's end."""
    return not scope.closed and (index < scope.stop or index == len(scope.code.ops))


def begin(scope: Scope, index: int, activity: Cancellable) -> None:
    """Notes that operation `index` is in progress and how to stop it."""
    scope.active[index] = activity


def publish(scope: Scope, value: int, content: Any) -> None:
    """Makes one value known to whoever waits for it."""
    scope.values[value] = content
    _hold(scope, (content,))
    for waiting, index in scope.waiters.pop(value, ()):
        _fulfil(waiting, index)


def complete(scope: Scope, index: int, results: Sequence[Any]) -> None:
    """Operation `index` has ended with `results`; those already published may be repeated."""
    if not is_wanted(scope, index):
        _release(results)
        return
    scope.active.pop(index, None)
    code = scope.code.ops[index]
    for value, content in zip(code.op.results, results, strict=True):
        if value not in scope.values:
            publish(scope, value, content)
    scope.done.add(index)
    scope.before_stop += 1
    for follower in code.followers:
        _fulfil(scope, follower)
    settle(scope)


def stop(scope: Scope, index: int, outcome: Outcome) -> None:
    """Operation `index` threw or broke out: nothing after it counts, everything before it does."""
    if scope.closed or index >= scope.stop:
        return
    scope.stop, scope.outcome = index, outcome
    scope.before_stop = sum(1 for done in scope.done if done < index)
    for later in [i for i in scope.active if i >= index]:
        activity = scope.active.pop(later)
        if later > index:
            activity.cancel()
    settle(scope)


def settle(scope: Scope) -> None:
    """Ends the scope if everything before its stop has ended."""
    if scope.closed or scope.before_stop < scope.stop:
        return
    outcome = scope.outcome
    if outcome is None:
        if scope.missing[scope.stop]:
            return
        outcome = _terminate(scope)
    _close(scope, outcome)
    scope.owner.child_ended(scope, outcome)


def _terminate(scope: Scope) -> Outcome:
    region, hops = scope.code.region, scope.code.hops
    values = tuple(scope.outwards(hops[v]).values[v] for v in region.yields)
    if region.end != "throw":
        return Yielded(values)
    kind = str(region.end_attrs.get("kind", "throw"))
    source = at_source(str(region.end_attrs.get("source", "")))
    return Failed(RuntimeFault(values[0], kind=kind, source=source))


def _close(scope: Scope, outcome: Outcome) -> None:
    scope.closed = True
    if scope.parent is not None and not isinstance(outcome, Failed):
        give(scope, scope.parent, outcome.values)
    _release(scope.held.values())
    scope.held.clear()


def cancel(scope: Scope) -> None:
    """Stops everything in the scope at once and gives back what it holds."""
    if scope.closed:
        return
    scope.closed = True
    for activity in list(scope.active.values()):
        activity.cancel()
    scope.active.clear()
    _release(scope.held.values())
    scope.held.clear()


def give(source: Scope, target: Scope, contents: Iterable[Any]) -> None:
    """Makes `target` the owner of those `contents` that `source` holds."""
    for content in contents:
        held = source.held.pop(id(content), None)
        if held is not None:
            target.held[id(held)] = held


def _hold(scope: Scope, contents: Iterable[Any]) -> None:
    for content in contents:
        if isinstance(content, Held):
            scope.held[id(content)] = content


def _release(contents: Iterable[Any]) -> None:
    for content in contents:
        if isinstance(content, Held):
            content.release()
