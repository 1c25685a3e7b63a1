"""Models in a graph: names, paths, symbols."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import agentc as ag
from agentc.frontend.models import free_symbol

from .helpers import program, refused, refused_graph
from .parts import ENCODER, LLM


def encoder_folder(root: Path, name: str, **config: Any) -> str:
    """A folder that looks like an encoder's, without weights worth reading."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"} | config))
    (folder / "model.safetensors").write_bytes(b"")
    return str(folder)


def embedding_graph(*models: str) -> Any:
    """A graph that embeds its input with each of the models."""
    functions = []
    for number, model in enumerate(models):

        def embed(text: str) -> ag.Embedding: ...

        functions.append(ag.embed(model=model, name=f"embed{number}")(embed))

    def graph(q: str) -> dict[str, Any]:
        return {function.name: function(q) for function in functions}

    return graph


def test_a_folder_is_a_model_with_its_own_embedding_size(tmp_path: Path) -> None:
    folder = encoder_folder(tmp_path, "My Encoder", hidden_size=12)
    document = program(embedding_graph(folder)).document
    assert {name: m.source for name, m in document.models.items()} == {"My_Encoder": folder}
    assert str(document.outputs[0].type) == "embedding<12>"


def test_two_folders_of_one_name_are_two_models(tmp_path: Path) -> None:
    first = encoder_folder(tmp_path, "a/enc", hidden_size=4)
    second = encoder_folder(tmp_path, "b/enc", hidden_size=8)
    document = program(embedding_graph(first, second, first)).document
    assert {n: m.source for n, m in document.models.items()} == {"enc": first, "enc_2": second}
    assert [str(v.type) for v in document.outputs] == [
        "embedding<4>", "embedding<8>", "embedding<4>",
    ]  # fmt: skip


def test_a_folder_without_a_size_asks_for_the_annotation(tmp_path: Path) -> None:
    folder = encoder_folder(tmp_path, "enc")
    message = refused_graph(embedding_graph(folder)).message
    assert "embed 'embed0' has embeddings of unknown size" in message
    assert "-> ag.Embedding[384]" in message


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("nowhere.gguf", "the model file 'nowhere.gguf' does not exist"),
        ("weights/none", "the model file 'weights/none' does not exist"),
        ("gpt", "unknown model 'gpt'"),
        ("", "embed 'embed0' has model='', expected a model's name or path"),
        (7, "embed 'embed0' has model=7"),
    ],
)
def test_what_is_no_model_is_refused(model: Any, problem: str) -> None:
    assert problem in refused_graph(embedding_graph(model)).message


def test_names_are_not_sensitive_to_case() -> None:
    document = program(embedding_graph(ENCODER.upper())).document
    assert list(document.models) == [ENCODER]


def test_a_reranker_may_be_an_encoder_but_no_llm() -> None:
    @ag.rerank(model=LLM)
    def best(query: str, docs: list[ag.Passage]) -> list[ag.Passage]: ...

    def graph(q: str) -> list[ag.Passage]:
        return best(q, [])

    assert "found kind 'llm', expected cross_encoder or encoder" in refused_graph(graph).message


def test_symbols_stay_unless_the_content_differs() -> None:
    assert free_symbol("a", {}, "1") == "a"
    assert free_symbol("a", {"a": "1"}, "1") == "a"
    assert free_symbol("a", {"a": "1"}, "2") == "a_2"
    assert free_symbol("a", {"a": "1", "a_2": "2"}, "3") == "a_3"


def test_ag_model_takes_a_name() -> None:
    assert ag.model(LLM).name == LLM
    assert ag.model("x/y/Tiny.Q4.gguf").name == "Tiny.Q4"
    assert ag.model(LLM, name="small").source == LLM


def test_index_settings_are_checked() -> None:
    assert (
        "count of index 'i' is 0"
        in refused(lambda: ag.index("i", path="d/", embedder=ENCODER, count=0)).message
    )
    assert (
        "chunk_tokens of index 'i' is 'x'"
        in refused(lambda: ag.index("i", path="d/", embedder=ENCODER, chunk_tokens="x")).message
    )
