"""Budgets: what a run may use, reserved before each call and settled after it.

A call reserves the most it can use. Two calls at the same time therefore never go over together
what each alone would have kept within. Wall time needs no reservation: it is a deadline.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agentc.errors import BudgetExceeded, RuntimeFault
from agentc.plan import Budget

_ROUNDING = 1e-9  # so that 3 x 0.4 fits into 1.2


@dataclass
class Reservation:
    """What one call holds. The call sets `used_*` before it ends; by default all of it counts."""

    tokens: int
    usd: float
    used_tokens: int | None = None
    used_usd: float | None = None


class Ledger:
    """What a run has used and reserved, against its limits."""

    def __init__(self, limit: Budget) -> None:
        self.limit = limit
        self.tokens = 0
        self.usd = 0.0

    @contextmanager
    def reserve(self, what: str, *, tokens: int = 0, usd: float = 0.0) -> Iterator[Reservation]:
        """Holds `tokens` and `usd` during a call and settles to what it used.

        Raises BudgetExceeded, before anything is spent, if they do not fit. A call that fails or
        is cancelled before it reports has used what it reserved.
        """
        self._check(what, "tokens", self.tokens, tokens, self.limit.tokens)
        self._check(what, "USD", self.usd, usd, self.limit.usd)
        held = Reservation(tokens, usd)
        self.tokens += tokens
        self.usd += usd
        try:
            yield held
        finally:
            self.tokens += (tokens if held.used_tokens is None else held.used_tokens) - tokens
            self.usd += (usd if held.used_usd is None else held.used_usd) - usd

    @staticmethod
    def _check(what: str, unit: str, used: float, more: float, limit: float | None) -> None:
        if limit is not None and more > 0 and used + more > limit * (1 + _ROUNDING):
            raise BudgetExceeded(
                f"{what} may need {more:g} {unit}, {limit - used:g} of the budget of {limit:g} "
                f"{unit} are left; raise the budget or lower max_tokens"
            )


def tightest(*budgets: Budget | None) -> Budget:
    """Returns the lowest of each limit."""
    given = [budget for budget in budgets if budget is not None]

    def lowest(name: str) -> float | None:
        return min((v for b in given if (v := getattr(b, name)) is not None), default=None)

    tokens = lowest("tokens")
    return Budget(
        usd=lowest("usd"), tokens=None if tokens is None else int(tokens), wall_s=lowest("wall_s")
    )


def deadline_error(
    timeout_s: float | None, wall_s: float | None
) -> tuple[float, RuntimeFault] | None:
    """Returns when a run has to end, and the error it then ends with."""
    if wall_s is not None and (timeout_s is None or wall_s <= timeout_s):
        return wall_s, BudgetExceeded(
            f"the run has used its budget of {wall_s:g} s of wall time; raise the budget"
        )
    if timeout_s is not None:
        return timeout_s, RuntimeFault(f"no result within {timeout_s:g} s", kind="timeout")
    return None
