"""What a large vocabulary costs a process that only encodes and decodes with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOAD = """
import sys
from agentc.runtime.engine.tokenizer import Tokenizer

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

before = resident_mb()
tokenizer = Tokenizer.load(__import__("pathlib").Path(sys.argv[1]))
print(resident_mb() - before, tokenizer.vocabulary_size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and glibc gives memory back")
def test_parsing_a_vocabulary_leaves_no_garbage(tmp_path):
    """The text and its parse tree are gone: without that it is 84 MB, not 50."""
    count = 60_000
    letters = [chr(0x4E00 + i) for i in range(300)]
    merges = [(a, b) for a in letters for b in letters][: count - len(letters)]
    vocabulary = {t: i for i, t in enumerate([*letters, *(a + b for a, b in merges)])}
    model = {"type": "BPE", "vocab": vocabulary, "merges": merges}
    (tmp_path / "t.json").write_text(json.dumps({"version": "1.0", "model": model}))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path / "t.json")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    grown_mb, size = map(float, done.stdout.split())
    assert size == count
    assert grown_mb < 68
