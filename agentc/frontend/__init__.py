"""The front end: from what users write (decorated functions, a builder, JSON) to a program."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentc.frontend.builder import GraphBuilder
    from agentc.frontend.form.document import GraphDocument, dump_json, json_schema, load_json
    from agentc.frontend.graph import Graph, TracedGraph, trace
    from agentc.frontend.loader import load_graph, load_program
    from agentc.frontend.read import read_module

_HOMES = {
    "GraphBuilder": "builder",
    "GraphDocument": "form.document",
    "dump_json": "form.document",
    "json_schema": "form.document",
    "load_json": "form.document",
    "Graph": "graph",
    "TracedGraph": "graph",
    "trace": "graph",
    "load_graph": "loader",
    "load_program": "loader",
    "read_module": "read",
}
__all__ = [
    "Graph",
    "GraphBuilder",
    "GraphDocument",
    "TracedGraph",
    "dump_json",
    "json_schema",
    "load_graph",
    "load_json",
    "load_program",
    "read_module",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'agentc.frontend' has no attribute '{name}'")
    return getattr(importlib.import_module(f"agentc.frontend.{_HOMES[name]}"), name)
