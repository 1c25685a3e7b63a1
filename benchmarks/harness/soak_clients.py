"""Clients of a soak: sessions that grow, fork, wait, leave and come back, in random order.

Every choice comes from a seeded generator. Canaries are calls whose answers are known from a quiet
engine: they must be the same, to the token, whatever else goes on.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agentc.errors import RuntimeFault
from agentc.runtime.engine import AsyncEngine, Decoded, Sampling, Snapshot

TEXT = (
    "the river a stone and seven birds over under bright slow table when nobody looks count to "
    "twelve write one sentence about water paper salt in the morning"
)
WORDS = TEXT.split()
SYSTEM = "You are a helpful assistant. Answer in one short sentence. " * 4
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "n": {"type": "integer"}},
    "required": ["name", "n"],
    "additionalProperties": False,
}
CONSTRAINTS = (
    {},
    {},
    {},
    {"schema": SCHEMA},
    {"choices": ("yes", "no", "maybe so")},
    {"regex": "[a-f]{3,20}[.]"},
)
TENANTS = ("red", "green", "blue")
MAX_SESSION_TOKENS = 600
LONGEST_PAUSE_S = 0.05


@dataclass
class Soak:
    """What the clients share. `counts` says how often each thing was done; `wrong` what was not
    as it must be."""

    engine: AsyncEngine
    folder: Path
    now_s: Callable[[], float]
    end_s: float
    canaries: list[tuple[tuple[int, ...], Sampling, int, tuple[int, ...]]] = field(
        default_factory=list
    )
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether the clients should come to an end."""
        return self.now_s() >= self.end_s

    async def learn_canaries(self, count: int) -> None:
        """Asks a quiet engine."""
        for number in range(count):
            chance = random.Random(f"canary {number}")
            prompt, how = words(self.engine, chance, 12 + 30 * number), sampling(chance, 24)
            out = await self.engine.decode(
                self.engine.append(self.engine.open("canary"), prompt), how, seed=number
            )
            self.engine.release(out.snapshot)
            self.canaries.append((prompt, how, number, out.tokens))


def words(engine: AsyncEngine, chance: random.Random, count: int) -> tuple[int, ...]:
    """Some text as tokens."""
    return engine.tokenizer.content(" ".join(chance.choice(WORDS) for _ in range(count)))


def sampling(chance: random.Random, max_tokens: int) -> Sampling:
    """Any way to sample, now and then with a stop string, a constraint, log-probabilities."""
    return Sampling(
        max_tokens=chance.randint(1, max_tokens),
        temperature=chance.choice((0.0, 0.7, 1.2)),
        top_p=chance.choice((None, 0.9)),
        stop=chance.choice(((), (), (".",), (" the", "\n\n"))),
        logprobs=chance.choice((None, None, 3)),
        **chance.choice(CONSTRAINTS),
    )


async def client(soak: Soak, number: int) -> None:
    """Sessions one after the other until the time is over."""
    chance = random.Random(f"client {number}")
    while not soak.over:
        await _session(soak, chance)
        soak.counts["sessions"] += 1


async def _session(soak: Soak, chance: random.Random) -> None:
    engine, priority = soak.engine, chance.choice((0, 0, 0, 1, 2))
    start = engine.open(chance.choice(TENANTS))
    kv = await engine.prefill(start, engine.tokenizer.content(SYSTEM), priority=priority)
    try:
        while not soak.over and len(kv) < MAX_SESSION_TOKENS and chance.random() < 0.85:
            act = chance.choices(ACTS, WEIGHTS)[0]
            kv = await act(soak, chance, kv, priority)
            soak.counts[act.__name__.strip("_")] += 1
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() * LONGEST_PAUSE_S)
    finally:
        engine.release(kv)


