"""Shared fixtures: everything compiled once, through the compile cache."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from agentc import models
from agentc.codegen import kernels

ROOT = Path(__file__).parents[3]
FLAGS = (
    "-std=gnu11 -O3 -ffreestanding -fPIC -fno-plt -fvisibility=hidden -fno-stack-protector "
    "-fno-asynchronous-unwind-tables -fno-math-errno -fno-tree-loop-distribute-patterns "
    "-mno-red-zone"
).split()


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory):
    """An empty compile cache for tests that count hits."""
    return tmp_path_factory.mktemp("agentc-cache")


@pytest.fixture(scope="session")
def smol():
    """SmolLM2, built for this machine."""
    return models.build(models.resolve("smollm2-135m-instruct"), "local-task")


@pytest.fixture(scope="session")
def minilm():
    """MiniLM, built for this machine."""
    return models.build(models.resolve("all-minilm-l6-v2"), "local-task")
