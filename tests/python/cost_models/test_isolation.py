"""cost_models stands alone: light to import, and nothing of MLIR, IREE, the runtime or the compiler
behind it; OR-Tools only when CP-SAT solves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import agentc.cost_models

FOLDER = Path(agentc.cost_models.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
ALLOWED = {"agentc.cost_models", "agentc.errors", "agentc.plan"}
LIBRARIES = {"msgspec", "pydantic", "pydantic_core", "rich", "ruamel", "ortools"}


def _run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _loaded_after(code: str) -> set[str]:
    done = _run(f"{code}\nimport sys; print(*sorted({{m.split('.')[0] for m in sys.modules}}))")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_is_light() -> None:
    """The package alone brings in nothing but the standard library."""
    loaded = _loaded_after("import agentc.cost_models")
    assert not loaded & {
        "ortools",
        "iree",
        "torch",
        "numpy",
        "pydantic",
        "rich",
        "ruamel",
        "msgspec",
    }


def test_everything_but_cpsat_works_without_ortools_iree_and_mlir() -> None:
    """With those blocked, a fleet is read, a problem built, solved by greedy and explained."""
    code = """
import sys
for name in ("ortools", "iree", "agentc._mlir", "torch", "agentc.runtime", "agentc.compiler"):
    sys.modules[name] = None
from agentc.cost_models import *
from agentc.cost_models import (Leaf, StageSpec, build_problem, explain, load_cluster, solve,
                                work_band)
from agentc.cost_models.render import render_json, render_text
text = '''agentc: cluster/v1
name: x
extends: [catalog:generic/2026-11]
nodes: {box: {count: 1, devices: {x86-64-v3: 1}}}
prices: {box: {on_demand: $1/h}}
'''
stage = StageSpec(op=1, kind="stage.encode", work={"f32": work_band({"flops": 1e9})})
problem = build_problem([stage], Leaf(1), [], load_cluster("c.yaml", text))
solution = solve(problem, solver="greedy")
assert "stage.encode" in render_text(explain(problem, solution))
render_json(explain(problem, solution))
"""
    done = _run(code)
    assert done.returncode == 0, done.stderr


def test_only_one_file_imports_ortools() -> None:
    """The seam to the solver is one file wide."""
    users = [path.name for path in FILES if "ortools" in _imports(path)]
    assert users == ["cpsat.py"]


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found | {name.split(".")[0] for name in found}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_dependencies_point_one_way(path: Path) -> None:
    """plan, errors <- cost_models, and the named libraries."""
    for name in _imports(path):
        top = name.split(".")[0]
        if name.startswith("agentc."):
            assert any(name == a or name.startswith(a + ".") for a in ALLOWED), name
        elif top != "agentc":
            assert top in LIBRARIES or top in sys.stdlib_module_names, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_short(path: Path) -> None:
    """One idea a file."""
    assert len(path.read_text().splitlines()) <= 300


def test_the_folder_name_is_not_a_package_name() -> None:
    """Importing it from the source tree says what to import instead."""
    done = _run(
        f"import sys; sys.path.insert(0, {str(FOLDER.resolve().parent)!r}); import cost_models"
    )
    assert done.returncode != 0
    assert "import 'agentc.cost_models'" in done.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for every module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = agentc.cost_models.nothing
    assert all(getattr(agentc.cost_models, name) is not None for name in agentc.cost_models.__all__)
