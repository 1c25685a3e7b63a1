"""benchmarks/soak.py for some seconds: its clients do what they say, and every page comes back."""

import argparse
import asyncio
import sys
from pathlib import Path

# Behind everything else: the folder agentc of the sources must not hide the installed one.
sys.path.append(str(Path(__file__).parents[4]))

from benchmarks.soak import soak


def test_ten_seconds():
    options = argparse.Namespace(
        minutes=8 / 60, precision="", clients=16, pages=110, workers=2, optimistic=True
    )
    report = asyncio.run(soak(options))
    assert report["wrong"] == []
    assert report["free_pages"] == report["pages"] == 109
    counts = report["counts"]
    done = ("canary", "cancelled", "file", "forks", "mistake", "sessions", "turn", "wait")
    assert all(counts[name] > 0 for name in done if name not in ("file", "mistake"))
    assert counts["tokens"] > 50
