"""Compiles every sample once a session, through the compile cache."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from cases import SAMPLES, Case

from agentc import api


@pytest.fixture(scope="session")
def package_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Path]:
    """Returns the package of a case; each is compiled at most once."""
    folder = tmp_path_factory.mktemp("packages")
    made: dict[str, Path] = {}

    def package(case: Case) -> Path:
        if case.needs_torch and importlib.util.find_spec("torch_mlir") is None:
            pytest.skip("torch-mlir is not installed (agentc[torch])")
        if case.path not in made:
            output = folder / (case.path.replace("/", "_") + ".agentpkg")
            api.compile(case.file, SAMPLES / "cluster.yaml", output)
            made[case.path] = output
        return made[case.path]

    return package