async def _turn(soak: Soak, chance: random.Random, kv: Snapshot, priority: int) -> Snapshot:
    """A message and its answer, which becomes part of the session."""
    engine = soak.engine
    asked = await engine.prefill(kv, words(engine, chance, chance.randint(1, 60)))
    engine.release(kv)
    out = await engine.decode(
        asked, sampling(chance, 60), seed=chance.randrange(99), priority=priority
    )
    engine.release(asked)
    _check(soak, out)
    return out.snapshot


async def _forks(soak: Soak, chance: random.Random, kv: Snapshot, priority: int) -> Snapshot:
    """Several answers at once behind one prompt; some are cancelled on the way."""
    engine = soak.engine
    forks = [engine.append(kv, words(engine, chance, 2)) for _ in range(chance.randint(2, 4))]
    tasks = [
        asyncio.create_task(engine.decode(f, sampling(chance, 40), seed=i, priority=priority))
        for i, f in enumerate(forks)
    ]
    await asyncio.sleep(chance.random() * LONGEST_PAUSE_S)
    for task in tasks:
        if chance.random() < 0.4:
            task.cancel()
            soak.counts["cancelled"] += 1
    for out in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(out, Decoded):
            _check(soak, out)
            engine.release(out.snapshot)
        elif not isinstance(out, asyncio.CancelledError):
            soak.wrong.append(f"a fork ended in {out!r}")
    for fork in forks:
        engine.release(fork)
    return kv


async def _wait(soak: Soak, chance: random.Random, kv: Snapshot, priority: int) -> Snapshot:
    """Parked while a tool works, then resumed."""
    soak.engine.park(kv)
    await asyncio.sleep(chance.random() * 4 * LONGEST_PAUSE_S)
    back = await soak.engine.resume(kv, priority=priority)
    soak.engine.release(kv)
    return back


async def _file(soak: Soak, chance: random.Random, kv: Snapshot, priority: int) -> Snapshot:
    """Saved, closed, loaded."""
    path = soak.folder / f"session-{chance.randrange(10**9)}"
    await soak.engine.save(kv, path)
    tenant, tokens = kv.tenant, kv.tokens
    soak.engine.release(kv)
    back = await soak.engine.load_snapshot(path, tenant)
    path.unlink()
    if back.tokens != tokens:
        soak.wrong.append("a session came back from its file with other tokens")
    return back


async def _mistake(soak: Soak, chance: random.Random, kv: Snapshot, priority: int) -> Snapshot:
    """What must be refused, and must disturb nobody."""
    engine = soak.engine
    for kind, wrong in (
        ("capacity", lambda: engine.prefill(kv, [1] * 100_000)),
        ("input", lambda: engine.prefill(kv, [-1])),
        ("input", lambda: engine.decode(kv, Sampling(5, regex="(("))),
        ("input", lambda: engine.decode(engine.open(), Sampling(5))),
    ):
        try:
            await wrong()
        except RuntimeFault as fault:
            if fault.kind != kind:
                soak.wrong.append(f"a mistake is called {fault.kind}, expected {kind}: {fault}")
        else:
            soak.wrong.append(f"a mistake was accepted, expected {kind}")
    return kv


async def _canary(soak: Soak, chance: random.Random, kv: Snapshot, priority: int) -> Snapshot:
    """A call with a known answer."""
    prompt, how, seed, expected = chance.choice(soak.canaries)
    mine = soak.engine.append(soak.engine.open(chance.choice(TENANTS)), prompt)
    out = await soak.engine.decode(mine, how, seed=seed, priority=priority)
    if out.tokens != expected:
        soak.wrong.append(f"canary {seed} has other tokens")
    soak.engine.release(out.snapshot)
    soak.engine.release(mine)
    return kv


def _check(soak: Soak, out: Decoded) -> None:
    soak.counts[f"ended by {out.finish}"] += 1
    soak.counts["tokens"] += out.usage.generated_tokens


ACTS = (_turn, _forks, _wait, _file, _mistake, _canary)
WEIGHTS = (40, 20, 15, 4, 1, 20)
