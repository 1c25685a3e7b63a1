"""The files of a vector index: passages, their vectors, and the search structure over them."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from usearch.index import Index

from agentc import plan
from agentc.package import ParameterStore
from agentc.runtime.backends.encoder import Encoder
from agentc.runtime.backends.encoder_program import EncoderProgram
from agentc.runtime.backends.iree import IreeDevice

if TYPE_CHECKING:
    from agentc.compiler import Compiled


def index_files(record: plan.Index, compiled: Compiled) -> dict[str, bytes]:
    """Returns the files of an index by path inside the package.

    The vectors are made by the embedder's own compiled binary, so that queries and passages go
    through the same code.
    """
    passages = compiled.passages[record.name]
    vectors = embed([str(passage["text"]) for passage in passages], record, compiled)
    search = Index(ndim=record.dimension, metric="cos", dtype="f32")
    search.add(np.arange(len(passages)), vectors, threads=1)  # several would race for the links
    lines = (json.dumps(passage, ensure_ascii=False) + "\n" for passage in passages)
    array = io.BytesIO()
    np.save(array, vectors)
    return {
        record.passages: "".join(lines).encode(),
        record.vectors: array.getvalue(),
        record.index: bytes(search.save()),  # type: ignore[arg-type]  # without a path: bytes
    }


def embed(texts: list[str], record: plan.Index, compiled: Compiled) -> np.ndarray:
    """Returns the embeddings [len(texts), record.dimension] f32, rows of length 1."""
    model = next(m for m in compiled.plan.models if m.name == record.embedder)
    name, binary = next(iter(sorted(model.binaries.items())))
    parameters = ParameterStore().get(model.parameters[name])
    with tempfile.TemporaryDirectory() as folder, IreeDevice(binary.driver) as device:
        tokenizer = Path(folder) / "tokenizer.json"
        tokenizer.write_text(compiled.texts[model.tokenizer], encoding="utf-8")
        module = device.load(compiled.files[binary.path], parameters)
        encoder = Encoder(
            EncoderProgram(module, binary.entry, vocabulary=model.dims["vocab"]),
            tokenizer,
            context_tokens=model.dims["context"],
            dimension=record.dimension,
        )
        return encoder.encode(texts)
