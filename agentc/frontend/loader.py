"""Finding a graph in a user's file: `graph.py:name`, or the only graph of `graph.py`."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from agentc.errors import FrontendError, SourceLine
from agentc.frontend.form.document import load_json
from agentc.frontend.graph import Graph, TracedGraph
from agentc.frontend.places import relative_to
from agentc.frontend.templates import listed, suggest
from agentc.frontend.tools import Tool


def load_graph(target: str) -> Graph:
    """Imports a Python file and returns its graph. Importing runs the file's code.

    Args:
      target: "graph.py" (its only graph) or "graph.py:name".

    Raises:
      FrontendError: no such file, it fails while being imported, or it has no such graph.
    """
    path, name = split_target(target)
    module = import_file(path)
    graphs = {v.name: v for v in vars(module).values() if isinstance(v, Graph)}
    own = {n: g for n, g in graphs.items() if Path(g.file).resolve() == path} or graphs
    if name:
        by_name = graphs.get(name) or getattr(module, name, None)
        if isinstance(by_name, Graph):
            return by_name
        raise FrontendError(
            f"no graph '{name}': found {listed(graphs)}, expected a function decorated with "
            f"@ag.graph; {suggest(name, graphs)}correct the name after the colon",
            source=_source(path),
        )
    if len(own) == 1:
        return next(iter(own.values()))
    problem = "has no graph" if not own else "has several graphs"
    fix = (
        "decorate a function with @ag.graph"
        if not own
        else (f"choose one, for example {path.name}:{next(iter(own))}")
    )
    raise FrontendError(
        f"the file {problem}: found {listed(own)}, expected one; {fix}", source=_source(path)
    )


def load_program(target: str) -> TracedGraph:
    """Returns the graph of a Python file (imported and traced) or of a .json file.

    A JSON graph has no tools bound and runs no code.
    """
    path, _ = split_target(target)
    if path.suffix == ".json":
        document = load_json(_read_text(path), relative_to(str(path), os.getcwd()))
        return TracedGraph(document, file=str(path))
    return load_graph(target).trace()


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise FrontendError(
            f"the file cannot be read: {problem}; expected a JSON graph in UTF-8",
            source=_source(path),
        ) from problem


def load_tools(path: str) -> dict[str, Callable[..., Any]]:
    """Imports a Python file and returns its tools by name. Importing runs the file's code.

    Raises:
      FrontendError: no such file, or it fails while being imported.
    """
    found = vars(import_file(split_target(path)[0])).values()
    return {tool.name: tool.signature.function for tool in found if isinstance(tool, Tool)}


def split_target(target: str) -> tuple[Path, str]:
    """Returns the file and the graph's name ("" if none is given) of "graph.py:name".

    Raises:
      FrontendError: the file does not exist.
    """
    file, colon, name = target.rpartition(":")
    if not colon or os.sep in name or name.endswith((".py", ".json")):
        file, name = target, ""
    path = Path(file).expanduser()
    if not path.is_file():
        raise FrontendError(
            f"no such file '{file}': expected a Python file with a graph, as in graph.py or "
            "graph.py:name; correct the path"
        )
    return path.resolve(), name


def import_file(path: Path) -> ModuleType:
    """Imports a Python file under a name of its own, its folder on the import path meanwhile.

    Raises:
      FrontendError: the file cannot be imported; with its line that failed.
    """
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"agentc_user_{path.stem}_{digest}", path)
    if spec is None or spec.loader is None:
        raise FrontendError(
            f"not a Python file: found '{path.name}', expected a name that ends in .py, or .json "
            "for a graph in JSON; rename the file",
            source=_source(path),
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except FrontendError:
        raise
    except Exception as problem:  # whatever the user's file raises
        raise _import_error(problem, path) from problem
    finally:
        sys.path.remove(str(path.parent))
    return module


def _import_error(problem: Exception, path: Path) -> FrontendError:
    line = getattr(problem, "lineno", 0) if isinstance(problem, SyntaxError) else 0
    for frame in traceback.extract_tb(problem.__traceback__):
        if frame.filename == str(path):
            line = frame.lineno or 0
    text = str(problem).splitlines()[0] if str(problem) else ""
    return FrontendError(
        f"the file cannot be imported: {type(problem).__name__}: {text}; correct the file",
        source=_source(path, line or 0),
    )


def _source(path: Path, line: int = 0) -> SourceLine:
    return SourceLine(relative_to(str(path), os.getcwd()), line)
