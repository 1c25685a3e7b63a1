"""CompiledEngine: continuous batching over one `forward`. Driven by one thread."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from agentc.errors import RuntimeFault
from agentc.runtime.backends.forward import FlatBatch, Forward
from agentc.runtime.backends.logits import Logits
from agentc.runtime.engine.batching import Share
from agentc.runtime.engine.constraint import Grammars
from agentc.runtime.engine.flat_batch import pack
from agentc.runtime.engine.options import EngineOptions
from agentc.runtime.engine.protocol import Load, StepRecord
from agentc.runtime.engine.queue import Queue
from agentc.runtime.engine.quick_sampling import QuickSampler
from agentc.runtime.engine.request import Request
from agentc.runtime.engine.speculation.speculator import Speculator
from agentc.runtime.engine.task import Task
from agentc.runtime.engine.text_stream import TextStream
from agentc.runtime.engine.tokenizer import Tokenizer
from agentc.runtime.engine.writing import Writing
from agentc.runtime.kv.cache import KvCache
from agentc.runtime.kv.carried import Identity
from agentc.runtime.kv.parking import ParkWhenStuck, SwapIdle
from agentc.runtime.kv.snapshot import Snapshot
from agentc.runtime.kv.swap import Swap


class CompiledEngine:
    """See protocol.Engine. Only `cache`, `load`, `park`, `release` may be used by other threads."""

    def __init__(
        self,
        forward: Forward,
        tokenizer: Tokenizer,
        end_tokens: Sequence[int],
        options: EngineOptions | None = None,
        identity: Identity | None = None,
    ) -> None:
        """Without an `identity` its pages are of use to no other engine."""
        options = options or EngineOptions()
        self.identity = identity or Identity(program=secrets.token_hex())
        self.tokenizer = tokenizer
        self.grammars = Grammars(tokenizer, forward.vocabulary, end_tokens)
        self.cache = KvCache(
            forward.pages,
            forward.page_tokens,
            eviction=options.eviction,
            parking=options.parking or (SwapIdle() if options.tier else ParkWhenStuck()),
            swap=Swap(forward, options.tier, forward.page_tokens, options.clock),
            identity=self.identity.program.encode(),
        )
        self._forward = forward
        self._sampler = QuickSampler(forward.vocabulary)
        self._end_tokens = frozenset(end_tokens)
        self._speculator = Speculator(
            options.drafter, options.drafts, tokenizer, forward.vocabulary
        )
        self.options = options
        self._queue = Queue(
            self.cache,
            options.order,
            options.max_sequences,
            self._start,
            options.reservation.tokens,
        )
        self._steps = 0

    # The loop body: drop, admit, choose, run, sample, finish.

    def step(self) -> StepRecord | None:
        """See protocol.Engine."""
        start_s = self.options.clock()
        self._drop_cancelled()
        self._queue.start_waiting()
        ready = self._without_twins()
        self._finish_done()  # a prefill whose whole prompt was cached
        shares = self._speculator.extend(self.options.batch.choose(ready))
        shares = self._queue.grow(shares)
        if not shares:
            return None
        batch, sampled = pack(shares, self._forward.page_tokens)
        decode_rows = sum(s.rows + len(s.draft) for s in shares if s.task.decoding)
        logits = self._compute(batch, decode_rows)
        for share in shares:
            self.cache.commit(share.task.sequence, share.rows)
        accepted = self._sample(sampled, logits)
        self._finish_done()
        rows = len(batch.tokens)
        drafts = (sum(len(share.draft) for share in shares), accepted)
        return self._record(start_s, decode_rows, rows - decode_rows, len(shares), drafts)

    def _compute(self, batch: FlatBatch, decode_rows: int) -> Logits:
        start_s, rows = self.options.clock(), len(batch.tokens)
        try:
            logits = self._forward(batch)
        except Exception as error:
            raise self._lose_device(error) from error
        if rows - decode_rows >= self._forward.page_tokens:  # what a token of a prompt costs
            self.cache.swap.compute.observe(rows, self.options.clock() - start_s)
        return logits

    @property
    def suspensions(self) -> int:
        """How often a request had to give way so far."""
        return self._queue.suspensions

    @property
    def busy(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._queue.waiting or self._queue.running)

    def can_admit(self, request: Request) -> bool:
        """See protocol.Engine."""
        room = len(self._queue.running) < self.options.max_sequences and not self._queue.waiting
        return room and self.cache.can_begin(request.snapshot, self._reserve(request))

    def admit(self, request: Request) -> None:
        """See protocol.Engine."""
        self.check(request)
        self._queue.add(request)

    def check(self, request: Request) -> None:
        """Raises RuntimeFault if the request can never run: capacity, or input when it is empty."""
        length, context = len(request.snapshot), self._forward.context_tokens
        most = min(request.reserve_tokens, context - length)
        if request.sampling is not None and not length:
            raise RuntimeFault("the prompt is empty; give at least one token", kind="input")
        if length + (request.sampling is not None) > context:
            raise RuntimeFault(
                f"the prompt has {length} tokens, the context is {context}; shorten the prompt",
                kind="capacity",
            )
        room = (self._forward.pages - 1) * self._forward.page_tokens
        if length + most > room:
            raise RuntimeFault(
                f"the call needs {length + most} tokens of KV, the pool has "
                f"{room}; give the device more memory or lower max_tokens",
                kind="capacity",
            )

    def check_tokens(self, tokens: Sequence[int]) -> None:
        """Raises RuntimeFault (kind "input") on a token outside the vocabulary."""
        for token in tokens:
            if not 0 <= token < self._forward.vocabulary:
                raise RuntimeFault(
                    f"token {token} is outside the vocabulary of {self._forward.vocabulary}",
                    kind="input",
                )

    def park(self, snapshot: Snapshot) -> None:
        """See protocol.Engine."""
        self.cache.park(snapshot)

    def resume(self, snapshot: Snapshot, request: Request) -> None:
        """See protocol.Engine."""
        assert request.snapshot is snapshot and request.sampling is None
        self.admit(request)

    def release(self, snapshot: Snapshot) -> None:
        """See protocol.Engine."""
        self.cache.close(snapshot)

    def load(self) -> Load:
        """See protocol.Engine."""
        return Load(len(self._queue.running), len(self._queue.waiting), *self.cache.occupancy())

    def fail_all(self, error: BaseException) -> None:
        """Ends every request with `error`."""
        for task in list(self._queue.running):
            self._end(task, error)
        for request in list(self._queue.waiting):
            self._refuse(request, error)

    def _reserve(self, request: Request) -> int:
        left = self._forward.context_tokens - len(request.snapshot)
        return self.options.reservation.tokens(min(request.reserve_tokens, left))

    def _drop_cancelled(self) -> None:
        for task in [task for task in self._queue.running if task.request.cancelled]:
            self._end(task, RuntimeFault("the call was cancelled", kind="cancelled"))
        for request in [request for request in self._queue.waiting if request.cancelled]:
            self._refuse(request, RuntimeFault("the call was cancelled", kind="cancelled"))

    def _start(self, request: Request) -> Task | None:
        sampling = request.sampling
        constraint = self.grammars.make(sampling) if sampling else None
        sequence = self.cache.begin(request.snapshot, self._reserve(request))
        if sequence is None:
            return None
        writing = None
        if sampling is not None:
            stream = TextStream(self.tokenizer, sampling.stop)
            writing = Writing(
                sampling, request.seed, stream, constraint, self._sampler, self._end_tokens
            )
        return Task(request, sequence, writing, self._forward.context_tokens)

    def _without_twins(self) -> list[Task]:
        """The tasks that can use a row: when two would compute the same block, the later one
        waits for the earlier and then takes the page from the cache."""
        ready: list[Task] = []
        seen: set[object] = set()
        for task in self._queue.running:
            self.cache.adopt(task.sequence)
            block, at_start = self.cache.current_block(task.sequence)
            if block not in seen or not at_start:
                ready.append(task)
            if block is not None:
                seen.add(block)
        return [task for task in ready if task.pending > 0]

    def _sample(self, sampled: list[tuple[Share, int]], logits: Logits) -> int:
        """Returns how many tokens of the drafts were right."""
        total = 0
        for share, row in sampled:
            try:
                accepted = share.task.take(logits, row, share.draft)
            except Exception as error:  # a grammar at its limits, a callback that raises
                self._end(share.task, error)
                continue
            self._speculator.learn(share, accepted)
            if accepted:
                self.cache.commit(share.task.sequence, accepted)
            total += accepted
        return total

    def _finish_done(self) -> None:
        for task in list(self._queue.running):
            if task.finish or (task.request.sampling is None and task.pending <= 0):
                self._end(task, None)

    def _end(self, task: Task, error: BaseException | None) -> None:
        self._queue.running.remove(task)
        self._speculator.forget(task.request)
        if error is None:
            task.request.on_done(task.result(self.cache))
            return
        self.cache.drop(task.sequence)
        task.request.on_done(error)

    def _refuse(self, request: Request, error: BaseException) -> None:
        self._queue.remove(request)
        self._speculator.forget(request)  # it may have run before it had to give way
        request.on_done(error)

    def _lose_device(self, error: Exception) -> RuntimeFault:
        """A failed step leaves the pool undefined: tokens are kept, all KV is forgotten. Those
        that ran are told; those that wait are not concerned."""
        fault = RuntimeFault(f"the device failed in a step: {error}", kind="device")
        for task in list(self._queue.running):
            self._end(task, fault)
        self.cache.park_all()
        self._forward.reset_pool()
        return fault

    def _record(
        self, start_s: float, decode: int, prefill: int, sequences: int, drafts: tuple[int, int]
    ) -> StepRecord:
        record = StepRecord(
            index=self._steps,
            start_s=start_s,
            end_s=self.options.clock(),
            decode_rows=decode,
            prefill_rows=prefill,
            sequences=sequences,
            waiting=len(self._queue.waiting),
            used_pages=self.cache.pool.used_pages,
            draft_rows=drafts[0],
            accepted_rows=drafts[1],
        )
        self._steps += 1
        if self.options.on_step is not None:
            self.options.on_step(record)
        return record
