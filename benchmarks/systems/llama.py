"""llama.cpp as a library: bare steps through llama-cpp-python's low-level bindings."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.measure import Call
from benchmarks.systems.peer_packages import use_peer_packages
from benchmarks.systems.texts import FILL_TOKEN, STEP_TOKEN, prompt_tokens

BATCH_ROWS = 512
KV_TYPES = {"f16": 1, "q8_0": 8}
FLASH = {"auto": -1, "off": 0, "on": 1}


@dataclass(frozen=True)
class LlamaSettings:
    """What can be chosen; the tuning (llama_tuning.py) tries the alternatives."""

    file: Path
    threads: int = 2
    flash: str = "auto"
    kv: str = "f16"
    unified: bool = False
    micro_batch: int = 512

    @property
    def text(self) -> str:
        """For the reader of a table."""
        weights = self.file.stem.rpartition(".")[2] or self.file.stem
        unified = ", unified KV" if self.unified else ""
        return f"{weights}, KV {self.kv}, flash {self.flash}{unified}, ubatch {self.micro_batch}"


def library() -> Any:
    """The bindings, quiet and ready."""
    use_peer_packages()
    import llama_cpp

    if not hasattr(library, "quiet"):
        quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
        library.quiet = quiet  # type: ignore[attr-defined]
        llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
    return llama_cpp


class Rows:
    """A llama_batch on numpy's memory, so that filling it costs llama.cpp nothing."""

    def __init__(self, library: Any, rows: int) -> None:
        self._token, self._pos, self._seq = (np.zeros(rows, np.int32) for _ in range(3))
        self._counts = np.ones(rows, np.int32)
        self._logits = np.zeros(rows, np.int8)
        step = self._seq.itemsize
        self._seq_pointers = self._seq.ctypes.data + step * np.arange(rows, dtype=np.uint64)
        self.batch = library.llama_batch()
        for name, array in (
            ("token", self._token),
            ("pos", self._pos),
            ("n_seq_id", self._counts),
            ("seq_id", self._seq_pointers),
            ("logits", self._logits),
        ):
            kind = dict(library.llama_batch._fields_)[name]
            setattr(self.batch, name, ctypes.cast(array.ctypes.data, kind))

    def set(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        sequences: Sequence[int],
        logit_rows: Iterable[int],
    ) -> None:
        """Makes these the rows of the batch."""
        count = self.batch.n_tokens = len(tokens)
        self._token[:count], self._pos[:count] = tokens, positions
        self._seq[:count], self._logits[:count] = sequences, 0
        self._logits[list(logit_rows)] = 1


class LlamaSteps:
    """A model and a context; the same calls as OurSteps.

    Every sequence has `sequence_tokens` tokens of room.
    """

    def __init__(self, settings: LlamaSettings, sequences: int, sequence_tokens: int) -> None:
        self._lib = library()
        self._settings = settings
        self._sequence_tokens = sequence_tokens
        self._model = self._lib.llama_model_load_from_file(
            str(settings.file).encode(), self._lib.llama_model_default_params()
        )
        self._context = self._lib.llama_init_from_model(
            self._model, self._parameters(sequences, sequence_tokens)
        )
        if not self._context:
            raise RuntimeError(f"llama.cpp refuses the context: {settings.text}")
        self._memory = self._lib.llama_get_memory(self._context)
        self._rows = Rows(self._lib, BATCH_ROWS * 4)
        vocabulary = self._lib.llama_model_get_vocab(self._model)
        self.vocabulary = int(self._lib.llama_vocab_n_tokens(vocabulary))
        self.settings = settings.text

    def _parameters(self, sequences: int, sequence_tokens: int) -> Any:
        given, settings = self._lib.llama_context_default_params(), self._settings
        given.n_ctx = sequences * -(-sequence_tokens // 256) * 256
        given.n_batch = BATCH_ROWS * 4
        given.n_ubatch = settings.micro_batch
        given.n_threads = given.n_threads_batch = settings.threads
        given.n_seq_max = sequences
        given.flash_attn_type = FLASH[settings.flash]
        given.type_k = given.type_v = KV_TYPES[settings.kv]
        given.kv_unified = settings.unified
        return given

    def fill(self, lengths: Sequence[int]) -> None:
        """Computes the KV of `lengths[i]` tokens of sequence i. Equal lengths are computed once
        and copied, where the context keeps a stream a sequence."""
        self.clear()
        for sequence, length in enumerate(lengths):
            if sequence and length == lengths[0] and not self._settings.unified:
                self._lib.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
                continue
            for start in range(0, length, BATCH_ROWS):
                rows = range(start, min(start + BATCH_ROWS, length))
                self.run([FILL_TOKEN] * len(rows), rows, [sequence] * len(rows), [])

    def decode(self, positions: Sequence[int]) -> Call:
        """A decode step; what it adds to the KV is taken away again, unmeasured."""
        count = len(positions)

        def call() -> float:
            self.load([STEP_TOKEN] * count, positions, range(count), range(count))
            start = time.perf_counter()
            self.compute()
            self.best_tokens(range(count))
            taken_s = time.perf_counter() - start
            for sequence, position in enumerate(positions):
                self.remove(sequence, position)
            return taken_s

        return call

    def prefill(self, tokens: int, chunk: int) -> Call:
        """A prompt of `tokens` tokens in chunks, with the argmax behind its last token."""
        prompt = prompt_tokens(tokens)

        def call() -> float:
            self.clear()
            taken_s = 0.0
            for start in range(0, tokens, chunk):
                rows = range(start, min(start + chunk, tokens))
                last = [len(rows) - 1] if rows[-1] == tokens - 1 else []
                self.load(prompt[start : start + chunk], rows, [0] * len(rows), last)
                began = time.perf_counter()
                self.compute()
                self.best_tokens(last)
                taken_s += time.perf_counter() - began
            return taken_s

        return call

    def run(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        sequences: Sequence[int],
        logit_rows: Iterable[int],
    ) -> None:
        """Loads and computes a batch."""
        self.load(tokens, positions, sequences, logit_rows)
        self.compute()

    def load(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        sequences: Sequence[int],
        logit_rows: Iterable[int],
    ) -> None:
        """Writes a batch into llama.cpp's own arrays."""
        self._rows.set(tokens, positions, sequences, logit_rows)

    def compute(self) -> None:
        """Runs the loaded batch and waits for it."""
        failed = self._lib.llama_decode(self._context, self._rows.batch)
        self._lib.llama_synchronize(self._context)
        if failed:
            raise RuntimeError(f"llama_decode failed with {failed}: {self._settings.text}")

    def logits(self, row: int) -> NDArray[np.float32]:
        """A view on the logits of a row of the last batch."""
        pointer = self._lib.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, (self.vocabulary,))

    def best_tokens(self, rows: Iterable[int]) -> list[int]:
        """The argmax of each row of the last batch that asked for logits."""
        return [int(self.logits(row).argmax()) for row in rows]

    def remove(self, sequence: int, position: int) -> None:
        """Forgets what `sequence` has from `position` on."""
        self._lib.llama_memory_seq_rm(self._memory, sequence, position, -1)

    def clear(self) -> None:
        """Forgets all sequences."""
        self._lib.llama_memory_clear(self._memory, True)

    def close(self) -> None:
        """Frees the context and the model."""
        self._lib.llama_free(self._context)
        self._lib.llama_model_free(self._model)
