"""The encoder for asyncio: calls that wait together run as one batch."""

from __future__ import annotations

import asyncio
import atexit
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentc.errors import RuntimeFault
from agentc.runtime.backends.encoder import Encoder

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class _Job:
    texts: list[str]
    future: Future[Vectors]


class AsyncEncoder:
    """One thread before an Encoder. Merging calls changes no bit: a text's embedding does not
    depend on its batch (a contract of the encoder's program)."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="agentc-encoder", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # a thread inside the device must not outlive the interpreter

    async def encode(self, texts: list[str]) -> Vectors:
        """Embeddings [N, D] of `texts`, in their order."""
        job = _Job(list(texts), Future())
        with self._closing:
            if self._closed:
                raise RuntimeFault("the encoder is closed", kind="cancelled")
            self._jobs.put(job)
        return await asyncio.wrap_future(job.future)

    def close(self) -> None:
        """Ends the thread; calls that wait get a RuntimeFault. May be called again."""
        with self._closing:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        atexit.unregister(self.close)

    def _loop(self) -> None:
        last = False
        while not last:
            waiting = [self._jobs.get()]
            while not self._jobs.empty():
                waiting.append(self._jobs.get())
            last = None in waiting
            jobs = [job for job in waiting if job and job.future.set_running_or_notify_cancel()]
            if last:
                fault = RuntimeFault("the encoder was closed", kind="cancelled")
                for job in jobs:
                    job.future.set_exception(fault)
            else:
                self._run(jobs)

    def _run(self, jobs: list[_Job]) -> None:
        try:
            rows = self._encoder.encode([text for job in jobs for text in job.texts])
        except Exception as error:  # whatever it is, it belongs to those who asked
            for job in jobs:
                job.future.set_exception(error)
            return
        start = 0
        for job in jobs:
            job.future.set_result(rows[start : start + len(job.texts)].copy())
            start += len(job.texts)
