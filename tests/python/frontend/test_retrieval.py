"""Indexes, retrieval, reranking, embeddings, torch modules."""

from __future__ import annotations

from typing import Any

import pytest

import agentc as ag
from agentc import Passage

from .helpers import body, golden, marked_line, program, refused, refused_graph, symbols
from .parts import ENCODER, LLM, best, embed, embed_all, manual, search, words

torch = pytest.importorskip("torch")

Two = ag.Tensor[(2,), "f32"]
Seven = ag.Tensor[(7,), "f32"]
Wide = ag.Tensor[(4, None), "f32"]
handbook = ag.index("handbook", path="docs/", embedder=ENCODER, count=12)


@ag.retrieve(index="handbook", k=5)
def by_name(query: ag.Embedding[384]) -> list[Passage]: ...


def test_retrieve_and_rerank() -> None:
    def graph(q: str) -> list[Passage]:
        return best(q, search(q))

    golden(
        graph,
        """
        %0 = agent.retrieve @manual(%arg0) k(3) {label = "search"} : !agent.text -> !agent.docs
        %1 = agent.rerank @"all-minilm-l6-v2"(%arg0, %0) k(2) {label = "best"} -> !agent.docs
        """,
    )
    assert symbols(graph) == [
        'agent.model @"all-minilm-l6-v2" encoder source("all-minilm-l6-v2")',
        'agent.index @manual source("docs/") embedder(@"all-minilm-l6-v2") chunk_tokens(64)',
    ]


def test_embeddings_have_the_size_of_the_model() -> None:
    def graph(q: str) -> list[Passage]:
        embed_all(words(q))
        return by_name(embed(q))

    lines = body(graph)
    assert lines[1].endswith(": !agent.list<!agent.text> -> !agent.list<!agent.embedding<384>>")
    assert lines[2].endswith(": !agent.text -> !agent.embedding<384>")
    assert "agent.retrieve @handbook(%2) k(5)" in lines[3]


def test_an_index_by_name_is_found_in_the_functions_file() -> None:
    @ag.retrieve(index="handbok")  # <- unknown index
    def lost(query: str) -> list[Passage]: ...

    def graph(q: str) -> list[Passage]:
        return lost(q)

    error = refused_graph(graph)
    assert error.source.line == marked_line("unknown index")
    assert "retrieve 'lost' names an unknown index 'handbok'" in error.message
    assert "did you mean 'handbook'?" in error.message


def test_two_indexes_of_one_name_are_refused() -> None:
    other = ag.index("manual", path="elsewhere/", embedder=ENCODER)

    @ag.retrieve(index=other)
    def elsewhere(query: str) -> list[Passage]: ...

    def graph(q: str) -> list[Passage]:
        return search(q) + elsewhere(q)

    assert "two indexes are called 'manual'" in refused_graph(graph).message


def test_signatures_must_fit_the_operation() -> None:
    def no_query() -> list[Passage]: ...

    def number(query: int) -> list[Passage]: ...

    def text(query: str) -> str: ...

    def swapped(docs: list[Passage], query: str) -> list[Passage]: ...

    by_index = ag.retrieve(index=manual)
    assert "has 0 parameters, expected 1" in refused(lambda: by_index(no_query)).message
    assert "found i64, expected text or embedding" in refused(lambda: by_index(number)).message
    assert "annotate it list[ag.Passage]" in refused(lambda: by_index(text)).message
    reranker = ag.rerank(model=ENCODER)
    assert "found docs, expected text" in refused(lambda: reranker(swapped)).message
    with_k = ag.retrieve(index=manual, k=0)
    assert "k of retrieve 'text' is 0" in refused(lambda: with_k(text)).message


def test_an_embedding_of_another_size_than_annotated_is_refused() -> None:
    @ag.embed(model=ENCODER)
    def wide(text: str) -> ag.Embedding[512]: ...

    def graph(q: str) -> list[Passage]:
        return by_name(wide(q))

    assert "annotated embedding<512>: found embedding<384>" in refused_graph(graph).message


def test_embed_needs_an_encoder() -> None:
    @ag.embed(model=LLM)
    def wrong(text: str) -> ag.Embedding: ...

    def graph(q: str) -> list[Passage]:
        return by_name(wrong(q))

    assert "found kind 'llm', expected encoder" in refused_graph(graph).message


def head(**options: Any) -> Any:
    """A torch module from an embedding to two numbers, as a node."""
    return ag.module(torch.nn.Linear(384, 2), name="head", **options)


def test_a_torch_module_is_a_node_with_inferred_result() -> None:
    layer = head()

    def graph(q: str) -> Two:
        return layer(embed(q))

    traced = program(graph)
    text = str(traced.module)
    assert 'agent.model @head torch source("head")' in text
    assert 'agent.module @head(%0) {label = "head"} : (!agent.embedding<384>) -> tensor<2xf32>' in (
        text
    )
    assert traced.modules == {"head": layer.torch_module}
    assert layer(torch.zeros(384)).shape == (2,)


def test_a_dynamic_shape_needs_the_result() -> None:
    layer = ag.module(torch.nn.ReLU(), name="relu")
    told = ag.module(torch.nn.ReLU(), name="relu", result=Wide)

    def graph(x: Wide) -> Wide:
        return layer(x)

    def good(x: Wide) -> Wide:
        return told(x)

    message = refused_graph(graph).message
    assert "the shape tensor<4x?xf32> is not known before the run" in message
    assert "tensor<4x?xf32>" in body(good)[0]


def test_a_module_refuses_other_shapes_and_other_values() -> None:
    layer = head()

    def shape(x: Seven) -> Two:
        return layer(x)

    def text(q: str) -> Two:
        return layer(q)

    assert "the result of module 'head' cannot be inferred" in refused_graph(shape).message
    assert "module 'head' takes tensors: found text (from 'q')" in refused_graph(text).message
    assert "expected a torch.nn.Module" in refused(lambda: ag.module(3, name="x")).message


def test_tensor_annotations_are_checked() -> None:
    assert 'expected a shape and "f32" or "i64"' in refused(lambda: ag.Tensor[(4,), "f16"]).message
    assert str(ag.Tensor[3, "i64"]) == "tensor<3xi64>"
