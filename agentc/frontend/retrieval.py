"""Indexes and encoders: `index`, `retrieve`, `rerank`, `embed`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentc.frontend import types as t
from agentc.frontend.annotations import Embedding, type_of
from agentc.frontend.constants import as_traced
from agentc.frontend.eager import IndexRequest, engine
from agentc.frontend.form.document import IndexSymbol
from agentc.frontend.form.work import Embed, Rerank, Retrieve
from agentc.frontend.models import (
    ENCODER,
    RERANKER,
    Model,
    declare_model,
    embedding_size,
    source_of,
)
from agentc.frontend.names import checked_name, name_of
from agentc.frontend.passage import Passage
from agentc.frontend.places import Place, error, here
from agentc.frontend.signature import Signature, read_signature
from agentc.frontend.templates import listed, plain, suggest
from agentc.frontend.tracer import Tracer, active
from agentc.frontend.units import positive_int


@dataclass(frozen=True)
class Index:
    """A folder of documents, cut into passages and embedded; made by `index`."""

    name: str
    path: str
    embedder: str | Model
    count: int | None
    chunk_tokens: int | None
    place: Place


def index(
    name: str,
    *,
    path: str,
    embedder: str | Model,
    count: int | None = None,
    chunk_tokens: int | None = None,
) -> Index:
    """Declares an index.

    Args:
      path: the folder of documents, relative to the graph's file.
      embedder: the encoder of passages and queries.
      count: how many passages it has, if known before it is built.
      chunk_tokens: the most tokens of a passage.
    """
    checked_name(name, "index", 'write ag.index("docs", ...)')
    for value, what in ((count, "count"), (chunk_tokens, "chunk_tokens")):
        if value is not None:
            positive_int(value, f"{what} of index '{name}'")
    return Index(name, path, embedder, count, chunk_tokens, here())


@dataclass(frozen=True)
class Retriever:
    """Searches an index; made by `retrieve`."""

    name: str
    signature: Signature
    index: Index | str
    k: int

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Emits the search inside a graph; asks the bound engine outside of one."""
        (query,) = self.signature.bind(args, kwargs).values()
        param, found, tracer = self.signature.params[0], self._index(), active()
        if tracer is None:
            source = source_of(found.embedder, f"index '{found.name}'", found.place)
            request = IndexRequest(found.name, found.path, source, found.chunk_tokens)
            passages = engine(f"retrieve '{self.name}'").retrieve(request, query, self.k)
            return [Passage(**passage) for passage in passages]
        what = f"argument '{param.name}' of '{self.name}'"
        value = as_traced(tracer, query, param.type, what)
        symbol = _declare_index(tracer, found)
        return tracer.emit_one(
            Retrieve, t.DOCS, origin=self.name, index=symbol, query=value._name, k=self.k,
            label=self.name,
        )  # fmt: skip

    def _index(self) -> Index:
        """Returns the index; a name is looked up among the indexes of the function's module."""
        if isinstance(self.index, Index):
            return self.index
        scope = getattr(self.signature.function, "__globals__", {})
        known = {value.name: value for value in scope.values() if isinstance(value, Index)}
        if self.index in known:
            return known[self.index]
        raise error(
            f"retrieve '{self.name}' names an unknown index '{self.index}': expected one of "
            f"{listed(known)}; {suggest(self.index, known)}declare it in the same file: "
            f'ag.index("{self.index}", path="docs/", embedder="all-minilm-l6-v2")',
            self.signature.place,
        )


def retrieve(
    *, index: Index | str, k: int = 8, name: str | None = None
) -> Callable[[Callable[..., Any]], Retriever]:
    """Makes a function of a query (text or embedding) that returns the `k` nearest passages.

    Args:
      index: what `ag.index` returned, or the name of one declared in the same file.
    """

    def decorate(function: Callable[..., Any]) -> Retriever:
        label = name_of(function, name, "retrieve")
        signature = read_signature(function, label, "retrieve")
        positive_int(k, f"k of retrieve '{label}'")
        _check_shape(signature, "retrieve", [(t.TEXT, t.Embedding)], t.DOCS)
        return Retriever(label, signature, index, k)

    return decorate


