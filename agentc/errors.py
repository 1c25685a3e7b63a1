"""The errors a user can meet. Every message says, in this order: what is wrong, what was found,
what was expected, what to do; in lower case, without a full stop, and with `file:line` in front
where there is one. An `assert` is for our own bugs only.

The docstrings are the sections of docs/errors.md: what an error means, its causes, the fix, and an
example that `tools/gen_error_docs.py` runs to show the message as it is. The named blocks are its
files, the `sh` block holds the commands, of which the last fails.
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

    Causes: a traced value used as a Python condition, a loop without `max_iters`, an unknown model
    or placeholder, a missing field, a type mismatch, a graph file that cannot be imported.

    Fix: change the line that the message names, as it says. What depends on a value of the run
    (a branch, a loop, a sum) is written with `agentc.cond`, `agentc.loop` and the like, so that it
    becomes part of the program.

    `graph.py`
    ```python
    import agentc as ag


    @ag.tool(effects="pure")
    def is_long(text: str) -> bool:
        return len(text) > 80


    @ag.graph
    def shorten(text: str) -> str:
        if is_long(text):
            return "too long"
        return text
    ```
    ```sh
    agentc ir graph.py
    ```
    """


class CompileError(AgentcError):
    """A program is well-formed but cannot be lowered.

    Causes: a verifier or a pass refused it, documents of an index are missing or unreadable, a
    torch module cannot be exported, a precision does not exist for a model, or code generation
    failed for a target.

    Fix: the message names the line of the operation, or the document, and what was expected there.

    `graph.py`
    ```python
    import agentc as ag

    notes = ag.index("notes", path="notes/", embedder="all-minilm-l6-v2")


    @ag.retrieve(index=notes, k=4)
    def search(question: str) -> list[ag.Passage]: ...


    @ag.graph
    def find(question: str) -> list[ag.Passage]:
        return search(question)
    ```
    ```sh
    agentc compile graph.py --target cluster.yaml -o app.agentpkg
    ```
    """


class ClusterError(AgentcError):
    """`cluster.yaml` is wrong.

    Causes: an unknown or missing key, a number without a unit or with one of another dimension, a
    device or link that nothing defines, a missing price under a cost objective.

    Fix: correct the line that the message names; for a misspelt key it gives the nearest valid
    one. `agentc target validate` checks a file, docs/cluster.md lists every key.

    `cluster.yaml`
    ```yaml
    agentc: cluster/v1
    name: this-machine
    device_classes:
      local-cpu:
        kind: cpu
        memroy: 8GiB
    nodes:
      box: {count: 1, devices: {local-cpu: 1}}
    ```
    ```sh
    agentc target validate cluster.yaml
    ```
    """


class InfeasibleError(AgentcError):
    """No placement satisfies all constraints. Not a failure but an answer.

    Causes: an SLA, a budget, a memory size or a limit of the fleet that cannot hold together with
    the others; a stage that no device class can run. The message names the constraints that are in
    conflict, in the user's words, and no others.

    Fix: the message ends with the cheapest relaxation of each constraint, all others kept.

    `graph.py`
    ```python
    import agentc as ag


    @ag.tool(effects="pure", latency=ag.lognormal(p50="80ms", p95="300ms"))
    def look_up(word: str) -> str:
        return {"cat": "a small animal"}[word]


    @ag.graph(sla=ag.SLA(p95="50ms"))
    def define(word: str) -> str:
        return look_up(word)
    ```
    ```sh
    agentc compile graph.py --target cluster.yaml -o app.agentpkg
    ```
    """

    exit_code = 3


class ModelFormatError(AgentcError):
    """A weight, tokenizer or configuration file is damaged, or of a kind that agentc cannot read.

    Causes: a GGUF or safetensors file that is cut off, a tensor of another shape or type than the
    architecture asks for, an architecture, tokenizer, rope scaling or activation that is not
    supported, a chat template that cannot be rendered.

    Fix: download the file again if it is damaged; else choose another model, or another conversion
    of it. The message names the file, the tensor or key, what was found and what was expected.

    `tiny.gguf`
    ```text
    GGUF
    ```

    `graph.py`
    ```python
    import agentc as ag


    @ag.llm(model="tiny.gguf", max_tokens=8)
    def answer(question: str) -> str:
        "{question}"


    @ag.graph
    def ask(question: str) -> str:
        return answer(question)
    ```
    ```sh
    agentc compile graph.py --target cluster.yaml -o app.agentpkg
    ```
    """


class PackageError(AgentcError):
    """A package cannot be used, or cannot be written.

    Causes: it is damaged, of another format version, or does not match its own hashes; it calls a
    tool or needs weights that are not there; the output path holds something that is no package.

    Fix: compile the graph again with this version of agentc, and name the tools of the graph with
    `--tools` or `tools=`. Weights that a package does not bundle are in the parameter store of the
    machine that compiled it: use `--bundle` to take them along.

    `app.agentpkg/manifest.json`
    ```json
    {"format_version": 99, "agentc_version": "9.0", "compilers": {}, "files": {}}
    ```
    ```sh
    agentc run app.agentpkg --input question="why?"
    ```
    """


class RuntimeFault(AgentcError):
    """A run could not go on. `kind` says why, and reaches the `catch` region of the graph's
    `agentc.try_` as the error's `kind` field.

    Causes, by kind: "tool" (a tool raised), "timeout", "parse" (structured output is not valid),
    "arithmetic" (overflow, division by zero), "index" (outside a list), "throw" or any kind that
    the graph's own `agentc.throw` names, "capacity" (no KV pages or slots), "device", "input" (a
    missing or ill-typed graph input; exit code 2), "unknown_outcome" (a resumed run had begun a
    tool call that is not safe to repeat); and, not to be caught, "cancelled" and "budget_exceeded".

    Fix: correct the input or the tool; or let the graph handle it with `agentc.try_`, the tool's
    `retries=` and `timeout=`. `--trace` keeps what happened before.

    `graph.py`
    ```python
    import agentc as ag


    @ag.tool(effects="pure")
    def look_up(word: str) -> str:
        return {"cat": "a small animal"}[word]


    @ag.graph
    def define(word: str) -> str:
        return look_up(word)
    ```
    ```sh
    agentc compile graph.py --target cluster.yaml -o app.agentpkg
    agentc run app.agentpkg --tools graph.py --input word=dog
    ```
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
    """The run's declared budget (USD, tokens or wall time) is used up.

    Causes: calls took longer or wrote more than the graph's `agentc.Budget` allows. A call reserves
    the most it can use before it starts, so a budget is never overrun and then noticed.

    Fix: raise the budget, or lower what is reserved: `max_tokens`, `max_iters`, the width of a map.
    `partial` holds the graph outputs known so far, by name.

    `graph.py`
    ```python
    import time

    import agentc as ag


    @ag.tool(effects="pure", latency=ag.lognormal(p50="20ms", p95="50ms"))
    def ponder(word: str) -> str:
        time.sleep(0.5)
        return word


    @ag.graph(budget=ag.Budget(wall="200ms"))
    def echo(word: str) -> str:
        return ponder(word)
    ```
    ```sh
    agentc compile graph.py --target cluster.yaml -o app.agentpkg
    agentc run app.agentpkg --tools graph.py --input word=dog
    ```
    """

    def __init__(
        self,
        message: str,
        *,
        partial: dict[str, object] | None = None,
        source: SourceLine | None = None,
    ) -> None:
        self.partial = partial or {}
        super().__init__(message, kind="budget_exceeded", source=source)
