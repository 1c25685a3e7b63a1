"""The lit tests of the dialects and passes, as part of the one test command."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]


def test_lit(tmp_path: Path) -> None:
    lit = Path(sysconfig.get_path("scripts")) / "lit"
    command = [sys.executable, lit, "-q", "-j2", "--param", f"exec_root={tmp_path}", TESTS]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
