"""The lit tests of dialects and passes, one pytest test a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDERS = sorted({path.parent for path in HERE.rglob("*.mlir") if "Output" not in path.parts})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(HERE)))
def test_lit(folder: Path, tmp_path: Path) -> None:
    files = sorted(folder.glob("*.mlir"))
    lit = [sys.executable, "-c", "from lit.main import main; main()"]
    command = [*lit, "-v", "-j2", "--param", f"exec_root={tmp_path}", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
