"""One work operation from start to end: journal, attempts, timeouts, back-off."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentc.errors import AgentcError, RuntimeFault
from agentc.plan import Op
from agentc.runtime.call import Call, WorkHandler, call_seed
from agentc.runtime.core import Activity, Run
from agentc.runtime.durable import UNKNOWN_OUTCOME, once
from agentc.runtime.errors import is_catchable, located, name_of
from agentc.runtime.services import Services
from agentc.runtime.trace import Event

Emit = Callable[[Run, Event], None]

TRANSIENT = ("device", "capacity", "timeout")
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 10.0


@dataclass(frozen=True)
class RetryRule:
    """How often an operation may be tried, and for how long each time.

    A tool is tried 1 + `retries` times: the number is its author's word that it may be called
    again. Other work is tried three times on a transient fault if the compiler marked it
    `may_retry`, else once.
    """

    attempts: int
    timeout_s: float | None
    any_fault: bool

    @staticmethod
    def of(op: Op, services: Services) -> RetryRule:
        """Returns the rule of `op`."""
        if op.kind == "stage.call":
            tool = services.tool(op.attrs["tool"])
            return RetryRule(1 + tool.retries, tool.timeout_s, any_fault=True)
        if op.kind == "agent.await_event":
            return RetryRule(1, None, any_fault=False)
        attempts = 3 if op.attrs.get("may_retry") else 1
        return RetryRule(attempts, op.attrs.get("timeout_s"), any_fault=False)

    def allows(self, attempt: int, error: Exception) -> bool:
        """True if attempt number `attempt` (from 0), which ended in `error`, may be followed."""
        if attempt + 1 >= self.attempts or not is_catchable(error):
            return False
        kind = getattr(error, "kind", "")
        return kind in TRANSIENT or (self.any_fault and kind != UNKNOWN_OUTCOME)


def backoff_s(activity: Activity) -> float:
    """Returns how long to wait before the next attempt: doubling, times a factor in [0.5, 1)
    drawn from the run's seed, the operation, its path and the attempt."""
    path = (*activity.path, activity.attempt)
    draw = random.Random(call_seed(activity.run.seed, activity.op.id, path)).random()
    doubling_s = FIRST_BACKOFF_S * 2.0**activity.attempt
    return min(LONGEST_BACKOFF_S, doubling_s) * (0.5 + draw / 2)


async def execute(
    activity: Activity, handler: WorkHandler, services: Services, emit: Emit
) -> Sequence[Any]:
    """Runs a work operation to its results, or raises its last error, located at its line."""
    rule = RetryRule.of(activity.op, services)
    while True:
        call = Call(activity, services, emit)
        try:
            results = await _attempt(call, handler, rule)
        except Exception as raised:
            error = _as_fault(raised, activity.op)
            if not rule.allows(activity.attempt, error):
                call.event("op_failed", error=str(error), kind=getattr(error, "kind", "device"))
                raise error from raised
            delay_s = backoff_s(activity)
            call.event("op_retry", error=str(error), backoff_s=delay_s)
            await services.clock.sleep(delay_s)
            activity.attempt += 1
        else:
            call.event("op_finished", **call.report)
            return results


async def _attempt(call: Call, handler: WorkHandler, rule: RetryRule) -> Sequence[Any]:
    limit = call.services.clock.timeout(rule.timeout_s)
    try:
        async with limit:
            return await once(call, handler)
    except TimeoutError as error:
        if not getattr(limit, "expired", lambda: False)():
            raise
        raise RuntimeFault(
            f"{name_of(call.op)} gave no result within {rule.timeout_s:g} s", kind="timeout"
        ) from error


def _as_fault(error: Exception, op: Op) -> Exception:
    """Returns `error` as one that a program can catch and a user can read."""
    if isinstance(error, AgentcError):
        return located(error, op)
    kind = "tool" if op.kind in ("stage.call", "stage.module") else "device"
    what = f"{name_of(op)} raised {type(error).__name__}: {error}"
    return located(RuntimeFault(what, kind=kind), op)
