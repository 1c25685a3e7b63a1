"""Random arrivals, forks, cancellations and releases from many tasks: nothing is lost or leaks."""

import asyncio
import gc
import random

from engine_driver import Call, generate_alone
from tiny_forward import END, TinyForward, byte_tokenizer_json

from agentc.runtime.engine import AsyncEngine, CompiledEngine, EngineOptions, Sampling, Tokenizer
from agentc.runtime.engine.batching import TokenBudget

CLIENTS, TURNS = 12, 5


async def _client(number, engine, forward, answered):
    """A session that grows, is parked, forked and sometimes cancelled."""
    chance = random.Random(number)
    kv = engine.open(f"tenant {number % 2}")
    for turn in range(TURNS):
        tokens = [chance.choice((1, 2))] * 20 + [chance.randrange(256) for _ in range(5)]
        kv = await engine.prefill(kv, tokens)
        if chance.random() < 0.3:
            engine.park(kv)
        if chance.random() < 0.3:
            await _cancelled(engine, kv, chance)
        how, seed = Sampling(chance.randint(1, 10), chance.choice((0.0, 1.0))), number * 100 + turn
        out = await engine.decode(engine.fork(kv), how, seed=seed)
        assert list(out.tokens) == generate_alone(forward, Call(kv.tokens, how, seed))
        answered.append(out.finish)
        kv = out.snapshot if len(out.snapshot) < 80 else engine.open(f"tenant {number % 2}")


async def _cancelled(engine, kv, chance):
    task = asyncio.create_task(engine.decode(kv, Sampling(100)))
    await asyncio.sleep(chance.random() * 0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_soak():
    async def main():
        forward, answered = TinyForward(pages=40), []
        core = CompiledEngine(
            forward,
            Tokenizer(byte_tokenizer_json()),
            [END],
            EngineOptions(max_sequences=5, batch=TokenBudget(24)),
        )
        async with AsyncEngine(core) as engine:
            clients = (_client(n, engine, forward, answered) for n in range(CLIENTS))
            await asyncio.gather(*clients)
            assert len(answered) == CLIENTS * TURNS
            last = await engine.decode(engine.append(engine.open(), [1]), Sampling(1))
            engine.release(last.snapshot)
            gc.collect()
            load = engine.load()
            assert (load.running, load.waiting) == (0, 0)
            assert load.used_pages == load.cached_pages == load.evictable_pages
            core.cache.tree.clear()
            assert engine.load().free_pages == forward.pages - 1

    asyncio.run(main())
