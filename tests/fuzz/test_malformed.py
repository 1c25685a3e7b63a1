"""200 malformed graphs, clusters, packages and weights: a typed error each; no crash, no hang."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EACH = 50
SEED = 20261121
LIMIT_S = 600


@pytest.mark.parametrize("family", ["graphs", "clusters", "packages", "weights"])
def test_malformed_files_are_refused_with_a_typed_error(family: str) -> None:
    command = [sys.executable, Path(__file__).parent / "families.py", family, str(SEED), str(EACH)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = [outcome for _, outcome in map(json.loads, done.stdout.splitlines())]
    assert [outcome for outcome in found if outcome.startswith("wrong")] == []
    refused = [outcome for outcome in found if outcome.startswith("refused")]
    assert len(refused) == EACH
    assert all("Traceback" not in outcome for outcome in refused)
