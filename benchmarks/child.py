"""A process whose start and memory are measured: one system, the first token, a fixed job.

    python benchmarks/child.py agentc RECORD KV_TOKENS      # RECORD: from systems/compiled.py
    python benchmarks/child.py llama.cpp FILE KV_TOKENS

Prints "first" when the first token is there, then a line of JSON with its memory after the job.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.harness.memory import memory_bytes
from benchmarks.systems.texts import prompt_tokens

FIRST_PROMPT, JOB_PROMPT, JOB_ANSWER = 16, 1000, 64
THREADS = 2


def main() -> None:
    """Runs the system that the command line names."""
    system, file, kv_tokens = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    run_agentc(file, kv_tokens) if system == "agentc" else run_llama(file, kv_tokens)
    print(json.dumps(memory_bytes(os.getpid())), flush=True)
    os._exit(0)


def run_agentc(record: Path, kv_tokens: int) -> None:
    """Opens the compiled model as a package's reader would; the whole engine."""
    from agentc.runtime.backends.iree import IreeDevice
    from benchmarks.systems.compiled import load
    from benchmarks.systems.ours import open_async_engine, whole_answer

    engine = open_async_engine(load(record), IreeDevice("local-task", THREADS), kv_tokens)
    asyncio.run(whole_answer(engine, prompt_tokens(FIRST_PROMPT), 1))
    print("first", flush=True)
    asyncio.run(whole_answer(engine, prompt_tokens(JOB_PROMPT), JOB_ANSWER))
    global kept  # the memory is read while the engine is open
    kept = engine


def run_llama(file: Path, kv_tokens: int) -> None:
    """The library, driven by the same loop as in continuous batching."""
    from benchmarks.systems import llama_batching
    from benchmarks.systems.llama import LlamaSettings, LlamaSteps

    steps = LlamaSteps(LlamaSettings(file, THREADS), 1, kv_tokens)
    llama_batching.run(steps, [prompt_tokens(FIRST_PROMPT)], [1], 1)
    print("first", flush=True)
    llama_batching.run(steps, [prompt_tokens(JOB_PROMPT)], [JOB_ANSWER], 1)
    global kept
    kept = steps


kept: object = None

if __name__ == "__main__":
    main()
