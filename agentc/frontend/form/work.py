"""Operations that do the agent's work: models, indexes, tools, people and sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentc.frontend.form.base import (
    Attr,
    Count,
    Flag,
    MaybeCount,
    MaybeDist,
    MaybeFloat,
    MaybeInt,
    MaybeStr,
    MaybeSymbol,
    MaybeValue,
    Op,
    Operand,
    Str,
    Strs,
    Symbol,
    ValueName,
    ValueNames,
    Work,
)


class Prompt(Op):
    """Fills a template with values; result: text."""

    op: Literal["prompt"] = "prompt"
    template: Annotated[str, Attr("str", key="template_text")]
    args: Annotated[dict[str, str], Operand(names="arg_names")] = {}


class Generate(Work):
    """Runs a language model on a prompt; results: text, and the session when one is given."""

    sized = True
    op: Literal["generate"] = "generate"
    model: Symbol
    prompt: ValueName
    system: MaybeValue = None
    session: MaybeValue = None
    max_tokens: Count
    temperature: Annotated[float, Attr("f64"), Field(ge=0.0)] = 0.0
    top_k: MaybeCount = None
    top_p: MaybeFloat = None
    min_p: MaybeFloat = None
    seed: MaybeInt = None
    stop: Strs = None
    schema_: MaybeSymbol = Field(default=None, alias="schema")
    choices: Strs = None
    regex: MaybeStr = None
    out_tokens: MaybeDist = None
    stream: Flag = False
    site: MaybeInt = None


class Parse(Op):
    """Reads text as JSON of a schema; result: record. Throws "parse"."""

    op: Literal["parse"] = "parse"
    schema_: Symbol = Field(alias="schema")
    text: ValueName


class Embed(Work):
    """Embeds a text or a list of texts."""

    op: Literal["embed"] = "embed"
    model: Symbol
    text: ValueName


class Retrieve(Work):
    """Searches an index with a text or an embedding; result: docs, best first."""

    op: Literal["retrieve"] = "retrieve"
    index: Symbol
    query: ValueName
    k: Count


class Rerank(Work):
    """Scores passages against a query and keeps the best `k`; result: docs."""

    op: Literal["rerank"] = "rerank"
    model: Symbol
    query: ValueName
    docs: ValueName
    k: Count


class CallTool(Work):
    """Calls a tool; operands in its declared order."""

    op: Literal["call_tool"] = "call_tool"
    tool: Symbol
    args: ValueNames = []


class AwaitEvent(Work):
    """Waits for a person or another system; result: what comes back, typed."""

    op: Literal["await_event"] = "await_event"
    event: Str
    prompt: MaybeValue = None
    timeout_s: MaybeFloat = None


class Module(Work):
    """Runs a tensor module (a model of kind torch)."""

    op: Literal["module"] = "module"
    model: Symbol
    args: ValueNames = []


class OpenSession(Op):
    """Begins a conversation with a model; result: session."""

    op: Literal["open_session"] = "open_session"
    model: Symbol
    session_name: Str
    system: MaybeValue = None


class AppendSession(Op):
    """Adds a turn to a conversation; result: session."""

    op: Literal["append_session"] = "append_session"
    session: ValueName
    text: ValueName
    role: Annotated[Literal["user", "tool", "assistant"], Attr("str")]


WorkOp = (
    Prompt
    | Generate
    | Parse
    | Embed
    | Retrieve
    | Rerank
    | CallTool
    | AwaitEvent
    | Module
    | OpenSession
    | AppendSession
)
