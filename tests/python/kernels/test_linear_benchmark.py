"""The microbenchmark of the products runs and measures what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "kernels" / "linear.py"


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_it_measures_every_cell(tmp_path):
    out = tmp_path / "cells.json"
    sizes = ["--rows", "1", "7", "--shapes", "64x48", "--bursts", "1", "--memory-mb", "1"]
    command = [sys.executable, SCRIPT, *sizes, "--json", out]
    table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cells = json.loads(out.read_text())["cells"]
    assert [(c["form"], c["rows"]) for c in cells] == [("q4", 1), ("q4", 7), ("q8", 1), ("q8", 7)]
    for cell in cells:
        assert cell["gop_per_s"] == pytest.approx(
            2e-9 * cell["rows"] * 64 * 48 / cell["call_s"], rel=1e-6
        )
    assert len(table.splitlines()) == 1 + len(cells)
