"""agentc: compile an agent graph for mixed hardware, and run it.

    import agentc as ag

    @ag.llm(model="smollm2-135m-instruct")
    def answer(question: str) -> str:
        '''Answer in one sentence: {question}'''

    @ag.graph
    def qa(question: str) -> str:
        return answer(question)

Everything is imported when it is first used: `import agentc` itself is light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentc.api import compile, explain, load
    from agentc.frontend.annotations import Embedding, Tensor
    from agentc.frontend.arithmetic import concat, contains, flatten, length
    from agentc.frontend.builder import GraphBuilder
    from agentc.frontend.control import cond, loop, switch
    from agentc.frontend.dists import (
        SLA,
        Budget,
        constant,
        dist,
        empirical,
        lognormal,
        uniform,
    )
    from agentc.frontend.eager import eager
    from agentc.frontend.failure import interrupt, throw, try_
    from agentc.frontend.fan import map_ as map
    from agentc.frontend.fan import parallel, race, vote
    from agentc.frontend.graph import graph
    from agentc.frontend.llm import llm
    from agentc.frontend.models import model
    from agentc.frontend.passage import Passage
    from agentc.frontend.prompt import prompt
    from agentc.frontend.records import list_ as list
    from agentc.frontend.records import record, text
    from agentc.frontend.retrieval import embed, index, rerank, retrieve
    from agentc.frontend.sessions import session
    from agentc.frontend.tools import tool
    from agentc.frontend.torch_module import module

# Public name -> (module, name there).
_HOMES = {
    **{n: ("annotations", n) for n in ("Embedding", "Tensor")},
    **{n: ("arithmetic", n) for n in ("concat", "contains", "flatten", "length")},
    **{n: ("control", n) for n in ("cond", "loop", "switch")},
    **{
        n: ("dists", n)
        for n in ("SLA", "Budget", "constant", "dist", "empirical", "lognormal", "uniform")
    },
    **{n: ("failure", n) for n in ("interrupt", "throw", "try_")},
    **{n: ("fan", n) for n in ("parallel", "race", "vote")},
    **{n: ("retrieval", n) for n in ("embed", "index", "rerank", "retrieve")},
    "GraphBuilder": ("builder", "GraphBuilder"),
    "Passage": ("passage", "Passage"),
    "eager": ("eager", "eager"),
    "graph": ("graph", "graph"),
    "llm": ("llm", "llm"),
    "map": ("fan", "map_"),
    "model": ("models", "model"),
    "module": ("torch_module", "module"),
    "list": ("records", "list_"),
    "prompt": ("prompt", "prompt"),
    "record": ("records", "record"),
    "text": ("records", "text"),
    "session": ("sessions", "session"),
    "tool": ("tools", "tool"),
}
_API = ("compile", "explain", "load")
__all__ = [  # noqa: RUF022  spelt out for readers and linters
    "Budget", "Embedding", "GraphBuilder", "Passage", "SLA", "Tensor", "compile", "concat",
    "cond", "constant", "contains", "dist", "eager", "embed", "empirical", "explain", "flatten",
    "graph", "index", "interrupt", "length", "list", "llm", "load", "lognormal", "loop", "map",
    "model", "module", "parallel", "prompt", "race", "record", "rerank", "retrieve", "session",
    "switch", "text", "throw", "tool", "try_", "uniform", "vote",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _API:
        return getattr(importlib.import_module("agentc.api"), name)
    if name not in _HOMES:
        raise AttributeError(f"module 'agentc' has no attribute '{name}'")
    home, there = _HOMES[name]
    value = getattr(importlib.import_module(f"agentc.frontend.{home}"), there)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_API})
