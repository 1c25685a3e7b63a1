"""Is the fast model still the model? Perplexity and greedy answers, against f32 and llama.cpp.

    python benchmarks/quality.py
    python benchmarks/quality.py --tokens 2048 --prompts 20      # a quick look

Perplexity on real text in windows of 512 tokens whose second half is scored, as llama-perplexity
does it; all systems read the same windows. Then the first 32 greedy tokens of 200 questions,
against the f32 program of the same file. Prints a table and writes
benchmarks/results/quality.json. Needs the peers (benchmarks/peers.sh).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# Behind everything else: the folder agentc of the sources must not hide the installed one.
sys.path.append(str(ROOT))

from agentc.runtime.engine.tokenizer import Tokenizer  # noqa: E402
from benchmarks.accuracy import agreement, perplexity, text  # noqa: E402
from benchmarks.accuracy.systems import Accuracy, LlamaAccuracy, OurAccuracy  # noqa: E402
from benchmarks.cases.context import Q4_0, Q4_1, Context  # noqa: E402
from benchmarks.harness import machine, table  # noqa: E402
from benchmarks.systems.compiled import MODEL, Compiled, compile_model  # noqa: E402
from benchmarks.systems.llama import LlamaSettings  # noqa: E402
from benchmarks.systems.peer_packages import PeersMissing  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
REFERENCE, PEER = "agentc f32", Q4_1


def main() -> None:
    """Measures every system in turn."""
    given = _arguments()
    models = given.out / "models"
    reference = compile_model(MODEL, "f32", models)
    tokenizer = Tokenizer.load(Path(reference.tokenizer))
    cuts = perplexity.windows(tokenizer.content(text.corpus()), given.tokens)
    asked = [_chat(reference, tokenizer, prompt) for prompt in text.prompts()[: given.prompts]]
    rows: dict[str, dict[str, Any]] = {}
    for name, open_system in _systems(given, reference).items():
        start = time.perf_counter()
        with contextlib.closing(open_system()) as system:
            value, error = perplexity.perplexity(system.score, cuts)
            answers = system.answer(asked)
        rows[name] = {"perplexity": value, "standard_error": error, "answers": answers}
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    _report(rows, cuts, given.out)
    sys.stdout.flush()
    os._exit(0)  # libraries of two systems in one process: none gets a say in how it ends


def _systems(given: argparse.Namespace, reference: Compiled) -> dict[str, Callable[[], Accuracy]]:
    """The systems by name; each is opened only when its turn comes."""
    context = Context(given.precision, given.out, given.threads)
    chat = reference.model.chat
    assert chat is not None
    systems: dict[str, Callable[[], Accuracy]] = {
        REFERENCE: lambda: OurAccuracy(reference, given.threads)
    }
    for kv in filter(None, given.kv.split(",")):
        fast = compile_model(MODEL, given.precision, given.out / "models", kv=kv)
        systems[f"agentc {given.precision}, KV {kv}"] = lambda fast=fast: OurAccuracy(  # type: ignore[misc]
            fast, given.threads
        )
    for name in (Q4_1, Q4_0):
        settings = LlamaSettings(context.peer_files()[name], given.threads)
        systems[name] = lambda settings=settings: LlamaAccuracy(settings, chat.end_tokens)  # type: ignore[misc]
    return systems


def _chat(compiled: Compiled, tokenizer: Tokenizer, question: str) -> list[int]:
    chat = compiled.model.chat
    assert chat is not None
    tokens: list[int] = []
    for role, content in (("system", chat.default_system), ("user", question)):
        if content:
            tokens += tokenizer.scaffold(chat.begin[role])
            tokens += tokenizer.content(content)
            tokens += tokenizer.scaffold(chat.end[role])
    return tokens + list(tokenizer.scaffold(chat.begin["assistant"]))


def _report(rows: dict[str, dict[str, Any]], cuts: list[list[int]], folder: Path) -> None:
    for row in rows.values():
        agreed = agreement.compare(rows[REFERENCE]["answers"], row["answers"])
        row["identical"], row["common_prefix"] = agreed.identical, agreed.common_prefix
        row["to_peer"] = row["perplexity"] / rows[PEER]["perplexity"] - 1
    data = {
        "machine": machine.describe(),
        "text": text.corpus_name(),
        "tokens": sum(map(len, cuts)),
        "prompts": len(rows[REFERENCE]["answers"]),
        "peer": PEER,
        "systems": {n: {k: v for k, v in row.items() if k != "answers"} for n, row in rows.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quality.json").write_text(json.dumps(data, indent=1) + "\n")
    print(f"\n{data['tokens']} tokens of {data['text']}; {data['prompts']} prompts")
    lines = [("system", "perplexity", f"to {PEER}", "identical answers", "common prefix")]
    lines += [
        (
            name,
            f"{row['perplexity']:.3f} ± {row['standard_error']:.3f}",
            f"{100 * row['to_peer']:+.2f} %",
            f"{100 * row['identical']:.1f} %",
            f"{100 * row['common_prefix']:.1f} %",
        )
        for name, row in rows.items()
    ]
    print("\n".join(table.aligned(lines)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=20_000, help="of text (default: 20000)")
    parser.add_argument("--prompts", type=int, default=200, help="to answer (default: 200)")
    parser.add_argument("--precision", default="i4", help="of the fast program (default: i4)")
    parser.add_argument("--kv", default="f16,i8", help="its KV formats (default: f16,i8)")
    parser.add_argument("--threads", type=int, default=2, help="of every system (default: 2)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except PeersMissing as missing:
        sys.exit(f"error: {missing}")
