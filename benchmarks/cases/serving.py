"""Whole engines under many requests: continuous batching, and a prefix that all share."""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
from collections.abc import Callable
from pathlib import Path

from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine.facade import AsyncEngine
from benchmarks.cases.context import Q4_0, Context, samples
from benchmarks.harness.measure import Call, timed
from benchmarks.harness.results import OURS, CaseResult
from benchmarks.systems import llama_batching
from benchmarks.systems.compiled import DEVICE
from benchmarks.systems.llama import LlamaSettings, LlamaSteps
from benchmarks.systems.llama_server import LlamaServer, ServerSettings
from benchmarks.systems.ours import open_async_engine, whole_answer
from benchmarks.systems.texts import prompt_tokens

SERVER = "llama.cpp server"
REQUESTS, AT_ONCE = 64, 32
PROMPT_TOKENS, ANSWER_TOKENS = (32, 192), (64, 256)
SLOT_TOKENS = 512
TRACE_SEED = 5
PREFIX_TOKENS, QUESTION_TOKENS, SHARED_ANSWER_TOKENS, SHARERS = 1000, 20, 64, 8


class Trace:
    """Requests of mixed lengths: when one ends the next arrives, `AT_ONCE` at a time. Prompts are
    new in every run, so no cache knows them."""

    def __init__(self, requests: int = REQUESTS) -> None:
        draw = random.Random(TRACE_SEED)
        self._prompts = [draw.randrange(*PROMPT_TOKENS) for _ in range(requests)]
        self.lengths = [draw.randrange(*ANSWER_TOKENS) for _ in range(requests)]
        self._run = 0

    @property
    def answer_tokens(self) -> int:
        """Tokens that all answers have together."""
        return sum(self.lengths)

    def prompts(self) -> list[list[int]]:
        """The prompts of the next run."""
        self._run += 1
        first = self._run * len(self._prompts)
        return [prompt_tokens(count, first + i) for i, count in enumerate(self._prompts)]


def continuous(context: Context) -> CaseResult:
    """Answer tokens a second, all requests together, `AT_ONCE` running."""
    traces = {name: Trace() for name in (OURS, *context.peer_files(), SERVER)}
    with contextlib.ExitStack() as stack:
        loop = stack.enter_context(asyncio.Runner())
        engine = _engine(context, stack, AT_ONCE * SLOT_TOKENS)
        like = f"decode-{AT_ONCE}-mixed"
        server = stack.enter_context(LlamaServer(_server(context, AT_ONCE, SLOT_TOKENS, like)))

        async def ours() -> None:
            trace, gate = traces[OURS], asyncio.Semaphore(AT_ONCE)

            async def one(prompt: list[int], length: int) -> None:
                async with gate:
                    await whole_answer(engine, prompt, length)

            await asyncio.gather(*map(one, trace.prompts(), trace.lengths))

        async def served() -> None:
            trace, gate = traces[SERVER], asyncio.Semaphore(AT_ONCE)

            async def one(prompt: list[int], length: int) -> None:
                async with gate:
                    await server.complete(prompt, length)

            await asyncio.gather(*map(one, trace.prompts(), trace.lengths))

        calls = {
            OURS: _rate(lambda: loop.run(ours()), traces[OURS].answer_tokens),
            SERVER: _rate(lambda: loop.run(served()), traces[SERVER].answer_tokens),
        }
        settings = {OURS: _settings(context), SERVER: server.settings}
        for name, file in context.peer_files().items():
            chosen = _tuned(context, f"{like} {name}", file)
            steps = LlamaSteps(chosen, AT_ONCE, SLOT_TOKENS)
            stack.callback(steps.close)
            trace = traces[name]
            calls[name] = _rate(
                lambda s=steps, t=trace: llama_batching.run(s, t.prompts(), t.lengths, AT_ONCE),  # type: ignore[misc]
                trace.answer_tokens,
            )
            settings[name] = f"library, {chosen.text}"
        measured = samples(calls, settings, context.repeats(3), 1, 1.0, discard=0)
    title = f"{REQUESTS} requests, {AT_ONCE} at a time, mixed lengths, continuous batching"
    return CaseResult("continuous-32", title, "tokens/s", measured, higher_is_better=True)


