"""What an installation of agentc puts on a machine."""

from __future__ import annotations

import importlib.metadata
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def installed() -> list[Path]:
    """Files of the installed wheel, relative to site-packages."""
    try:
        found = importlib.metadata.distribution("agentc")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("agentc is not installed here")
    files = [Path(str(file)) for file in found.files or []]
    if any(file.suffix == ".pth" for file in files):
        pytest.skip("agentc is installed editable here")
    return files


def test_the_wheel_holds_only_agentc(installed: list[Path]) -> None:
    tops = {file.parts[0] for file in installed if file.parts[0] != ".."}
    info = {top for top in tops if top.startswith("agentc-") and top.endswith(".dist-info")}
    assert tops - info == {"agentc"}
    scripts = {file.name for file in installed if file.parts[0] == ".."}
    assert scripts == {"agentc", "agentc-opt"}


def test_the_mapped_folders_and_the_bindings_are_inside(installed: list[Path]) -> None:
    names = {str(file) for file in installed}
    for name in (
        "agentc/runtime/__init__.py",
        "agentc/cost_models/__init__.py",
        "agentc/_mlir/ir.py",
        "agentc/_mlir/dialects/agent.py",
        "agentc/_mlir/dialects/stage.py",
        "agentc/bin/agentc-opt",
    ):
        assert name in names
    assert not [n for n in names if n.endswith((".a", ".h", ".td", ".c"))]


def test_every_data_file_of_the_sources_is_inside(installed: list[Path]) -> None:
    names = {str(file) for file in installed}
    for folder in ("runtime", "cost_models"):
        sources = [p for kind in ("*.yaml", "*.py") for p in (ROOT / folder).rglob(kind)]
        missing = [p for p in sources if f"agentc/{p.relative_to(ROOT)}" not in names]
        assert missing == []


def test_the_installed_driver_runs(installed: list[Path]) -> None:
    from agentc.opt import find_opt

    run = subprocess.run(
        [find_opt(), "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0
    assert "agentc-lower-to-stage" in run.stdout


def test_the_wheel_stays_small(installed: list[Path]) -> None:
    """Native code below 60 MB: nobody downloads all of LLVM to run an agent."""
    base = importlib.metadata.distribution("agentc").locate_file("")
    size_bytes = sum((Path(base) / f).stat().st_size for f in installed if f.suffix == ".so")
    assert size_bytes < 60e6


def test_build_requirements_pin_one_mlir() -> None:
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    wheels = [r for r in requires if r.startswith("xtc-")]
    wanted = (ROOT / "cmake/llvm_version.txt").read_text().strip()
    assert len(wheels) == 4
    assert all("==" in r and r.split("==")[1].startswith(wanted) for r in wheels)
