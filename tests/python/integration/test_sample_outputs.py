"""What must hold of the answers of the samples, whatever a small model says."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from asking import ask, ask_at_once, interpreted_calls, operations
from cases import SAMPLES, Case
from compiled_world import CompiledWorld
from rag_questions import QUESTIONS, Question
from tokenizers import Tokenizer

from agentc import api
from agentc.errors import RuntimeFault
from agentc.frontend.loader import load_program, load_tools
from agentc.package import open_package
from agentc.runtime.result import RunResult

PackageOf = Callable[[Case], Path]
RAG = Case("rag_qa/graph.py", {})
REACT = Case("react_tools/graph.py", {})
MAP_REDUCE = Case("map_reduce/graph.py", {})
VOTE = Case("vote/graph.py", {})
SUPERVISOR = Case("supervisor/graph.py", {})
MODULE = Case("custom_module/graph.py", {}, needs_torch=True)


# rag_qa


@pytest.fixture(scope="module")
def answers(package_of: PackageOf) -> list[tuple[Question, RunResult]]:
    """The handbook's answers to all questions."""
    inputs = [{"question": question.text} for question in QUESTIONS]
    return list(zip(QUESTIONS, ask_at_once(package_of(RAG), inputs, width=10), strict=True))


def test_rag_qa_finds_the_right_document_for_every_question(
    answers: list[tuple[Question, RunResult]],
) -> None:
    missed = [
        question.text
        for question, result in answers
        if question.source not in [note["source"] for note in result.outputs["result1"]]
    ]
    assert not missed


def test_rag_qa_cites_passages_of_the_handbook_only(
    answers: list[tuple[Question, RunResult]],
) -> None:
    for _, result in answers:
        notes = result.outputs["result1"]
        assert notes
        for note in notes:
            document = (SAMPLES / "rag_qa" / "docs" / note["source"]).read_text(encoding="utf-8")
            heading = document.splitlines()[0].removeprefix("# ")
            paragraphs = note["text"].removeprefix(f"{heading}: ").splitlines()
            assert paragraphs and all(paragraph in document for paragraph in paragraphs)


def test_rag_qa_answers_most_questions_and_always_says_something(
    answers: list[tuple[Question, RunResult]],
) -> None:
    def said(result: RunResult) -> str:
        return result.outputs["result0"].strip()

    right = [question.is_answered_by(said(result)) for question, result in answers]
    assert all(said(result) for _, result in answers)
    assert sum(right) >= 0.65 * len(right), [
        question.text for question, result in answers if not question.is_answered_by(said(result))
    ]
    assert right[0], "the question of `make demo`"


# react_tools


def _shop() -> dict[tuple[str, str], float]:
    """The numbers of the shop by product and column, read from shop.sql."""
    with sqlite3.connect(":memory:") as shop:
        shop.executescript((SAMPLES / "react_tools" / "shop.sql").read_text(encoding="utf-8"))
        rows = shop.execute("SELECT name, price, stock FROM products").fetchall()
    return {
        (name, column): float(value)
        for name, price, stock in rows
        for column, value in (("price", price), ("stock", stock))
    }


SHOP_QUESTIONS = [
    "What do 3 kettles cost?",
    "How many mugs are in stock?",
    "What does a coffee cost?",
    "What do 12 teas cost?",
]


@pytest.mark.parametrize("question", SHOP_QUESTIONS)
def test_react_tools_takes_valid_steps_and_reports_true_numbers(
    package_of: PackageOf, question: str
) -> None:
    (result,) = ask(package_of(REACT), REACT.file, [{"question": question}])
    reply, number, notes = result.outputs.values()
    shop, expected, (first, *lines) = _shop(), 0.0, notes.splitlines()
    assert first == "Found: nothing" and len(lines) % 2 == 0
    steps = [json.loads(line.removeprefix("Step: ")) for line in lines[::2]]
    found = [float(line.removeprefix("Found: ")) for line in lines[1::2]]
    assert 1 <= len(steps) <= 4
    for step, value in zip(steps, found, strict=True):
        assert list(step) == ["product", "column", "factor", "tool"]
        assert step["factor"] in range(1, 100)
        if step["tool"] == "lookup":
            expected = shop[step["product"], step["column"]]
        elif step["tool"] == "multiply":
            expected *= step["factor"]
        else:
            assert step["tool"] == "finish"
        assert value == pytest.approx(expected)
    assert all(step["tool"] == "lookup" for step in steps[:-1])
    assert steps[-1]["tool"] != "lookup" or len(steps) == 4
    assert number == pytest.approx(expected) and reply.strip()


