"""The errors a user can meet. Every message says, in this order: what is wrong, what was found,
what was expected, what to do; in lower case, without a full stop, and with `file:line` in front
where there is one. An `assert` is for our own bugs only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceLine:
    """A place in a user's file. `line` is 1-based; 0 means "the file as a whole"."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class AgentcError(Exception):
    """Base of every error that a user can cause or must handle.

    Attributes:
      source: where in the user's files, or None.
      exit_code: what the command line returns for it.
    """

    exit_code = 2

    def __init__(self, message: str, *, source: SourceLine | None = None) -> None:
        self.message = message
        self.source = source
        super().__init__(f"{source}: {message}" if source else message)


class FrontendError(AgentcError):
    """The graph as written cannot become a program.

    Causes: a traced value used as a Python condition, a loop without `max_iters`, an unknown
    model, a missing field, a type mismatch.

    Example: `graph.py:12: a traced value (from 'grade') has no truth value while the graph is
    being traced; use agentc.cond(...) or agentc.loop(...)`. The fix stands in the message.
    """


class CompileError(AgentcError):
    """A program is well-formed but cannot be lowered: a verifier or a pass refused it, weights
    are unreadable, or code generation failed for a target. The message names the op's line."""


class ClusterError(AgentcError):
    """`cluster.yaml` is wrong: an unknown key, a number without a unit, a device that nothing
    defines, a missing price under a cost objective. The message names the line and, for a
    misspelt key, the nearest valid one."""


class InfeasibleError(AgentcError):
    """No placement satisfies all constraints. Not a failure but an answer: the message names the
    conflicting constraints in the user's words and the cheapest relaxation of each."""

    exit_code = 3


class ModelFormatError(AgentcError):
    """A weight, tokenizer or configuration file (GGUF, safetensors, JSON) is damaged or of a kind
    that agentc does not read. The message names the file, the tensor or key, what was found and
    what was expected."""


class PackageError(AgentcError):
    """A package is damaged, of another format version, or does not match its own hashes."""


class RuntimeFault(AgentcError):
    """A run could not go on. `kind` is one of the constants below and reaches the graph's
    `catch` region as the error's `kind` field.

    Kinds: "tool" (a tool raised), "timeout", "parse" (structured output did not parse),
    "throw" (the graph's own throw, or the kind it names), "capacity" (no KV pages or slots),
    "input" (a missing or ill-typed graph input), "device", "cancelled", "budget_exceeded".
    """

    exit_code = 1

    def __init__(
        self, message: str, *, kind: str = "device", source: SourceLine | None = None
    ) -> None:
        self.kind = kind
        if kind == "input":
            self.exit_code = 2
        super().__init__(message, source=source)


class BudgetExceeded(RuntimeFault):
    """The run's declared budget (USD, tokens or wall time) is used up; `partial` holds the graph
    outputs known so far, by name."""

    def __init__(
        self,
        message: str,
        *,
        partial: dict[str, object] | None = None,
        source: SourceLine | None = None,
    ) -> None:
        self.partial = partial or {}
        super().__init__(message, kind="budget_exceeded", source=source)
