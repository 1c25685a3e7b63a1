"""What goes into an engine and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentc.errors import RuntimeFault
from agentc.runtime.kv.snapshot import Snapshot, Usage

OnToken = Callable[[str, int], None]
"""Called with (text, token) for each sampled token; see README.md."""

MAX_LOGPROBS = 100
CONSTRAINTS = ("schema", "choices", "regex")


@dataclass(frozen=True)
class Sampling:
    """How a decode chooses tokens. The defaults are greedy; README.md has the exact rule."""

    max_tokens: int
    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    choices: tuple[str, ...] | None = None
    regex: str | None = None
    logprobs: int | None = None

    def __post_init__(self) -> None:
        """Raises RuntimeFault (kind "input") on a value out of range."""
        _check("max_tokens", self.max_tokens, self.max_tokens >= 1, "at least 1")
        _check("temperature", self.temperature, 0 <= self.temperature < float("inf"), ">= 0")
        _check("top_k", self.top_k, self.top_k is None or self.top_k >= 1, "at least 1")
        _check("top_p", self.top_p, self.top_p is None or 0 < self.top_p <= 1, "in (0, 1]")
        _check("min_p", self.min_p, self.min_p is None or 0 <= self.min_p <= 1, "in [0, 1]")
        _check("stop", self.stop, all(self.stop), "strings that are not empty")
        _check("choices", self.choices, self.choices is None or bool(self.choices), "at least one")
        right = self.logprobs is None or 0 <= self.logprobs <= MAX_LOGPROBS
        _check("logprobs", self.logprobs, right, f"0 to {MAX_LOGPROBS}")
        given = [n for n in CONSTRAINTS if getattr(self, n) is not None]
        _check("constraint", given, len(given) <= 1, "one of schema, choices, regex")

    @property
    def constrained(self) -> bool:
        """Whether a grammar restricts the text."""
        return any(getattr(self, name) is not None for name in CONSTRAINTS)


def _check(name: str, found: object, right: bool, expected: str) -> None:
    if not right:
        raise RuntimeFault(f"{name} is {found!r}, expected {expected}", kind="input")


@dataclass(frozen=True)
class TokenLogprobs:
    """Natural log-probabilities at one place of the text: of the token that was chosen, and of the
    most probable ones, best first. Of the model's own distribution; see `logprobs.py`."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Decoded:
    """The result of a decode. `finish` is "end", "stop", "grammar" or "length"; `snapshot`
    continues behind `tokens`, which hold what `text` holds. `logprobs`: one for each of `tokens`
    if `Sampling.logprobs` asked for them. Of `drafted_tokens` that ran as guesses `accepted_tokens`
    were right; that is a matter of speed only."""

    text: str
    tokens: tuple[int, ...]
    snapshot: Snapshot
    usage: Usage
    finish: str
    logprobs: tuple[TokenLogprobs, ...] = ()
    drafted_tokens: int = 0
    accepted_tokens: int = 0


@dataclass(eq=False)
class Request:
    """One call: a decode when `sampling` is given, else a prefill.

    `on_done` gets the result (Snapshot or Decoded) or an exception, once, in the engine's thread;
    `on_token` is called there too. `cancelled` may be set from any thread. `priority`: the higher
    the more urgent. `arrival` and `overtaken` belong to the queue.
    """

    snapshot: Snapshot
    sampling: Sampling | None
    seed: int
    on_done: Callable[[Snapshot | Decoded | BaseException], None]
    on_token: OnToken | None = None
    cancelled: bool = False
    priority: int = 0
    arrival: int = 0
    overtaken: int = 0

    @property
    def reserve_tokens(self) -> int:
        """How many tokens the sequence may grow by."""
        return self.sampling.max_tokens if self.sampling else 0