def shared_prefix(context: Context) -> CaseResult:
    """Seconds until the last of `SHARERS` answers is complete; nothing was cached before."""
    runs = iter(range(10**9))
    with contextlib.ExitStack() as stack:
        loop = stack.enter_context(asyncio.Runner())
        room = PREFIX_TOKENS + QUESTION_TOKENS + SHARED_ANSWER_TOKENS
        engine = _engine(context, stack, 2 * SHARERS * room)

        def prompts() -> list[list[int]]:
            run = next(runs)
            prefix = prompt_tokens(PREFIX_TOKENS, 7_000_000 + run)
            return [
                prefix + prompt_tokens(QUESTION_TOKENS, 8_000_000 + run * SHARERS + i)
                for i in range(SHARERS)
            ]

        async def ours() -> None:
            asked = (whole_answer(engine, prompt, SHARED_ANSWER_TOKENS) for prompt in prompts())
            await asyncio.gather(*asked)

        calls: dict[str, Call] = {OURS: timed(lambda: loop.run(ours()))}
        settings, health_s = {OURS: _settings(context)}, []
        for unified in (False, True):
            server = stack.enter_context(
                LlamaServer(_server(context, SHARERS, 2 * room, "decode-8-1000", unified=unified))
            )
            health_s += [server.health_s() for _ in range(20)]
            for ahead in (False, True):
                name = (
                    f"{SERVER}{', unified KV' if unified else ''}{', one ahead' if ahead else ''}"
                )
                settings[name] = server.settings

                async def served(server: LlamaServer = server, ahead: bool = ahead) -> None:
                    await _served(server, prompts(), ahead)

                calls[name] = timed(lambda served=served: loop.run(served()))  # type: ignore[misc]
        measured = samples(calls, settings, context.repeats(4), 1, 1.0, discard=0)
    return CaseResult(
        "shared-prefix",
        f"{SHARERS} requests, {PREFIX_TOKENS} tokens of shared prefix, "
        f"{SHARED_ANSWER_TOKENS} of answer, to the last token",
        "s",
        measured,
        notes=(f"an empty round trip to the server: {1e3 * statistics.median(health_s):.2f} ms",),
    )


async def _served(server: LlamaServer, prompts: list[list[int]], ahead: bool) -> None:
    """All at once, or the first ahead of the others so that they find the prefix cached."""
    if ahead:
        await server.complete(prompts[0], SHARED_ANSWER_TOKENS)
        prompts = prompts[1:]
    await asyncio.gather(*(server.complete(p, SHARED_ANSWER_TOKENS) for p in prompts))


def _engine(context: Context, stack: contextlib.ExitStack, kv_tokens: int) -> AsyncEngine:
    opened = IreeDevice("local-task", context.threads)
    stack.callback(opened.close)
    engine = open_async_engine(context.model, opened, kv_tokens)
    stack.callback(engine.close)
    return engine


def _server(
    context: Context, slots: int, slot_tokens: int, like: str, *, unified: bool = False
) -> ServerSettings:
    """The server in the settings that were best for the bare steps of the case `like`."""
    file = context.peer_files()[Q4_0]
    tuned = _tuned(context, f"{like} {Q4_0}", file)
    kv_tokens = slots * slot_tokens
    return ServerSettings(file, slots, kv_tokens, context.threads, unified, tuned.flash, tuned.kv)


def _tuned(context: Context, key: str, file: Path) -> LlamaSettings:
    """What the case of bare steps has found, or the defaults if it was not run before."""
    return context.tuned.known(key) or LlamaSettings(file, context.threads)


def _settings(context: Context) -> str:
    binary = context.model.model.binaries[DEVICE]
    return f"{binary.precision}, KV {binary.page_dtype}"


def _rate(work: Callable[[], object], tokens: int) -> Call:
    seconds = timed(work)
    return lambda: tokens / seconds()
