"""Who may import whom (docs/layout.md), held by reading every import and include."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# part -> parts of ours that it may import (itself is always allowed)
ALLOWED = {
    "agentc.errors": set(),
    "agentc.processor": set(),
    "agentc.plan": {"agentc.errors"},
    "agentc.package": {"agentc.plan", "agentc.errors"},
    "agentc.indexing": {"agentc.errors"},
    "agentc.index_files": {"agentc.package", "agentc.plan", "agentc.runtime", "agentc.compiler"},
    "agentc.runtime": {"agentc.plan", "agentc.errors", "agentc.package", "agentc.processor"},
    "agentc.cost_models": {"agentc.plan", "agentc.errors"},
    "agentc.models": {"agentc.plan", "agentc.errors", "agentc.codegen"},
    "agentc.codegen": {"agentc.errors", "agentc.processor"},
    "agentc.frontend": {"agentc._mlir", "agentc.errors", "agentc.models"},
    "agentc.interpreter": {"agentc._mlir", "agentc.errors", "agentc.plan"},
    "agentc.compiler": {
        "agentc._mlir",
        "agentc.codegen",
        "agentc.cost_models",
        "agentc.errors",
        "agentc.frontend",
        "agentc.indexing",
        "agentc.models",
        "agentc.package",
        "agentc.plan",
    },
}
NO_RULE = {"agentc.api", "agentc.cli"}  # the top: may import all, nothing below imports them

FOLDERS = {"agentc.runtime": "runtime", "agentc.cost_models": "cost_models"}


def _sources(part: str) -> list[Path]:
    path = ROOT / FOLDERS.get(part, part.replace(".", "/"))
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def _imports(path: Path, part: str) -> set[str]:
    package = _module_name(path, part).split(".")
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            names |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return names


def _module_name(path: Path, part: str) -> str:
    """Returns the dotted name of the package that holds `path`."""
    folder = ROOT / FOLDERS.get(part, part.replace(".", "/"))
    inside = path.relative_to(folder).parent.parts if folder.is_dir() else ()
    return ".".join([part, *inside]) if folder.is_dir() else part.rpartition(".")[0]


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_imports_point_downwards(part: str) -> None:
    others = (set(ALLOWED) | NO_RULE | {"agentc._mlir"}) - {part} - ALLOWED[part]
    sources = _sources(part)
    assert sources and all(path.exists() for path in sources)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources
        for name in _imports(path, part)
        if any(name == other or name.startswith(other + ".") for other in others)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("folder", "refused"),
    [("dialects", ("passes/", "ortools")), ("passes", ("Python.h", "ortools"))],
)
def test_includes_point_downwards(folder: str, refused: tuple[str, ...]) -> None:
    include = re.compile(r'^\s*(?:#\s*)?include\s+["<]([^">]+)[">]', re.MULTILINE)
    files = [
        path
        for pattern in ("*.h", "*.cpp", "*.td")
        for path in (ROOT / folder).rglob(pattern)
        if "CAPI" not in path.parts  # the C API stands above both: it registers them
    ]
    assert files
    wrong = [
        f"{path.relative_to(ROOT)} includes {name}"
        for path in files
        for name in include.findall(path.read_text())
        if name.lower().startswith(refused)
    ]
    assert wrong == []
