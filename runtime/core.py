"""The state of runs, and nothing else: no clock, no tasks, no decisions.

A `Run` is one execution of a plan. A `Scope` is one execution of a region: the root, a branch
taken, one iteration. It holds the values its operations have produced and what each still waits
for. An `Activity` is one operation in progress.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from agentc.plan import Op
from agentc.runtime.program import OpCode, RegionCode

if TYPE_CHECKING:
    from agentc.runtime.budget import Ledger

Path = tuple[int, ...]


@dataclass(frozen=True)
class Yielded:
    """A region ended with these values."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Broke:
    """A loop body ended through `break_if` with these values."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Failed:
    """A region ended because an error was thrown in it."""

    error: Exception


Outcome = Yielded | Broke | Failed


class Owner(Protocol):
    """Whoever opened a scope and hears how it ended."""

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        """`child` has ended with `outcome`."""
        ...


class Cancellable(Protocol):
    """An operation in progress that can be stopped."""

    def cancel(self) -> object:
        """Stops; nothing of it counts any more."""
        ...


class Held:
    """A value that holds a resource (a KV snapshot) until it is released."""

    def release(self) -> None:
        """Gives the resource back; a second call does nothing."""
        raise NotImplementedError


@dataclass(eq=False, slots=True)
class Scope:
    """One execution of a region.

    `missing[i]` counts what operation i still waits for; index n stands for the terminator.
    `stop` is the first index, in program order, that does not run: n, or where an operation
    threw or broke out, and `outcome` is how the scope ends there.
    """

    run: Run
    code: RegionCode
    parent: Scope | None
    owner: Owner
    slot: int
    path: Path
    missing: list[int]
    stop: int
    values: dict[int, Any] = field(default_factory=dict)
    waiters: dict[int, list[tuple[Scope, int]]] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    active: dict[int, Cancellable] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    outcome: Outcome | None = None
    before_stop: int = 0
    closed: bool = False

    def outwards(self, hops: int) -> Scope:
        """Returns the scope `hops` regions further out."""
        scope = self
        for _ in range(hops):
            assert scope.parent is not None
            scope = scope.parent
        return scope

    def operands(self, code: OpCode) -> list[Any]:
        """Returns the values of an operation's operands, which must all be there."""
        return [self.outwards(code.hops[v]).values[v] for v in code.op.operands]


@dataclass
class Usage:
    """What a run has used. `cached_tokens` are input tokens whose KV was already there."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    tool_calls: int = 0
    cost_usd: float = 0.0
    wall_s: float = 0.0


@dataclass(eq=False)
class Run:
    """One execution of a plan. `ready` collects the operations whose waiting is over."""

    id: str
    seed: int
    tenant: str
    inputs: dict[str, Any]
    ledger: Ledger
    submitted_s: float
    resumed: bool = False
    priority: int = 0
    usage: Usage = field(default_factory=Usage)
    root: Scope | None = None
    ready: deque[tuple[Scope, int]] = field(default_factory=deque)
    ended: bool = False
    error: BaseException | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    finished_s: float | None = None


@dataclass(eq=False)
class Activity:
    """One work operation in progress: waiting for a slot, then running, maybe several times."""

    run: Run
    scope: Scope
    code: OpCode
    operands: list[Any]
    ready_s: float
    number: int = 0
    attempt: int = 0
    started_s: float | None = None
    cancelled: bool = False
    stopper: Cancellable | None = None

    @property
    def op(self) -> Op:
        """The operation."""
        return self.code.op

    @property
    def path(self) -> Path:
        """The iteration it runs in, outermost first."""
        return self.scope.path

    def cancel(self) -> None:
        """Stops the work; its result, if one still comes, is dropped."""
        self.cancelled = True
        if self.stopper is not None:
            self.stopper.cancel()
