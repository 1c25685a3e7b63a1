"""The four kinds of file that a user can hand us damaged, and how each is opened.

Run as a program, it opens damaged files of one kind and prints one outcome a line; a test runs it
in a process of its own, so that a crash or a hang is an outcome as well.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "python")]

from mutations import damage_bytes, damage_json, damage_lines, dumped  # noqa: E402

from agentc.errors import AgentcError  # noqa: E402

SAMPLES = Path(__file__).parents[2] / "samples"
ONE_CASE_S = 20
Opener = Callable[[], object]


def graphs(rng: random.Random, folder: Path) -> Iterator[Opener]:
    """Graphs in their JSON form, through the verifier and the first half of the compiler."""
    from agentc.compiler import place_graph
    from agentc.frontend import dump_json, load_program

    names = ["rag_qa/graph.py", "react_tools/graph.py", "patterns/e09_resilient_pipeline.py"]
    documents = [json.loads(dump_json(load_program(str(SAMPLES / n)).document)) for n in names]
    file = folder / "graph.json"
    while True:
        document = damage_json(rng.choice(documents), rng)
        file.write_text(dumped(document), encoding="utf-8")
        yield lambda: place_graph(str(file), SAMPLES / "cluster.yaml")


def clusters(rng: random.Random, folder: Path) -> Iterator[Opener]:
    """Cluster files."""
    from agentc.cost_models import load_cluster

    text = (SAMPLES / "cluster.yaml").read_text(encoding="utf-8")
    file = folder / "cluster.yaml"
    while True:
        file.write_text(damage_lines(text, rng), encoding="utf-8")
        yield lambda: load_cluster(file)


def packages(rng: random.Random, folder: Path) -> Iterator[Opener]:
    """Packages: a file damaged, emptied or gone; a manifest that no longer fits."""
    from agentc import api

    good = folder / "good.agentpkg"
    pattern = SAMPLES / "patterns" / "e05_memory_rag.py"
    api.compile(pattern, SAMPLES / "cluster.yaml", good)
    files = sorted(path for path in good.rglob("*") if path.is_file())
    bad = folder / "bad.agentpkg"
    while True:
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(good, bad)
        file = bad / rng.choice(files).relative_to(good)
        if rng.random() < 0.15:
            file.unlink()
        else:
            file.write_bytes(damage_bytes(file.read_bytes(), rng))
        yield lambda: api.load(bad).close()


def weights(rng: random.Random, folder: Path) -> Iterator[Opener]:
    """GGUF files of every model family: sizes, tensors, tokenizer and chat template are read."""
    from models import tiny

    from agentc import models
    from agentc.models import chat, gguf_decoder, gguf_tokenizer
    from agentc.models.gguf_file import GgufFile

    good: list[bytes] = []
    bad = folder / "bad.gguf"
    for family in tiny.FAMILIES:
        config = tiny.family_config(family, attention_scale=0.0)
        tiny.write_gguf(bad, config, tiny.decoder_weights(config))
        good.append(bad.read_bytes())

    def open_() -> object:
        source = models.resolve(str(bad))
        file = GgufFile(source.path)
        tokens = gguf_tokenizer.from_gguf(file)
        read = gguf_decoder.from_gguf(file)
        tokens.check_fits(read.config.vocab, "bad.gguf")
        tables = [f"{read.config.rope_table(0)}.{n}" for n in ("cos", "sin")]
        arrays = [read.array(name) for name in [*read.names(), *tables]]
        return models.dims(source), chat.chat_format(tokens, "bad.gguf"), arrays

    while True:
        bad.write_bytes(damage_bytes(rng.choice(good), rng))
        yield open_


FAMILIES: dict[str, Callable[[random.Random, Path], Iterator[Opener]]] = {
    "graphs": graphs,
    "clusters": clusters,
    "packages": packages,
    "weights": weights,
}


def _too_long(*_: Any) -> None:
    raise TimeoutError(f"not opened within {ONE_CASE_S} s")


def outcome(open_: Opener) -> str:
    """Returns "opened", "refused: message" or "wrong: what happened instead"."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(ONE_CASE_S)
    try:
        open_()
    except AgentcError as error:
        return f"refused: {type(error).__name__}: {error}"
    except BaseException as error:  # anything else is what this test looks for
        return f"wrong: {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return "opened"


def main(family: str, seed: int, wanted: int) -> None:
    """Prints outcomes until `wanted` files were refused, or ten times as many were opened."""
    refused = 0
    with tempfile.TemporaryDirectory() as folder:
        openers = FAMILIES[family](random.Random(seed), Path(folder))
        for number, open_ in enumerate(openers):
            found = outcome(open_)
            print(json.dumps([number, found]), flush=True)
            refused += found.startswith("refused")
            if refused == wanted or number == 10 * wanted:
                return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
