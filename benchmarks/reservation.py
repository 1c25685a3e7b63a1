"""How much room a request should take when it starts: whole answers, or page by page.

    python benchmarks/reservation.py --precision i4      # a table, and JSON on the last line

The same requests in the same order with each policy, with pools from roomy to tight. Answers
may have `--max-tokens` and are about `--length` long, as those of an agent are shorter than they
may be; a length of `--max-tokens` is the worst case. Fewest seconds of `--repeats` runs; texts are
compared between all runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

# Behind everything else: the folder agentc of the sources must not hide the installed one.
sys.path.append(str(Path(__file__).parents[1]))

from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine import (
    AsyncEngine,
    EngineOptions,
    PageByPage,
    Reservation,
    Sampling,
    WholeAnswer,
    open_engine,
)
from agentc.runtime.kv import HostTier
from benchmarks.harness.soak_clients import WORDS
from benchmarks.systems.compiled import MODEL, Compiled, compile_model, device

POLICIES: dict[str, Reservation] = {
    "whole answer": WholeAnswer(),
    "page by page": PageByPage(32),
}
ITEMSIZE = {"f32": 4, "f16": 2, "i8": 1}


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--precision", default="", help="as in `agentc compile`")
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--length", type=int, nargs="+", default=[48, 256])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pools", type=int, nargs="+", default=[1000, 160, 80], help="pages")
    parser.add_argument("--tier-pages", type=int, default=0, help="of host memory below the pool")
    parser.add_argument("--workers", type=int, default=2)
    asyncio.run(_compare(parser.parse_args()))


async def _compare(options: argparse.Namespace) -> None:
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, IreeDevice("local-task", options.workers) as cpu:
        compiled = compile_model(MODEL, options.precision, Path(folder))
        print(f"{'':44}{'seconds':>9}{'suspended':>11}")
        for length in options.length:
            texts = set()
            for pages in options.pools:
                best = dict.fromkeys(POLICIES, float("inf"))
                suspended = dict.fromkeys(POLICIES, 0)
                for _ in range(options.repeats):
                    for name, policy in POLICIES.items():
                        elapsed_s, count, text = await _run(
                            compiled, cpu, policy, pages, length, options
                        )
                        best[name] = min(best[name], elapsed_s)
                        suspended[name] = count
                        texts.add(text)
                for name in POLICIES:
                    row = f"answers of {length}, {pages} pages, {name}"
                    figures[row] = {"seconds": best[name], "suspensions": suspended[name]}
                    print(f"{row:44}{best[name]:9.2f}{suspended[name]:11}")
            assert len(texts) == 1, "the policy changed a text"
    print(json.dumps(figures))


async def _run(
    compiled: Compiled,
    cpu: IreeDevice,
    policy: Reservation,
    pages: int,
    length: int,
    options: argparse.Namespace,
) -> tuple[float, int, tuple[str, ...]]:
    engine = _open(compiled, cpu, policy, pages, options)
    async with engine:
        prompts = [
            engine.tokenizer.content(" ".join(np.random.default_rng(n).choice(WORDS, 40)))
            for n in range(options.requests)
        ]
        started_s = time.perf_counter()
        texts = await asyncio.gather(
            *(_ask(engine, p, n, length, options.max_tokens) for n, p in enumerate(prompts))
        )
        elapsed_s = time.perf_counter() - started_s
        return elapsed_s, engine._engine.suspensions, tuple(texts)


async def _ask(
    engine: AsyncEngine, prompt: tuple[int, ...], number: int, length: int, max_tokens: int
) -> str:
    """An answer that may have `max_tokens` and ends at about `length`: a regular expression says
    how many words it has."""
    spread = length // 2 + (number * 37) % max(length, 1)
    words = max(1, min(spread, max_tokens) // 2)
    how = Sampling(max_tokens, temperature=1.0, regex=f"( [a-z]{{2,8}}){{{words}}}")
    out = await engine.decode(engine.append(engine.open(), prompt), how, seed=number)
    engine.release(out.snapshot)
    return out.text


def _open(
    compiled: Compiled,
    cpu: IreeDevice,
    policy: Reservation,
    pages: int,
    options: argparse.Namespace,
) -> AsyncEngine:
    binary = compiled.model.binaries["cpu"]
    page_bytes = int(np.prod(binary.page_shape)) * ITEMSIZE[binary.page_dtype]
    return open_engine(
        compiled.model,
        device(pages * page_bytes, options.workers),
        cpu,
        vmfb=Path(compiled.vmfb),
        parameters=Path(compiled.parameters),
        tokenizer=Path(compiled.tokenizer),
        options=EngineOptions(
            max_sequences=16,
            reservation=policy,
            tier=HostTier(options.tier_pages * page_bytes) if options.tier_pages else None,
            drafter=None,
        ),
    )


if __name__ == "__main__":
    main()
