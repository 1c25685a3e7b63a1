"""agentc against what it could be: the memory floor, and itself without speculation."""

from __future__ import annotations

import asyncio
import contextlib

from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine.facade import AsyncEngine
from agentc.runtime.engine.options import EngineOptions
from agentc.runtime.engine.request import Sampling
from benchmarks.cases.context import Context, samples
from benchmarks.harness.bandwidth import BandwidthProbe
from benchmarks.harness.measure import Call, timed
from benchmarks.harness.results import OURS, CaseResult
from benchmarks.systems.compiled import Compiled
from benchmarks.systems.ours import OurSteps, open_async_engine

FLOOR, PLAIN = "memory floor", "agentc, plain decode"
FLOOR_POSITION = 128
COPY_TOKENS = 160
DOCUMENT = """\
The reading room is open from Tuesday to Saturday, nine in the morning until half past six. \
Visitors leave coats, umbrellas and bags larger than a sheet of paper in the lockers beside the \
entrance; a locker takes a coin that comes back when it is opened again. Manuscripts are brought \
to the desk twenty minutes after they were asked for, three at a time, and are returned to the \
desk before lunch. Pencils only: ink, pens and correction fluid stay outside. Photographs may be \
taken without flash for private study. Whoever wants to publish one writes to the keeper of the \
prints, names the shelf mark and the page, and waits for an answer, which takes about two weeks."""
QUESTION = f"Repeat this text word for word, and nothing else.\n\n{DOCUMENT}"


def floor(context: Context) -> CaseResult:
    """A decode step at batch 1 against reading its weights once, as fast as the machine can."""
    probe = BandwidthProbe(context.threads)
    ours = OurSteps(context.model, 1, FLOOR_POSITION + 16, threads=context.threads)
    ours.fill([FLOOR_POSITION])
    read_bytes = context.model.weights_read_bytes
    with contextlib.closing(probe), contextlib.closing(ours):
        calls: dict[str, Call] = {
            OURS: ours.decode([FLOOR_POSITION]),
            FLOOR: lambda: probe.floor_s(read_bytes),
        }
        settings = {
            OURS: ours.settings,
            FLOOR: f"{read_bytes / 1e6:.1f} MB of weights, {context.threads} threads",
        }
        measured = samples(calls, settings, context.repeats(25), 3, 1e3)
    title = f"decode, batch 1, at {FLOOR_POSITION}, against reading the weights from memory"
    return CaseResult("floor", title, "ms", measured)


def speculation(context: Context) -> CaseResult:
    """Answer tokens a second when the answer quotes the prompt: with prompt lookup, and without.
    The prompt is computed beforehand; both give the same tokens."""
    with contextlib.ExitStack() as stack:
        loop = stack.enter_context(asyncio.Runner())
        decoders: dict[str, _Decoder] = {}
        for name, options in ((OURS, EngineOptions()), (PLAIN, EngineOptions(drafter=None))):
            opened = IreeDevice("local-task", context.threads)
            stack.callback(opened.close)
            engine = open_async_engine(context.model, opened, 2048, options=options)
            stack.callback(engine.close)
            decoders[name] = _Decoder(context.model, engine, loop)
        calls: dict[str, Call] = {name: decoder.rate for name, decoder in decoders.items()}
        measured = samples(calls, {}, context.repeats(6), 1, 1.0)
    if decoders[OURS].tokens != decoders[PLAIN].tokens:
        raise RuntimeError("speculation changed the answer")
    title = f"an answer of {COPY_TOKENS} tokens that quotes a document, with speculation"
    return CaseResult(
        "speculation", title, "tokens/s", measured, higher_is_better=True, peers=(PLAIN,)
    )


class _Decoder:
    """An engine that has the prompt's KV; each call decodes the same answer behind it."""

    def __init__(self, compiled: Compiled, engine: AsyncEngine, loop: asyncio.Runner) -> None:
        self._engine, self._loop = engine, loop
        prompt = _chat_tokens(compiled, engine)
        self._snapshot = loop.run(engine.prefill(engine.open(), prompt))
        self.tokens: tuple[int, ...] = ()

    def rate(self) -> float:
        """Answer tokens a second."""
        return COPY_TOKENS / timed(lambda: self._loop.run(self._decode()))()

    async def _decode(self) -> None:
        sampling = Sampling(max_tokens=COPY_TOKENS)
        answered = await self._engine.decode(self._snapshot, sampling)
        self.tokens = answered.tokens
        self._engine.release(answered.snapshot)


def _chat_tokens(compiled: Compiled, engine: AsyncEngine) -> list[int]:
    chat = compiled.model.chat
    assert chat is not None
    tokens: list[int] = []
    for role, content in (("system", chat.default_system), ("user", QUESTION)):
        if content:
            tokens += engine.tokenizer.scaffold(chat.begin[role])
            tokens += engine.tokenizer.content(content)
            tokens += engine.tokenizer.scaffold(chat.end[role])
    return tokens + list(engine.tokenizer.scaffold(chat.begin["assistant"]))
