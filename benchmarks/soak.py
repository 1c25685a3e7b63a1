"""A soak: random sessions on the real engine, with a pool that is too small for them.

    python benchmarks/soak.py --minutes 20                 # PASS or FAIL, and JSON on the last line
    python benchmarks/soak.py --minutes 1 --precision f32

Sessions arrive at random, grow, fork, are cancelled, parked, swapped, saved, loaded and preempted,
with priorities, stop strings and constraints. In the end
- every page is free and nobody waits;
- memory is flat: over the second half of the time it grows by less than `MAX_GROWTH_SHARE`;
- calls with known answers have had them, and mistakes have been refused.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

# Behind everything else: the folder agentc of the sources must not hide the installed one.
sys.path.append(str(Path(__file__).parents[1]))

from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine import AsyncEngine, EngineOptions, PageByPage, StepRecord, open_engine
from agentc.runtime.kv import FileTier, HostTier
from benchmarks.harness.memory import memory_bytes
from benchmarks.harness.soak_clients import Soak, client
from benchmarks.systems.compiled import MODEL, compile_model, device

SAMPLE_S = 1.0
CANARIES = 6
MAX_GROWTH_SHARE = 0.02
HOST_PAGES, FILE_PAGES = 64, 200


def main() -> int:
    """Returns 0 when all held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--precision", default="", help="as in `agentc compile`")
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--pages", type=int, default=140, help="of the pool")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--optimistic", action="store_true", help="reserve page by page")
    report = asyncio.run(soak(parser.parse_args()))
    for name, value in report.items():
        print(f"{name:24}{value}")
    print("PASS" if report["passed"] else "FAIL")
    print(json.dumps(report))
    return 0 if report["passed"] else 1


async def soak(options: argparse.Namespace) -> dict[str, Any]:
    """Runs the clients and says how it went."""
    steps: list[StepRecord] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        IreeDevice("local-task", options.workers) as cpu,
    ):
        engine = _open(options, Path(folder), cpu, steps)
        async with engine:
            state = Soak(engine, Path(folder), time.monotonic, float("inf"))
            await state.learn_canaries(CANARIES)
            started_s = time.monotonic()
            state.end_s = started_s + options.minutes * 60
            memory = asyncio.create_task(_watch_memory(state, started_s, steps))
            await asyncio.gather(*(client(state, n) for n in range(options.clients)))
            state.end_s = 0.0
            samples, rows = await memory
            free = await _free_pages(engine)
            report = _report(state, samples, rows, time.monotonic() - started_s)
            report |= {"pages": options.pages - 1, "free_pages": free}
            report |= _swapping(engine)
            del state
    held = not report["wrong"] and free == options.pages - 1
    report["passed"] = held and report["memory_growth_share"] < MAX_GROWTH_SHARE
    return report


def _open(
    options: argparse.Namespace, folder: Path, cpu: IreeDevice, steps: list[StepRecord]
) -> AsyncEngine:
    compiled = compile_model(MODEL, options.precision, folder)
    binary = compiled.model.binaries["cpu"]
    itemsize = {"f32": 4, "f16": 2, "i8": 1}[binary.page_dtype]
    page_bytes = int(np.prod(binary.page_shape)) * itemsize
    files = FileTier(folder / "pages", FILE_PAGES * page_bytes)
    rest = {"reservation": PageByPage()} if options.optimistic else {}
    engine_options = EngineOptions(
        max_sequences=12,
        max_calls=20,
        tier=HostTier(HOST_PAGES * page_bytes, files),
        on_step=steps.append,
        **rest,
    )
    return open_engine(
        compiled.model,
        device(options.pages * page_bytes, options.workers),
        cpu,
        vmfb=Path(compiled.vmfb),
        parameters=Path(compiled.parameters),
        tokenizer=Path(compiled.tokenizer),
        options=engine_options,
    )


async def _watch_memory(
    state: Soak, started_s: float, steps: list[StepRecord]
) -> tuple[list[tuple[float, int]], int]:
    """(seconds, resident bytes) each second, and the rows that ran."""
    samples, rows = [], 0
    while not state.over:
        rows += sum(step.decode_rows + step.prefill_rows for step in steps)
        steps.clear()
        samples.append((time.monotonic() - started_s, memory_bytes(os.getpid())["resident"]))
        await asyncio.sleep(SAMPLE_S)
    return samples, rows


async def _free_pages(engine: AsyncEngine) -> int:
    """Pages that are free when nobody holds any and the prefix cache is emptied."""
    gc.collect()
    for _ in range(500):  # what was cancelled last ends within a step
        load = engine.load()
        if not (load.running or load.waiting):
            break
        await asyncio.sleep(0.01)
    cache = engine._engine.cache
    cache.tree.clear()
    return engine.load().free_pages


def _report(
    state: Soak, samples: list[tuple[float, int]], rows: int, elapsed_s: float
) -> dict[str, Any]:
    half = [sample for sample in samples if sample[0] >= samples[-1][0] / 2]
    slope = 0.0
    if len(half) > 2:
        slope = float(np.polyfit([s for s, _ in half], [b for _, b in half], 1)[0])
    growth = slope * (half[-1][0] - half[0][0])
    return {
        "elapsed_s": round(elapsed_s, 1),
        "rows": rows,
        "counts": dict(sorted(state.counts.items())),
        "wrong": state.wrong[:20],
        "resident_mib": round(half[-1][1] / 2**20, 1),
        "memory_slope_kib_s": round(slope / 1024, 2),
        "memory_growth_share": round(growth / half[-1][1], 5),
    }


def _swapping(engine: AsyncEngine) -> dict[str, int]:
    core = engine._engine
    return {
        "swapped_out_pages": core.cache.swap.swapped_out,
        "swapped_in_pages": core.cache.swap.swapped_in,
        "suspensions": core.suspensions,
    }


if __name__ == "__main__":
    sys.exit(main())
