"""CompiledEngine: continuous batching over one `forward`. Driven by one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agentc.errors import RuntimeFault
from agentc.runtime.backends.forward import Forward
from agentc.runtime.backends.logits import Logits
from agentc.runtime.engine.batching import BatchPolicy, Share, TokenBudget
from agentc.runtime.engine.constraint import Grammars
from agentc.runtime.engine.flat_batch import pack
from agentc.runtime.engine.order import Fcfs, QueueOrder
from agentc.runtime.engine.protocol import Load, StepRecord
from agentc.runtime.engine.quick_sampling import QuickSampler
from agentc.runtime.engine.request import Request
from agentc.runtime.engine.speculation.drafter import Drafter
from agentc.runtime.engine.speculation.policy import AdaptiveDraft, DraftPolicy
from agentc.runtime.engine.speculation.prompt_lookup import PromptLookup
from agentc.runtime.engine.speculation.speculator import Speculator
from agentc.runtime.engine.task import Task
from agentc.runtime.engine.text_stream import TextStream
from agentc.runtime.engine.tokenizer import Tokenizer
from agentc.runtime.engine.writing import Writing
from agentc.runtime.kv.cache import KvCache
from agentc.runtime.kv.eviction import EvictionPolicy
from agentc.runtime.kv.parking import ParkPolicy
from agentc.runtime.kv.snapshot import Snapshot


@dataclass(frozen=True)
class EngineOptions:
    """The engine's slots and limits. `clock` returns seconds and is only used for the trace."""

    max_sequences: int = 64
    batch: BatchPolicy = field(default_factory=TokenBudget)
    order: QueueOrder = field(default_factory=Fcfs)
    eviction: EvictionPolicy | None = None
    parking: ParkPolicy | None = None
    drafter: Drafter | None = field(default_factory=PromptLookup)
    drafts: DraftPolicy = field(default_factory=AdaptiveDraft)
    clock: Callable[[], float] = time.monotonic
    on_step: Callable[[StepRecord], None] | None = None


class CompiledEngine:
    """See protocol.Engine. Only `cache`, `load`, `park`, `release` may be used by other threads."""

    def __init__(
        self,
        forward: Forward,
        tokenizer: Tokenizer,
        end_tokens: Sequence[int],
        options: EngineOptions | None = None,
    ) -> None:
        options = options or EngineOptions()
        self.tokenizer = tokenizer
        self.grammars = Grammars(tokenizer, forward.vocabulary, end_tokens)
        self.cache = KvCache(
            forward.pages,
            forward.page_tokens,
            eviction=options.eviction,
            parking=options.parking,
        )
        self._forward = forward
        self._sampler = QuickSampler(forward.vocabulary)
        self._end_tokens = frozenset(end_tokens)
        self._speculator = Speculator(
            options.drafter, options.drafts, tokenizer, forward.vocabulary
        )
        self._options = options
        self._waiting: list[Request] = []
        self._running: list[Task] = []
        self._steps = 0

    # The loop body: drop, admit, choose, run, sample, finish.

    def step(self) -> StepRecord | None:
        """See protocol.Engine."""
        start_s = self._options.clock()
        self._drop_cancelled()
        self._start_waiting()
        ready = self._without_twins()
        self._finish_done()  # a prefill whose whole prompt was cached
        shares = self._speculator.extend(self._options.batch.choose(ready))
        if not shares:
            return None
        batch, sampled = pack(shares, self._forward.page_tokens)
        decode_rows = sum(s.rows + len(s.draft) for s in shares if s.task.decoding)
        try:
            logits = self._forward(batch)
        except Exception as error:
            self._lose_device(error)
            raise
        for share in shares:
            self.cache.commit(share.task.sequence, share.rows)
        accepted = self._sample(sampled, logits)
        self._finish_done()
        rows = len(batch.tokens)
        drafts = (sum(len(share.draft) for share in shares), accepted)
        return self._record(start_s, decode_rows, rows - decode_rows, len(shares), drafts)

    @property
    def busy(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._waiting or self._running)

    def can_admit(self, request: Request) -> bool:
        """See protocol.Engine."""
        room = len(self._running) < self._options.max_sequences and not self._waiting
        return room and self.cache.can_begin(request.snapshot, self._reserve(request))

    def admit(self, request: Request) -> None:
        """See protocol.Engine."""
        self.check(request)
        self._waiting.append(request)

    def check(self, request: Request) -> None:
        """Raises RuntimeFault if the request can never run: capacity, or input when it is empty."""
        length, context = len(request.snapshot), self._forward.context_tokens
        if request.sampling is not None and not length:
            raise RuntimeFault("the prompt is empty; give at least one token", kind="input")
        if length + (request.sampling is not None) > context:
            raise RuntimeFault(
                f"the prompt has {length} tokens, the context is {context}; shorten the prompt",
                kind="capacity",
            )
        room = (self._forward.pages - 1) * self._forward.page_tokens
        if length + self._reserve(request) > room:
            raise RuntimeFault(
                f"the call needs {length + self._reserve(request)} tokens of KV, the pool has "
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
        return Load(len(self._running), len(self._waiting), *self.cache.occupancy())

    def fail_all(self, error: BaseException) -> None:
        """Ends every request with `error`."""
        tasks, self._running = self._running, []
        for task in tasks:
            self.cache.drop(task.sequence)
            task.request.on_done(error)
        requests, self._waiting = self._waiting, []
        for request in requests:
            request.on_done(error)

    def _reserve(self, request: Request) -> int:
        left = self._forward.context_tokens - len(request.snapshot)
        return min(request.reserve_tokens, left)

    def _drop_cancelled(self) -> None:
        for task in [task for task in self._running if task.request.cancelled]:
            self._end(task, RuntimeFault("the call was cancelled", kind="cancelled"))
        for request in [request for request in self._waiting if request.cancelled]:
            self._waiting.remove(request)
            request.on_done(RuntimeFault("the call was cancelled", kind="cancelled"))

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < self._options.max_sequences:
            request = self._options.order.next(self._waiting)
            try:
                task = self._start(request)
            except RuntimeFault as fault:  # released meanwhile, or its grammar does not compile
                self._waiting.remove(request)
                request.on_done(fault)
                continue
            if task is None:
                return
            self._waiting.remove(request)
            self._running.append(task)

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
        for task in self._running:
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
        for task in list(self._running):
            if task.finish or (task.request.sampling is None and task.pending <= 0):
                self._end(task, None)

    def _end(self, task: Task, error: BaseException | None) -> None:
        self._running.remove(task)
        self._speculator.forget(task.request)
        if error is None:
            task.request.on_done(task.result(self.cache))
            return
        self.cache.drop(task.sequence)
        task.request.on_done(error)

    def _lose_device(self, error: Exception) -> None:
        """A failed step leaves the pool undefined: tokens are kept, all KV is forgotten."""
        self.fail_all(RuntimeFault(f"the device failed in a step: {error}", kind="device"))
        self.cache.park_all()
        self._forward.reset_pool()

    def _record(
        self, start_s: float, decode: int, prefill: int, sequences: int, drafts: tuple[int, int]
    ) -> StepRecord:
        record = StepRecord(
            index=self._steps,
            start_s=start_s,
            end_s=self._options.clock(),
            decode_rows=decode,
            prefill_rows=prefill,
            sequences=sequences,
            waiting=len(self._waiting),
            used_pages=self.cache.pool.used_pages,
            draft_rows=drafts[0],
            accepted_rows=drafts[1],
        )
        self._steps += 1
        if self._options.on_step is not None:
            self._options.on_step(record)
        return record
