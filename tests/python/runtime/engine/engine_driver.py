"""A driver of the engine without threads, and the oracle that knows no engine."""

from __future__ import annotations

from dataclasses import dataclass

from tiny_forward import END, TinyForward, byte_tokenizer_json, reference_logits

from agentc.runtime.engine import (
    CompiledEngine,
    Decoded,
    EngineOptions,
    Request,
    Sampling,
    Snapshot,
    Tokenizer,
)
from agentc.runtime.engine.sampling import choose_token


@dataclass(frozen=True)
class Call:
    """What a test asks for."""

    prompt: tuple[int, ...]
    sampling: Sampling
    seed: int = 0


def generate_alone(forward: TinyForward, call: Call) -> list[int]:
    """The meaning of a decode without stop strings or grammar: everything again for each token."""
    tokens: list[int] = []
    while len(tokens) < call.sampling.max_tokens:
        logits = reference_logits(forward, [*call.prompt, *tokens])[-1]
        token = choose_token(logits, call.sampling, call.seed, len(tokens))
        if token == END:
            break
        tokens.append(token)
    return tokens


class Driver:
    """A CompiledEngine without a thread; results by call."""

    def __init__(self, forward: TinyForward, **options):
        self.forward = forward
        self.steps = []
        self.tokenizer = Tokenizer(byte_tokenizer_json())
        self.engine = CompiledEngine(
            forward, self.tokenizer, [END], EngineOptions(on_step=self.steps.append, **options)
        )
        self.results: dict[int, object] = {}
        self._requests: list[Request] = []  # alive, so that no id comes twice

    def snapshot(self, tokens, tenant=""):
        return self.engine.cache.append(self.engine.cache.open(tenant), tuple(tokens))

    def submit(self, snapshot, sampling=None, seed=0, on_token=None, priority=0) -> Request:
        def done(result):
            assert id(request) not in self.results, "a request is answered once"
            self.results[id(request)] = result

        request = Request(snapshot, sampling, seed, done, on_token, priority=priority)
        self._requests.append(request)
        self.engine.admit(request)
        return request

    def run(self, limit=10_000):
        while self.engine.busy and limit:
            self.engine.step()
            limit -= 1
        assert limit, "the engine does not come to an end"

    def result(self, request):
        return self.results[id(request)]

    def call(self, snapshot, sampling=None, seed=0):
        request = self.submit(snapshot, sampling, seed)
        self.run()
        result = self.result(request)
        if isinstance(result, BaseException):
            raise result
        return result

    def assert_all_free(self):
        """Once all snapshots are released, only the prefix cache holds pages, and it lets go."""
        for request in self._requests:
            self.engine.release(request.snapshot)
            if isinstance(made := self.results.get(id(request)), Snapshot | Decoded):
                self.engine.release(made if isinstance(made, Snapshot) else made.snapshot)
        load = self.engine.load()
        assert (load.running, load.waiting) == (0, 0)
        assert load.used_pages == load.cached_pages == load.evictable_pages
