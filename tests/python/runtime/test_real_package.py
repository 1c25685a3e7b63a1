"""A package with the real models, written by hand, loaded and run on this machine's CPU."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
from runtime_plans import Builder

from agentc import models
from agentc.package import PackageWriter
from agentc.plan import Device, Index, Model, Plan
from agentc.runtime import load
from agentc.runtime.devices import LocalDevices
from agentc.runtime.engine import EngineOptions

CPU = "local-cpu"
DEVICES = (Device(CPU, "cpu", "local-task", 1, 256 << 20, 2),)
DOCS = [
    {"id": str(i), "source": f"{i}.md", "text": text, "score": 0.0}
    for i, text in enumerate(
        [
            "The Eiffel Tower is in Paris. It was finished in 1889.",
            "Bananas are yellow. They grow on plants, not on trees.",
            "Berlin is the capital of Germany. It has 3.7 million people.",
        ]
    )
]
TEMPLATE = "{<default>}{<user}Use the passages.\n{docs}\nQuestion: {question}{user>}{<assistant}"


def _model(writer: PackageWriter, name: str, kind: str, known: str) -> Model:
    source = models.resolve(known)
    built = models.build(source, "local-task")
    vmfb, tokenizer = f"models/{name}/{CPU}.vmfb", f"models/{name}/tokenizer.json"
    writer.add(vmfb, built.vmfb)
    writer.add(tokenizer, built.tokenizer_json.encode())
    binaries, parameters = {CPU: built.binary(vmfb)}, {CPU: built.parameters()}
    return Model(
        name, kind, known, models.dims(source), binaries, parameters, tokenizer, built.chat
    )


def _plan(records: tuple[Model, ...], index: Index) -> Plan:
    b = Builder()
    question = b.input("question", "text")
    vector = b.op("stage.encode", question, model="minilm", device=CPU)
    found = b.op("stage.search", vector, index="docs", k=2)
    ranked = b.op("stage.score", question, found, model="minilm", k=1, device=CPU)
    tokens = b.op(
        "stage.tokenize", ranked, question, model="smol", template=TEMPLATE,
        arg_names=["docs", "question"], operand_types=["docs", "text"],
    )  # fmt: skip
    kv = b.op("stage.kv.open", model="smol", device=CPU)
    kv = b.op("stage.prefill", kv, tokens, model="smol", device=CPU)
    sampling = {"max_tokens": 24, "temperature": 0.7, "stream": True, "site": 0}
    text, _ = b.ops("stage.decode", kv, model="smol", device=CPU, results=2, **sampling)
    return b.plan(
        text, ranked, types=["text", "docs"], models=records, indexes=(index,), devices=DEVICES
    )


def _vectors(folder: Path, minilm: Model) -> np.ndarray:
    """The passages' embeddings, from a package that has only the encoder."""
    from agentc.package import open_package
    from agentc.runtime.clock import WallClock

    package = open_package(folder)
    devices = LocalDevices(package, WallClock())

    async def embed() -> np.ndarray:
        encoder = await devices.encoder(minilm, CPU)
        return await encoder.encode([doc["text"] for doc in DOCS])

    vectors = asyncio.run(embed())
    devices.close()
    return vectors


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    writer = PackageWriter(folder / "encoder.agentpkg", agentc_version="0")
    minilm = _model(writer, "minilm", "encoder", "all-minilm-l6-v2")
    writer.write(Builder().plan(models=(minilm,), devices=DEVICES))
    vectors = _vectors(folder / "encoder.agentpkg", minilm)

    writer = PackageWriter(folder / "app.zip", agentc_version="0")
    records = (
        _model(writer, "minilm", "encoder", "all-minilm-l6-v2"),
        _model(writer, "smol", "llm", "smollm2-135m-instruct"),
    )
    index = Index("docs", "minilm", 384, 3, "indexes/p.jsonl", "indexes/v.npy", "")
    writer.add(index.passages, "".join(json.dumps(doc) + "\n" for doc in DOCS).encode())
    buffer = io.BytesIO()
    np.save(buffer, vectors)
    writer.add(index.vectors, buffer.getvalue())
    writer.write(_plan(records, index))
    return folder / "app.zip"


def test_question_to_answer(package):
    question = "Where is the Eiffel Tower?"

    async def main():
        async with load(package) as app:
            events = [event async for event in app.stream(question=question, seed=1)]
            again = await app.run(question=question, seed=1)
            engine = await app.services.devices.engine(app.services.model("smol"), CPU)
            used = engine.load()
            return events, again, used.used_pages - used.cached_pages

    events, again, pages_in_use = asyncio.run(main())
    outputs = events[-1].data["outputs"]
    assert outputs["out1"][0]["id"] == "0" and outputs["out1"][0]["score"] > 0.7
    assert "Eiffel" in outputs["out0"] or "Paris" in outputs["out0"]
    assert "".join(e.data["text"] for e in events if e.kind == "token") == outputs["out0"]
    assert again.outputs == outputs  # same seed, same bytes
    assert again.usage.cached_tokens >= 16  # the prompt's pages were still there
    assert pages_in_use == 0
    rows = {row.kind: row for row in again.trace.analyze()}
    assert rows["stage.decode"].p50_s > rows["stage.search"].p50_s > 0


def test_engine_options_reach_the_engine(package):
    asked = []

    def engines(model, device):
        asked.append((model, device))
        return EngineOptions(max_sequences=3)

    async def main():
        async with load(package, engines=engines) as app:
            engine = await app.services.devices.engine(app.services.model("smol"), CPU)
            return engine._engine.options.max_sequences, engine.identity

    limit, identity = asyncio.run(main())
    assert (limit, asked) == (3, [("smol", CPU)])
    assert len(identity.model) == len(identity.program) == 64
