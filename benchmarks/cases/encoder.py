"""MiniLM against ONNX Runtime in fp32 and in its dynamically quantised int8."""

from __future__ import annotations

import contextlib
import random
from functools import partial

import numpy as np

from agentc.runtime.backends.iree import IreeDevice
from benchmarks.cases.context import Context, samples
from benchmarks.harness.measure import timed
from benchmarks.harness.results import OURS, CaseResult
from benchmarks.systems.encoders import Encode, Texts, open_onnx, open_ours
from benchmarks.systems.peer_packages import peer_file

FP32, INT8 = "onnxruntime fp32", "onnxruntime int8"
OURS_F32 = f"{OURS} f32"
FILES = {FP32: "files/minilm.onnx", INT8: "files/minilm.int8.onnx"}
START, END, FIRST_WORD, LAST_WORD = 101, 102, 2000, 20000
"""Token ids of BERT's vocabulary."""


def encoder(context: Context, texts: int, tokens: int) -> list[CaseResult]:
    """`texts` texts of `tokens` tokens each in one call; one row for each of the two bars."""
    batch = _texts(texts, tokens)
    with contextlib.ExitStack() as stack:
        systems = _open(context, stack)
        vectors = {name: encode(batch) for name, encode in systems.items()}
        calls = {name: timed(partial(encode, batch)) for name, encode in systems.items()}
        bursts = context.repeats(15 if texts * tokens <= 512 else 6)
        measured = samples(calls, {OURS: "i8", OURS_F32: "f32"}, bursts, 3, 1e3)
    title = f"MiniLM, {texts} x {tokens} tokens"
    return [
        CaseResult(
            key=f"{key}-{texts}x{tokens}",
            title=f"{title}, to {peer}",
            unit="ms",
            samples={name: measured[name] for name in (OURS, OURS_F32, peer)},
            notes=(_closeness(vectors, peer),),
            peers=(peer,),
        )
        for key, peer in (("encoder-fp32", FP32), ("encoder-int8", INT8))
    ]


def _open(context: Context, stack: contextlib.ExitStack) -> dict[str, Encode]:
    opened = IreeDevice("local-task", context.threads)
    stack.callback(opened.close)
    systems = {
        OURS: open_ours(context.encoder("i8"), opened),
        OURS_F32: open_ours(context.encoder("f32"), opened),
    }
    return systems | {n: open_onnx(peer_file(f), context.threads) for n, f in FILES.items()}


def _closeness(vectors: dict[str, np.ndarray], peer: str) -> str:
    """How close the vectors are to f32: the smallest cosine over the batch."""
    cosines = {
        name: float((vectors[OURS_F32] * vectors[name]).sum(axis=1).min()) for name in (OURS, peer)
    }
    return "smallest cosine to f32: " + ", ".join(f"{n} {c:.4f}" for n, c in cosines.items())


def _texts(count: int, tokens: int) -> Texts:
    draw = random.Random(count * tokens)
    return [
        [START, *(draw.randrange(FIRST_WORD, LAST_WORD) for _ in range(tokens - 2)), END]
        for _ in range(count)
    ]