@dataclass(frozen=True)
class Reranker:
    """Scores passages against a query; made by `rerank`."""

    name: str
    signature: Signature
    model: str | Model
    k: int

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Emits the scoring inside a graph; asks the bound engine outside of one."""
        bound = self.signature.bind(args, kwargs)
        (query, docs), tracer = bound.values(), active()
        if tracer is None:
            source = source_of(self.model, f"rerank '{self.name}'", self.signature.place)
            ask = engine(f"rerank '{self.name}'").rerank
            return [Passage(**p) for p in ask(source, query, plain(list(docs)), self.k)]
        values = [
            as_traced(tracer, bound[p.name], p.type, f"argument '{p.name}' of '{self.name}'")
            for p in self.signature.params
        ]
        place = self.signature.place
        symbol = declare_model(tracer, self.model, RERANKER, f"rerank '{self.name}'", place)
        return tracer.emit_one(
            Rerank, t.DOCS, origin=self.name, model=symbol, query=values[0]._name,
            docs=values[1]._name, k=self.k, label=self.name,
        )  # fmt: skip


def rerank(
    *, model: str | Model, k: int = 4, name: str | None = None
) -> Callable[[Callable[..., Any]], Reranker]:
    """Makes a function of a query and passages that returns the `k` best, best first.

    Args:
      model: a cross-encoder, or an encoder (cosine of the embeddings).
    """

    def decorate(function: Callable[..., Any]) -> Reranker:
        label = name_of(function, name, "rerank")
        signature = read_signature(function, label, "rerank")
        positive_int(k, f"k of rerank '{label}'")
        _check_shape(signature, "rerank", [(t.TEXT,), (t.DOCS,)], t.DOCS)
        return Reranker(label, signature, model, k)

    return decorate


@dataclass(frozen=True)
class Embedder:
    """Embeds a text or a list of texts; made by `embed`."""

    name: str
    signature: Signature
    model: str | Model

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Emits the embedding inside a graph; asks the bound engine outside of one."""
        (text,) = self.signature.bind(args, kwargs).values()
        param, tracer, place = self.signature.params[0], active(), self.signature.place
        source = source_of(self.model, f"embed '{self.name}'", place)
        if tracer is None:
            ask = engine(f"embed '{self.name}'").embed
            return ask(source, text) if isinstance(text, list) else ask(source, [text])[0]
        value = as_traced(tracer, text, param.type, f"argument '{param.name}' of '{self.name}'")
        symbol = declare_model(tracer, self.model, ENCODER, f"embed '{self.name}'", place)
        size = t.Embedding(embedding_size(source, f"embed '{self.name}'", place))
        result = size if param.type == t.TEXT else t.ListOf(size)
        self._check_result(result)
        return tracer.emit_one(
            Embed, result, origin=self.name, model=symbol, text=value._name, label=self.name
        )

    def _check_result(self, found: t.Type) -> None:
        if self.signature.result in (None, Embedding, list[Embedding]):
            return  # the model says how large an embedding is
        what = f"result of embed '{self.name}'"
        declared = type_of(self.signature.result, what, self.signature.place)
        if declared != found:
            raise error(
                f"{what} is annotated {declared}: found {found} from the model, expected "
                "the same; correct the annotation",
                self.signature.place,
            )


def embed(
    *, model: str | Model, name: str | None = None
) -> Callable[[Callable[..., Any]], Embedder]:
    """Makes a function of a text (or a list of texts) that returns its embedding (or theirs)."""

    def decorate(function: Callable[..., Any]) -> Embedder:
        label = name_of(function, name, "embed")
        signature = read_signature(function, label, "embed")
        _check_shape(signature, "embed", [(t.TEXT, t.ListOf(t.TEXT))], None)
        return Embedder(label, signature, model)

    return decorate


def _declare_index(tracer: Tracer, found: Index) -> str:
    what = f"index '{found.name}'"
    embedder = declare_model(tracer, found.embedder, ENCODER, what, found.place)
    symbol = IndexSymbol(
        source=found.path,
        embedder=embedder,
        count=found.count,
        chunk_tokens=found.chunk_tokens,
        at=found.place.text(tracer.folder),
    )
    if tracer.indexes.setdefault(found.name, symbol) != symbol:
        raise error(
            f"two indexes are called '{found.name}', expected different names in one graph;"
            " rename one",
            found.place,
        )
    return found.name


def _check_shape(
    signature: Signature,
    kind: str,
    wanted: list[tuple[t.Type | type[t.Type], ...]],
    result: t.Type | None,
) -> None:
    """Checks the parameters and the result of a function whose body is an operation."""
    what = f"{kind} '{signature.name}'"
    if len(signature.params) != len(wanted):
        raise error(
            f"{what} has {len(signature.params)} parameters, expected {len(wanted)}; "
            "correct the signature",
            signature.place,
        )
    for param, types in zip(signature.params, wanted, strict=True):
        if not any(_is(param.type, type_) for type_ in types):
            names = " or ".join(getattr(type_, "__name__", str(type_)).lower() for type_ in types)
            raise error(
                f"parameter '{param.name}' of {what} has the wrong type: found "
                f"{param.type}, expected {names}; correct the annotation",
                signature.place,
            )
    if result is not None and signature.result is not None:
        found = type_of(signature.result, f"result of {what}", signature.place)
        if found != result:
            raise error(
                f"result of {what} has the wrong type: found {found}, expected {result}; "
                "annotate it list[ag.Passage]",
                signature.place,
            )


def _is(found: t.Type, wanted: t.Type | type[t.Type]) -> bool:
    return isinstance(found, wanted) if isinstance(wanted, type) else found == wanted
