"""A graph that reranks with a cross encoder: from a model folder to scores equal to float64."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import agentc as ag
from agentc import Passage, api

from . import tiny_encoders
from .harness import bert_reference

CLUSTER = Path(__file__).parents[3] / "samples" / "cluster.yaml"
TEXTS = ("w9 w12", "", "w5 w5 w70 w8", "w61 w4 " * 60, "w90")
QUESTION = "w8 w30 w61"


def graph_of(folder: Path):
    @ag.rerank(model=str(folder), k=4, name="judge")
    def judge(question: str, passages: list[Passage]) -> list[Passage]: ...

    @ag.graph(sla=ag.SLA(p95="20s"))
    def judged(question: str, passages: list[Passage]) -> list[Passage]:
        return judge(question, passages)

    return judged


async def answer(package: Path, inputs):
    async with api.load(package) as app:
        both = await asyncio.gather(app.run(inputs), app.run(inputs))
    return [result.outputs for result in both]


@pytest.mark.parametrize("name", ["bert, score", "xlm-roberta, score"])
def test_a_cross_encoder_reranks(tmp_path, name):
    kind, config, weights = tiny_encoders.case(name)
    folder = tiny_encoders.write_encoder_folder(tmp_path / "judge", kind, config, weights)
    package = tmp_path / "judged.agentpkg"
    api.compile(graph_of(folder), CLUSTER, package)
    docs = [
        {"id": str(i), "source": f"{i}.md", "text": text, "score": 0.0}
        for i, text in enumerate(TEXTS)
    ]
    first, second = asyncio.run(answer(package, {"question": QUESTION, "passages": docs}))
    assert first == second
    (found,) = first.values()
    expected = reference(kind, config, weights)
    order = sorted(range(len(TEXTS)), key=lambda i: -expected[i])[:4]
    assert [doc["id"] for doc in found] == [str(i) for i in order]
    np.testing.assert_allclose([doc["score"] for doc in found], expected[order], atol=1e-5)


def reference(kind, config, weights) -> np.ndarray:
    tokenizer = tiny_encoders.tokenizer(kind, config.vocab)
    tokenizer.enable_truncation(config.context)
    pairs = tokenizer.encode_batch([(QUESTION, text) for text in TEXTS])
    assert max(len(pair.ids) for pair in pairs) == config.context  # one was cut
    read = weights.__getitem__
    return np.array([bert_reference(config, read, p.ids, p.type_ids) for p in pairs])
