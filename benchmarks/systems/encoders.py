"""MiniLM: token ids to unit vectors, with agentc and with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.backends.encoder_program import EncoderProgram
from agentc.runtime.backends.iree import IreeDevice
from benchmarks.systems.compiled import DEVICE, Compiled
from benchmarks.systems.peer_packages import use_peer_packages

Texts = Sequence[Sequence[int]]
Vectors = NDArray[np.float32]
Encode = Callable[[Texts], Vectors]


def open_ours(compiled: Compiled, opened: IreeDevice) -> Encode:
    """The compiled encoder, as the runtime calls it."""
    return EncoderProgram(
        opened.load(Path(compiled.vmfb), Path(compiled.parameters)),
        compiled.model.binaries[DEVICE].entry,
        vocabulary=compiled.model.dims["vocab"],
        workers=opened.workers,
    ).run


def open_onnx(file: Path, threads: int) -> Encode:
    """An ONNX file in ONNX Runtime with all its optimisations; pooling in numpy."""
    use_peer_packages()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session: Any = onnxruntime.InferenceSession(
        str(file), options, providers=["CPUExecutionProvider"]
    )

    def encode(texts: Texts) -> Vectors:
        tokens, mask = _padded(texts)
        (hidden,) = session.run(
            ["last_hidden_state"],
            {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)},
        )
        pooled = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit: Vectors = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit.astype(np.float32)

    return encode


def _padded(texts: Texts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    longest = max(map(len, texts))
    tokens, mask = (np.zeros((len(texts), longest), np.int64) for _ in range(2))
    for row, text in enumerate(texts):
        tokens[row, : len(text)], mask[row, : len(text)] = text, 1
    return tokens, mask
