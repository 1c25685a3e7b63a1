"""Speculation against plain decoding: the same answers, in less time where they copy.

    python benchmarks/speculation.py --precision i4      # a table, and JSON on the last line

Both ways run in turn in one process on one compiled model, which is asked to quote, to correct, to
extend code and (nothing to copy) to tell a story. Times are of the decode alone, the prompt being
prefilled; minima of `--repeats` runs, since nothing but noise makes a run slower. Each answer of
one way is compared with that of the other, token for token.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from agentc import models
from agentc.plan import Device, Model
from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine import AsyncEngine, Decoded, EngineOptions, Sampling, open_engine

NOTICE = (
    "The water filter in the kitchen must be changed every six weeks, on a Monday, before nine in "
    "the morning. Spare filters are kept in the blue cupboard on the second floor, behind the "
    "paint. Write the date of the change on the white card beside the sink. If the filter leaks, "
    "close the valve under the sink and call the caretaker, whose number is on the card as well. "
    "The heating season starts on the first of October and ends on the last day of April."
)
CODE = (
    "def area(width, height):\n    return width * height\n\n"
    "def perimeter(width, height):\n    return 2 * width + 2 * height\n\n"
    "def diagonal(width, height):\n    return (width ** 2 + height ** 2) ** 0.5\n"
)
TASKS = {
    "quote a document": f"Repeat this text word for word: {NOTICE}",
    "quote one sentence": f"{NOTICE}\n\nWhich sentence is about spare filters? Quote it exactly.",
    "extend code": f"Here is some Python code:\n{CODE}\nWrite the same code again with docstrings.",
    "story (no copy)": "Write a story about a cat who learns to sail.",
}
WAYS = {"greedy": 0.0, "temperature 0.8": 0.8}


@dataclass
class Way:
    """One engine with the times of its runs."""

    engine: AsyncEngine
    best_s: float = float("inf")
    out: Decoded | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--precision", default="", help="as in `agentc compile`")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    asyncio.run(_compare(parser.parse_args()))


async def _compare(options: argparse.Namespace) -> None:
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, IreeDevice("local-task", options.workers) as cpu:
        open_ = _opener(options, Path(folder), cpu)
        async with open_(EngineOptions(drafter=None)) as plain, open_(EngineOptions()) as quick:
            print(f"{'':36}{'plain':>9}{'drafts':>9}{'ratio':>7}{'accepted':>10}  ms a token")
            for task, question in TASKS.items():
                for way, temperature in WAYS.items():
                    pair = (Way(plain), Way(quick))
                    sampling = Sampling(options.tokens, temperature)
                    for _ in range(options.repeats):
                        for one in pair:
                            await _run(one, question, sampling)
                    figures[f"{task}, {way}"] = _row(f"{task}, {way}", *pair)
    print(json.dumps(figures))


def _opener(options: argparse.Namespace, folder: Path, cpu: IreeDevice):  # type: ignore[no-untyped-def]
    """Returns a function that opens the compiled model as an engine."""
    source = models.resolve(options.model)
    built = models.build(source, "local-task", precision=options.precision)
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(built.tokenizer_json)
    model = Model(
        name=options.model,
        kind="llm",
        source=options.model,
        dims=models.dims(source),
        binaries={"cpu": built.binary("m.vmfb")},
        tokenizer="tokenizer.json",
        chat=built.chat,
    )
    device = Device("cpu", "cpu", "local-task", 1, memory_bytes=1 << 29, workers=options.workers)

    def open_(how: EngineOptions) -> AsyncEngine:
        archive = Path(built.archive.path)
        return open_engine(
            model, device, cpu, vmfb=built.vmfb, parameters=archive, tokenizer=tokenizer,
            options=how,
        )  # fmt: skip

    return open_


async def _run(way: Way, question: str, sampling: Sampling) -> None:
    engine = way.engine
    encode, text = engine.tokenizer.scaffold, engine.tokenizer.content
    prompt = (
        *encode("<|im_start|>user\n"),
        *text(question),
        *encode("<|im_end|>\n<|im_start|>assistant\n"),
    )
    kv = await engine.prefill(engine.open(), prompt)
    start = time.perf_counter()
    out = await engine.decode(kv, sampling, seed=1)
    way.best_s = min(way.best_s, time.perf_counter() - start)
    way.out = out
    for snapshot in (kv, out.snapshot):
        engine.release(snapshot)


def _row(name: str, plain: Way, quick: Way) -> dict[str, float]:
    assert plain.out is not None and quick.out is not None
    if plain.out.tokens != quick.out.tokens:
        raise SystemExit(f"{name}: the answers differ, which must not be")
    count = plain.out.usage.generated_tokens
    row = {
        "plain_ms": 1e3 * plain.best_s / count,
        "drafts_ms": 1e3 * quick.best_s / count,
        "ratio": plain.best_s / quick.best_s,
        "tokens": count,
        "accepted": quick.out.accepted_tokens / count,
    }
    print(
        f"{name:36}{row['plain_ms']:9.2f}{row['drafts_ms']:9.2f}{row['ratio']:7.2f}"
        f"{row['accepted']:10.0%}  of {count}"
    )
    return row


if __name__ == "__main__":
    main()
