"""What is tested is what was installed, and importing it is light."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import agentc

ROOT = Path(__file__).parents[3]
HEAVY = ("iree", "ortools", "torch", "numpy", "pydantic", "tokenizers", "agentc._mlir")


@pytest.mark.skipif("AGENTC_TEST_WHEEL" not in os.environ, reason="set by make test")
def test_the_tests_see_the_wheel_and_not_the_sources() -> None:
    assert ROOT / "agentc" not in Path(agentc.__file__).resolve().parents


@pytest.mark.parametrize(
    ("module", "refused"),
    [
        ("agentc", HEAVY),
        ("agentc.errors", HEAVY),
        ("agentc.plan", HEAVY),
        ("agentc.models", ("iree", "ortools", "torch", "agentc._mlir")),
        ("agentc.cost_models", ("iree", "ortools", "torch", "agentc._mlir")),
        ("agentc.runtime", ("iree", "ortools", "torch", "agentc._mlir", "agentc.compiler")),
        ("agentc.runtime.app", ("ortools", "torch", "agentc._mlir", "agentc.cost_models")),
    ],
)
def test_importing_a_part_loads_nothing_that_it_does_not_need(
    module: str, refused: tuple[str, ...]
) -> None:
    program = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.splitlines()
    wrong = [m for m in loaded for r in refused if m == r or m.startswith(r + ".")]
    assert wrong == []
