"""Makes the helper modules beside this file importable in every import mode of pytest."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from engine_driver import Driver
from real_models import compile_model
from tiny_forward import TinyForward

from agentc.runtime.backends.iree import IreeDevice


@pytest.fixture
def driver():
    """Makes a Driver around a fresh tiny model."""
    return lambda pages=64, context_tokens=512, **options: Driver(
        TinyForward(pages, context_tokens), **options
    )


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory):
    """SmolLM2-135M-Instruct for this machine's CPU."""
    return compile_model("smollm2-135m-instruct", tmp_path_factory.mktemp("smollm2"))


@pytest.fixture(scope="session")
def minilm(tmp_path_factory):
    """all-MiniLM-L6-v2 for this machine's CPU."""
    return compile_model("all-minilm-l6-v2", tmp_path_factory.mktemp("minilm"))


@pytest.fixture(scope="session")
def cpu():
    """This machine's CPU, two workers."""
    with IreeDevice("local-task", 2) as device:
        yield device