@pytest.mark.parametrize(
    ("product", "column", "problem"),
    [
        ("tea", "price; DROP TABLE products", "no column"),
        ("' OR 1=1 --", "price", "no product"),
        ("sofa", "stock", "no product"),
    ],
)
def test_react_tools_lookup_takes_names_only(product: str, column: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        load_tools(str(REACT.file))["lookup"](product, column)


# map_reduce

PARTS = json.loads((SAMPLES / "map_reduce" / "parts.json").read_text(encoding="utf-8"))


def test_map_reduce_gives_one_summary_per_part_in_order(package_of: PackageOf) -> None:
    package = package_of(MAP_REDUCE)
    whole, backwards, *alone = ask(
        package,
        MAP_REDUCE.file,
        [{"parts": PARTS}, {"parts": PARTS[::-1]}, *({"parts": [part]} for part in PARTS)],
    )
    joined, summaries = whole.outputs.values()
    assert joined.strip() and len(summaries) == len(PARTS) == len(set(summaries))
    assert summaries == [result.outputs["result1"][0] for result in alone]
    assert summaries == backwards.outputs["result1"][::-1]


def test_map_reduce_says_the_same_one_part_at_a_time(package_of: PackageOf, tmp_path: Path) -> None:
    source = MAP_REDUCE.file.read_text(encoding="utf-8")
    narrow = tmp_path / "graph.py"
    narrow.write_text(_replaced(source, "max_parallel=8", "max_parallel=1"), encoding="utf-8")
    api.compile(narrow, SAMPLES / "cluster.yaml", tmp_path / "narrow.agentpkg")
    (wide,) = ask(package_of(MAP_REDUCE), MAP_REDUCE.file, [{"parts": PARTS}])
    (one_by_one,) = ask(tmp_path / "narrow.agentpkg", narrow, [{"parts": PARTS}])
    assert one_by_one.outputs == wide.outputs


def test_map_reduce_of_nothing_joins_nothing(package_of: PackageOf) -> None:
    (result,) = ask(package_of(MAP_REDUCE), MAP_REDUCE.file, [{"parts": []}])
    assert result.outputs["result1"] == []


def test_map_reduce_takes_texts_only(package_of: PackageOf) -> None:
    with pytest.raises(RuntimeFault, match="parts"):
        ask(package_of(MAP_REDUCE), MAP_REDUCE.file, [{"parts": [1, 2]}])


def _replaced(source: str, old: str, new: str) -> str:
    assert source.count(old) == 1
    return source.replace(old, new)


# vote

REVIEWS = [
    "A lovely little lamp, I would buy it again.",
    "The handle fell off and nobody answers my letters.",
    "It is a lamp. It is grey.",
]


def test_vote_is_the_majority_of_five_samples_with_and_without_a_quorum(
    package_of: PackageOf, tmp_path: Path
) -> None:
    source = VOTE.file.read_text(encoding="utf-8")
    all_five = tmp_path / "graph.py"
    text = _replaced(source, ", quorum=3, cancel_rest=True", "")
    all_five.write_text(text, encoding="utf-8")
    package = tmp_path / "all_five.agentpkg"
    api.compile(all_five, SAMPLES / "cluster.yaml", package)
    splits = set()
    for seed, review in enumerate(REVIEWS):
        said = interpreted_calls(package, all_five, {"review": review}, seed)
        counts = Counter(said)
        assert len(said) == 5 and set(said) <= {"positive", "negative"}
        inputs = [{"review": review}]
        (counted,) = ask(package, all_five, inputs, seed=seed)
        (decided,) = ask(package_of(VOTE), VOTE.file, inputs, seed=seed)
        winner = counts.most_common(1)[0][0]
        assert counted.outputs["result"] == decided.outputs["result"] == winner
        assert decided.usage.output_tokens <= counted.usage.output_tokens
        splits.add(len(counts))
    assert 2 in splits, "no review split the votes: the test would not see a wrong count"


# supervisor


def test_supervisor_computes_its_brief_once(package_of: PackageOf) -> None:
    package = package_of(SUPERVISOR)
    task = "Find someone who looks after the stage."
    (result,) = ask(package, SUPERVISOR.file, [{"task": task}])
    decision, lead = result.outputs.values()
    assert lead in ("money", "people", "safety") and decision.strip()

    with open_package(package) as opened:
        ops = list(operations(opened.plan.body.ops))
        model = opened.plan.models[0]
        tokenizer = Tokenizer.from_file(str(opened.path(model.tokenizer)))
    opened_kv = [op for op in ops if op.kind == "stage.kv.open"]
    forks = [op for op in ops if op.kind == "stage.kv.fork"]
    assert len(opened_kv) == 1 and len(forks) == 5
    (trunk,) = [
        op for op in ops if op.kind == "stage.prefill" and opened_kv[0].results[0] in op.operands
    ]
    assert all(fork.operands[0] == trunk.results[0] for fork in forks)

    (brief,) = [
        op.attrs["value"]
        for op in ops
        if op.kind == "agent.constant" and "summer fair" in str(op.attrs["value"])
    ]
    brief_tokens = len(tokenizer.encode(brief, add_special_tokens=False).ids)
    computed = result.usage.input_tokens - result.usage.cached_tokens
    assert brief_tokens > 100
    assert brief_tokens < computed < 3 * brief_tokens  # five calls would be more than five times


# custom_module


def test_custom_module_scores_as_torch_does(package_of: PackageOf) -> None:
    package = package_of(MODULE)
    torch = pytest.importorskip("torch")
    net = load_program(str(MODULE.file)).modules["likeness"]
    pairs = [
        ("a dog", "a puppy"),
        ("a dog", "a tax return"),
        ("The heating is cold.", "My radiator does not work."),
    ]
    results = ask(package, MODULE.file, [{"left": x, "right": y} for x, y in pairs])
    world = CompiledWorld(package, {})
    try:
        rows = [[world.embed("all-minilm-l6-v2", text) for text in pair] for pair in pairs]
    finally:
        world.close()
    with torch.no_grad():
        expected = [net(*map(torch.from_numpy, row)).numpy() for row in rows]
    scores = [result.outputs["result"] for result in results]
    assert np.max(np.abs(np.stack(scores) - np.stack(expected))) < 1e-5
    assert scores[0] > scores[1], "a puppy is more like a dog than a tax return is"
