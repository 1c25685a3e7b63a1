"""What the graph's models and indexes are: sizes for the passes, passages for the package."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from agentc import models, plan
from agentc._mlir import ir
from agentc._mlir.dialects import agent
from agentc.compiler.passes import source_of
from agentc.compiler.stages import symbols
from agentc.errors import CompileError
from agentc.frontend.graph import TracedGraph
from agentc.indexing import Passage, read_passages
from agentc.models.registry import ModelSource

DEFAULT_CHUNK_TOKENS = 128


@dataclass
class Described:
    """The models by symbol, and of every index its embedder and passages.

    A torch module has no source; it is built from the live object.
    """

    sources: dict[str, ModelSource] = field(default_factory=dict)
    dims: dict[str, dict[str, int]] = field(default_factory=dict)
    embedders: dict[str, str] = field(default_factory=dict)
    passages: dict[str, list[Passage]] = field(default_factory=dict)

    def index_records(self) -> tuple[plan.Index, ...]:
        """Returns the plan's records of the indexes; their files are written with the package."""
        return tuple(
            plan.Index(
                name=name,
                embedder=self.embedders[name],
                dimension=self.dims[self.embedders[name]]["embedding_dim"],
                count=len(passages),
                passages=f"indexes/{name}/passages.jsonl",
                vectors=f"indexes/{name}/vectors.npy",
                index=f"indexes/{name}/index.usearch",
            )
            for name, passages in sorted(self.passages.items())
        )


def describe_symbols(traced: TracedGraph) -> Described:
    """Fills in `dims` of every model and `count` of every index of the module.

    Raises ModelFormatError for weights that cannot be read, CompileError for an index without
    documents; each with the line of the graph that asked for it.
    """
    described = Described()
    table = symbols(traced.module)
    for name, op in table.items():
        if op.operation.name == "agent.model":
            _describe_model(name, op, traced, described)
    for name, op in table.items():
        if op.operation.name == "agent.index":
            _describe_index(name, op, Path(traced.folder), described)
    return described


def _describe_model(name: str, op: ir.OpView, traced: TracedGraph, described: Described) -> None:
    if agent.ModelKind(op.attributes["kind"].value) == agent.ModelKind.Torch:
        described.dims[name] = _torch_dims(name, op, traced)
    else:
        source = models.resolve(op.attributes["source"].value, source=source_of(op.location))
        described.sources[name] = source
        described.dims[name] = models.dims(source)
    integer = ir.IntegerType.get_signless(64)
    op.attributes["dims"] = ir.DictAttr.get(
        {key: ir.IntegerAttr.get(integer, size) for key, size in described.dims[name].items()}
    )


def _torch_dims(name: str, op: ir.OpView, traced: TracedGraph) -> dict[str, int]:
    """Sizes of a live torch module; buffers are read like weights."""
    if name not in traced.modules:
        raise CompileError(
            f"torch module '{name}' has no Python object; compile from the graph's Python file",
            source=source_of(op.location),
        )
    module = traced.modules[name]
    state = [*module.parameters(), *module.buffers()]
    return {
        "params": sum(tensor.numel() for tensor in state),
        "weight_bytes": sum(tensor.numel() * tensor.element_size() for tensor in state),
    }


def _describe_index(name: str, op: ir.OpView, folder: Path, described: Described) -> None:
    embedder = op.attributes["embedder"].value
    chunk = DEFAULT_CHUNK_TOKENS
    if "chunk_tokens" in op.attributes:
        chunk = op.attributes["chunk_tokens"].value
    tokenizer = Tokenizer.from_str(models.tokenizer_json(described.sources[embedder]))
    passages = read_passages(
        folder / op.attributes["source"].value,
        chunk,
        lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids),
        source=source_of(op.location),
    )
    described.embedders[name] = embedder
    described.passages[name] = passages
    integer = ir.IntegerType.get_signless(64)
    op.attributes["count"] = ir.IntegerAttr.get(integer, len(passages))
