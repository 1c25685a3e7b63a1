"""Encode, search, score and modules in plans, with a small real encoder in numpy."""

import json

import numpy as np
import pytest
from runtime_plans import Builder, make_app

from agentc.errors import PackageError, RuntimeFault
from agentc.plan import Index, Model
from agentc.runtime.clock import VirtualClock
from agentc.runtime.index import VectorIndex
from agentc.runtime.ops.retrieval import best, sentences

WORDS = ["cat", "dog", "sun", "rain", "tax", "law", "code", "test"]


class BagOfWords:
    """An encoder: counts of eight words, normalised."""

    async def encode(self, texts):
        return self.embed(texts)

    def embed(self, texts):
        counts = np.array([[t.lower().count(w) for w in WORDS] for t in texts], np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


class Longest:
    """A cross encoder that likes what repeats the query's first letter."""

    def score(self, query, texts):
        return np.array([t.count(query[0]) for t in texts], np.float32)


DOCS = [
    {"id": str(i), "source": f"{i}.md", "text": text, "score": 0.0}
    for i, text in enumerate(
        ["The cat sleeps. Tax law is long.", "Sun and rain.", "Dog and cat play.", "A law on tax."]
    )
]
ENCODER = Model("bow", "encoder", "", {"embedding_dim": 8})
CROSS = Model("cross", "cross_encoder", "", {})


def _write_index(folder, docs=DOCS, count=None, dimension=8):
    vectors = BagOfWords().embed([d["text"] for d in docs])
    (folder / "p.jsonl").write_text("".join(json.dumps(d) + "\n" for d in docs))
    np.save(folder / "v.npy", vectors)
    record = Index("docs", "bow", dimension, count or len(docs), "p.jsonl", "v.npy", "")
    return VectorIndex(record, folder / "p.jsonl", folder / "v.npy", None)


class Devices:
    def __init__(self, index=None, module=None):
        self._index, self._module = index, module

    async def encoder(self, model, device):
        return BagOfWords()

    async def cross_encoder(self, model, device):
        return Longest()

    async def index(self, index):
        return self._index

    async def module(self, model, device):
        return self._module

    def close(self):
        pass


def _run(b, *outputs, types, inputs=None, devices=None, modules=None):
    index = Index("docs", "bow", 8, 4, "", "", "")
    torch = Model("m", "torch", "", {})
    plan = b.plan(*outputs, types=types, models=(ENCODER, CROSS, torch), indexes=(index,))
    clock = VirtualClock()

    async def main():
        devices_ = devices or Devices()
        async with make_app(plan, clock, devices=devices_, modules=modules or {}) as app:
            return list((await app.run(inputs or {})).outputs.values())

    return clock.run(main())


def test_retrieve_and_rerank(tmp_path):
    b = Builder()
    q = b.input("q", "text")
    vector = b.op("stage.encode", q, model="bow")
    found = b.op("stage.search", vector, index="docs", k=3)
    ranked = b.op("stage.score", q, found, model="bow", k=2)
    out = _run(b, found, ranked, types=["docs", "docs"], inputs={"q": "tax law"},
               devices=Devices(_write_index(tmp_path)))  # fmt: skip
    assert [d["id"] for d in out[0]][:2] == ["3", "0"]
    assert out[0][0]["score"] == pytest.approx(1.0) and out[0][0]["source"] == "3.md"
    # The best sentence of passage 0 is about nothing but tax law, so it is as good as passage 3.
    assert [(d["id"], round(d["score"], 6)) for d in out[1]] == [("3", 1.0), ("0", 1.0)]


def test_encode_of_a_list_and_of_nothing():
    b = Builder()
    xs = b.input("xs", "list<text>")
    out = b.op("stage.encode", xs, model="bow")
    made = _run(b, out, types=["list"], inputs={"xs": ["cat", "dog cat"]})[0]
    assert len(made) == 2 and made[0].shape == (8,)
    b = Builder()
    out = b.op("stage.encode", b.input("xs", "list<text>"), model="bow")
    assert _run(b, out, types=["list"], inputs={"xs": []}) == [[]]


def test_a_cross_encoder_scores_pairs():
    b = Builder()
    docs = b.const(DOCS)
    out = b.op("stage.score", b.const("yes"), docs, model="cross", k=1)
    assert _run(b, out, types=["docs"])[0][0]["id"] == "2"


def test_ranking_ties_keep_the_given_order():
    ranked = best(DOCS, np.array([1.0, 2.0, 2.0, 2.0]), 3)
    assert [d["id"] for d in ranked] == ["1", "2", "3"]
    assert DOCS[1]["score"] == 0.0  # the input is not changed


@pytest.mark.parametrize(
    "text, expected",
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("pi is 3.14 or so", ["pi is 3.14 or so"]),
        ("a\nb\n\nc", ["a", "b", "c"]),
        ("", [""]),
        ("\n", ["\n"]),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


def test_search_is_exact_and_stable(tmp_path):
    docs = [{**DOCS[i % 4], "id": str(i)} for i in range(40)]
    index = _write_index(tmp_path, docs)
    found = index.search(BagOfWords().embed(["cat"])[0] * 5, 99)
    assert len(found) == 40
    scores = [d["score"] for d in found]
    assert scores == sorted(scores, reverse=True) and max(scores) <= 1.0 + 1e-6
    same = [int(d["id"]) for d in found if abs(d["score"] - scores[0]) < 1e-9]
    assert same == sorted(same)


def test_usearch_agrees_with_exact_search(tmp_path, monkeypatch):
    from usearch.index import Index as Usearch

    random = np.random.default_rng(0)
    vectors = random.normal(size=(300, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    docs = [{"id": str(i), "source": "", "text": "", "score": 0.0} for i in range(300)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(d) + "\n" for d in docs))
    np.save(tmp_path / "v.npy", vectors)
    approximate = Usearch(ndim=16, metric="cos", dtype="f32")
    approximate.add(np.arange(300), vectors)
    approximate.save(str(tmp_path / "i.usearch"))
    record = Index("docs", "bow", 16, 300, "", "", "")
    paths = tmp_path / "p.jsonl", tmp_path / "v.npy", tmp_path / "i.usearch"
    exact = VectorIndex(record, *paths)
    monkeypatch.setattr("agentc.runtime.index.EXACT_UP_TO", 10)
    indexed = VectorIndex(record, *paths)
    hits = 0
    for query in random.normal(size=(20, 16)).astype(np.float32):
        a, b = exact.search(query, 10), indexed.search(query, 10)
        hits += len({d["id"] for d in a} & {d["id"] for d in b})
        assert a[0] == b[0]
    assert hits >= 195


def test_files_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(PackageError, match="expected 9"):
        _write_index(tmp_path, count=9)
    with pytest.raises(PackageError, match="expected 4"):
        _write_index(tmp_path, dimension=5)
    (tmp_path / "v.npy").write_bytes(b"junk")
    record = Index("docs", "bow", 8, 4, "", "", "")
    with pytest.raises(PackageError, match="is unreadable"):
        VectorIndex(record, tmp_path / "p.jsonl", tmp_path / "v.npy", None)


def _module_plan(function, as_module=True):
    b = Builder()
    x = b.input("x", "embedding<2>")
    out = b.op(
        "stage.module", x, model="m", operand_types=["embedding<2>"], result_types=["f64"],
        source="g.py:3",
    )  # fmt: skip
    given = {"modules": {"m": function}} if as_module else {"devices": Devices(module=function)}
    return _run(b, out, types=["f64"], inputs={"x": [1.0, 2.0]}, **given)[0]


def test_a_module_runs_compiled_or_given():
    assert _module_plan(lambda x: x.sum()) == 3.0
    assert _module_plan(lambda x: [x.sum()], as_module=False) == 3.0
    with pytest.raises(RuntimeFault, match="result 0 of module 'm' is str 'no', expected f64"):
        _module_plan(lambda x: "no")
    with pytest.raises(RuntimeFault, match="gave 2 results, expected 1"):
        _module_plan(lambda x: (1.0, 2.0))
