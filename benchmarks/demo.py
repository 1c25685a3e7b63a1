"""The figures of the README: compile cold and cached, open, first token, tokens per second, memory.

    python benchmarks/demo.py            # a table, and JSON on the last line

Every figure is the median of `REPEATS` runs of samples/rag_qa on this machine, but for the cold
compile, which runs once in an empty cache. Nothing else should run meanwhile.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 7
SAMPLES = Path(__file__).parents[1] / "samples"
QUESTIONS = [
    "How often should the water filter be changed?",
    "When does the heating season start?",
    "What does a night in the guest room cost?",
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AGENTC_CACHE"] = f"{folder}/cache"
        os.environ["PYTHONSAFEPATH"] = "1"  # the installed agentc, not the folder we may be in
        package = Path(folder) / "rag_qa.agentpkg"
        figures = {"compile_cold_s": _compile(package), "compile_cached_s": _compile(package)}
        # a process of its own, so that its memory is that of a run
        child = [sys.executable, __file__, str(package)]
        done = subprocess.run(child, capture_output=True, text=True, check=True)
        figures |= json.loads(done.stdout)
    for name, value in figures.items():
        print(f"{name:24} {value:10.3f}")
    print(json.dumps(figures))


def _compile(package: Path) -> float:
    """Returns the seconds of one `agentc compile`, as a user sees it."""
    graph, target = SAMPLES / "rag_qa" / "graph.py", SAMPLES / "cluster.yaml"
    command = [sys.executable, "-m", "agentc.cli", "compile", graph, "-t", target, "-o", package]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def measure(package: Path) -> dict[str, float]:
    """Returns the figures of runs of `package` in this process."""
    import asyncio

    from agentc import api

    start = time.perf_counter()
    app = api.load(package)
    rows: list[dict[str, float]] = []

    async def run() -> float:
        await app.warm()
        open_s = time.perf_counter() - start
        for number in range(REPEATS):
            began = time.perf_counter()
            result = await app.run(question=QUESTIONS[number % len(QUESTIONS)], seed=number)
            ended = time.perf_counter()
            rows.append(_figures(result) | {"run_s": ended - began})
        await app.aclose()
        return open_s

    open_s = asyncio.run(run())
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"open_s": open_s, **medians, "resident_mb": resident}


def _figures(result: object) -> dict[str, float]:
    """First token (from the start of the run) and decode speed, from the run's own trace."""
    events = result.trace.events  # type: ignore[attr-defined]
    began = next(e.time_s for e in events if e.kind == "run_started")
    decode = next(e for e in events if e.kind == "op_finished" and "output_tokens" in e.data)
    started = next(e for e in events if e.kind == "op_started" and e.op == decode.op)
    first = started.time_s + decode.data["ttft_s"]
    tokens = decode.data["output_tokens"] - 1
    return {
        "first_token_s": first - began,
        "tokens_per_s": tokens / (decode.time_s - first),
        "output_tokens": decode.data["output_tokens"],
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
    else:
        main()
