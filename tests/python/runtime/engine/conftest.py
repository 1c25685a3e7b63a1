"""Makes the helper modules beside this file importable in every import mode of pytest."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from engine_driver import Driver  # noqa: E402
from tiny_forward import TinyForward  # noqa: E402


@pytest.fixture
def driver():
    """Makes a Driver around a fresh tiny model."""
    return lambda pages=64, context_tokens=512, **options: Driver(
        TinyForward(pages, context_tokens), **options
    )
