"""Systems in processes of their own: resident memory after a fixed job, and cold start.

Every process has room for the same number of KV tokens, answers a short prompt with one token
(cold start ends there), then a prompt of 1,000 tokens with 64.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import child
from benchmarks.cases.context import Context
from benchmarks.harness.measure import Sample
from benchmarks.harness.memory import memory_bytes
from benchmarks.harness.results import OURS, CaseResult
from benchmarks.systems.llama_server import LlamaServer, ServerSettings
from benchmarks.systems.texts import prompt_tokens

SERVER = "llama.cpp server Q4_0"
ROOMY_TOKENS, USED_TOKENS = 8192, 1280
Run = Callable[[], tuple[float, int]]
"""Starts a system; returns the seconds to its first token, and its resident bytes at the end."""


def processes(context: Context) -> list[CaseResult]:
    """Resident memory with much room for KV and with no more than the job uses, and cold start."""
    memory, start = _measure(context, ROOMY_TOKENS)
    used, _ = _measure(context, USED_TOKENS)
    return [
        CaseResult(
            "memory",
            f"resident memory, room for {ROOMY_TOKENS} tokens",
            "MiB",
            memory,
            notes=("llama.cpp's KV is resident from the start, agentc's once it is used",),
        ),
        CaseResult("memory-used", "resident memory, room for what the job uses", "MiB", used),
        CaseResult("cold-start", "from the start of the process to the first token", "s", start),
    ]


Samples = dict[str, Sample]


def _measure(context: Context, kv_tokens: int) -> tuple[Samples, Samples]:
    """Memory in MiB and start in seconds of every system, with room for `kv_tokens` tokens."""
    runs = _runs(context, kv_tokens)
    seen: dict[str, list[tuple[float, int]]] = {name: [] for name in runs}
    for _ in range(context.repeats(5)):
        for name, run in runs.items():
            time.sleep(0.05)
            seen[name].append(run())
    room = f"{kv_tokens} tokens of KV"
    settings = dict.fromkeys(runs, f"{room}, with its Python") | {
        OURS: f"{context.model.precision}, {room}, with its Python",
        SERVER: f"{room}, no Python",
    }
    start = {n: Sample(tuple(s for s, _ in v), settings[n]) for n, v in seen.items()}
    memory = {n: Sample(tuple(b / 2**20 for _, b in v), settings[n]) for n, v in seen.items()}
    return memory, start


def _runs(context: Context, kv_tokens: int) -> dict[str, Run]:
    record = context.model.save(context.folder / "models" / "llm.json")
    files = context.peer_files()
    runs: dict[str, Run] = {OURS: lambda: _child("agentc", record, kv_tokens)}
    for name, file in files.items():
        runs[name] = lambda file=file: _child("llama.cpp", file, kv_tokens)  # type: ignore[misc]
    q4_0 = next(iter(files.values()))
    runs[SERVER] = lambda: _server(ServerSettings(q4_0, 1, kv_tokens, context.threads))
    return runs


def _child(system: str, file: Path, kv_tokens: int) -> tuple[float, int]:
    start = time.perf_counter()
    command = [sys.executable, child.__file__, system, str(file), str(kv_tokens)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        first_s = time.perf_counter() - start
        memory = process.stdout.readline()
    if first.strip() != "first" or process.returncode:
        raise RuntimeError(f"{system} failed in a process of its own")
    return first_s, int(json.loads(memory)["resident"])


def _server(settings: ServerSettings) -> tuple[float, int]:
    start = time.perf_counter()
    with LlamaServer(settings) as server:
        asyncio.run(server.complete(prompt_tokens(child.FIRST_PROMPT), 1))
        first_s = time.perf_counter() - start
        asyncio.run(server.complete(prompt_tokens(child.JOB_PROMPT), child.JOB_ANSWER))
        return first_s, memory_bytes(server.process_id)["resident"]
