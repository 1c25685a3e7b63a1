"""AsyncEngine: futures, streaming, cancellation, closing, several loops."""

import asyncio
import threading

import pytest
from engine_driver import Call, generate_alone
from tiny_forward import END, TinyForward, byte_tokenizer_json

from agentc.errors import RuntimeFault
from agentc.runtime.engine import AsyncEngine, CompiledEngine, Sampling, Tokenizer


def _engine(closed=None, **forward):
    tiny = TinyForward(**forward)
    core = CompiledEngine(tiny, Tokenizer(byte_tokenizer_json()), [END])
    return tiny, AsyncEngine(
        core, close=lambda: closed.append(True) if closed is not None else None
    )


def test_prefill_append_fork_decode():
    async def main():
        tiny, engine = _engine()
        async with engine:
            prompt = engine.tokenizer.content("a prompt of more than sixteen bytes")
            kv = await engine.prefill(engine.open("t"), prompt)
            forks = [engine.append(engine.fork(kv), [65 + i]) for i in range(3)]
            outs = await asyncio.gather(*(engine.decode(f, Sampling(8)) for f in forks))
            for i, out in enumerate(outs):
                call = Call((*prompt, 65 + i), Sampling(8))
                assert list(out.tokens) == generate_alone(tiny, call)
                assert out.snapshot.tokens == call.prompt + out.tokens
            for snapshot in (kv, *forks, *(out.snapshot for out in outs)):
                engine.release(snapshot)
            load = engine.load()
            assert load.used_pages == load.evictable_pages

    asyncio.run(main())


def test_n_samples_share_the_prompt():
    async def main():
        tiny, engine = _engine()
        async with engine:
            prompt = tuple(range(70))
            start = engine.append(engine.open(), prompt)
            outs = await engine.decode_many(start, Sampling(9, 1.0), seeds=range(4))
            for seed, out in enumerate(outs):
                call = Call(prompt, Sampling(9, 1.0), seed)
                assert list(out.tokens) == generate_alone(tiny, call)
            # The first writes on in the last page, the others run its 5 tokens again.
            cached = sorted(out.usage.cached_tokens for out in outs)
            assert cached == [64, 64, 64, 69]
            assert sum(len(batch.tokens) for batch in tiny.batches) <= 69 + 4 * 9 + 3 * 5
            for out in outs:
                engine.release(out.snapshot)
            engine.release(start)
            load = engine.load()
            assert load.used_pages == load.evictable_pages

    asyncio.run(main())


def test_one_bad_sample_of_many_leaves_nothing_behind():
    async def main():
        tiny, engine = _engine()
        async with engine:
            start = engine.append(engine.open(), range(40))
            kv = await engine.prefill(start)
            tiny.fail_next = True
            with pytest.raises(RuntimeFault, match="the device failed in a step"):
                await engine.decode_many(kv, Sampling(9, 1.0), seeds=range(3))
            with pytest.raises(RuntimeFault, match="cannot be compiled"):
                await engine.decode_many(kv, Sampling(9, regex="(("), seeds=range(3))
            for snapshot in (start, kv):
                engine.release(snapshot)
            load = engine.load()
            assert (load.running, load.waiting) == (0, 0)
            assert load.used_pages == load.evictable_pages

    asyncio.run(main())


def test_tokens_arrive_in_order_in_the_callers_loop():
    async def main():
        _, engine = _engine()
        async with engine:
            here, seen = threading.get_ident(), []

            def on_token(text, token):
                assert threading.get_ident() == here
                seen.append((text, token))

            out = await engine.decode(
                engine.append(engine.open(), [1, 2, 3]),
                Sampling(20, 1.0),
                seed=2,
                on_token=on_token,
            )
            assert "".join(text for text, _ in seen) == out.text
            assert len(seen) == out.usage.generated_tokens

    asyncio.run(main())


def test_cancelling_the_task_frees_the_pages():
    async def main():
        _, engine = _engine(context_tokens=100_000, pages=3000)
        async with engine:
            started = asyncio.Event()
            task = asyncio.create_task(
                engine.decode(
                    engine.append(engine.open(), [1] * 50),
                    Sampling(40_000),
                    on_token=lambda text, token: started.set(),
                )
            )
            await started.wait()
            assert engine.load().used_pages > 2000
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The next answer comes after at least one more step.
            out = await engine.decode(engine.append(engine.open(), [7]), Sampling(1))
            engine.release(out.snapshot)
            load = engine.load()
            assert (load.running, load.used_pages) == (0, load.evictable_pages)

    asyncio.run(main())


def test_park_and_resume():
    async def main():
        tiny, engine = _engine()
        async with engine:
            kv = await engine.prefill(engine.open(), range(40))
            engine.park(kv)
            kv = await engine.resume(kv)
            assert kv.computed == 39
            assert kv.usage.cached_tokens == 32
            out = await engine.decode(kv, Sampling(6))
            assert list(out.tokens) == generate_alone(tiny, Call(tuple(range(40)), Sampling(6)))

    asyncio.run(main())


def test_refusals_come_before_the_queue():
    async def main():
        _, engine = _engine(pages=4)
        async with engine:
            with pytest.raises(RuntimeFault, match="token 999 is outside the vocabulary of 259"):
                engine.append(engine.open(), [999])
            with pytest.raises(RuntimeFault, match="the pool has 48"):
                await engine.prefill(engine.open(), [1] * 90)

    asyncio.run(main())


def test_a_bad_constraint_never_reaches_the_engine():
    async def main():
        tiny, engine = _engine()
        async with engine:
            prompt = engine.append(engine.open(), [1])
            with pytest.raises(RuntimeFault, match="cannot be compiled"):
                await engine.decode(prompt, Sampling(5, regex="(("))
            assert not tiny.batches
            out = await engine.decode(prompt, Sampling(5, choices=("on", "off")))
            assert out.text in ("on", "off")

    asyncio.run(main())


def test_a_failing_device_reaches_the_caller_and_the_engine_lives():
    async def main():
        tiny, engine = _engine()
        async with engine:
            kv = await engine.prefill(engine.open(), range(20))
            tiny.fail_next = True
            with pytest.raises(RuntimeFault, match="the device failed in a step") as caught:
                await engine.decode(kv, Sampling(4))
            assert caught.value.kind == "device"
            out = await engine.decode(kv, Sampling(4))
            assert list(out.tokens) == generate_alone(tiny, Call(tuple(range(20)), Sampling(4)))

    asyncio.run(main())


def test_closing_answers_everybody():
    async def main():
        closed = []
        _, engine = _engine(closed, context_tokens=100_000, pages=3000)
        start = engine.append(engine.open(), [1])
        tasks = [asyncio.create_task(engine.decode(start, Sampling(20_000))) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.to_thread(engine.close)
        for task in tasks:
            with pytest.raises(RuntimeFault, match="the engine was closed") as caught:
                await task
            assert caught.value.kind == "cancelled"
        with pytest.raises(RuntimeFault, match="the engine is closed"):
            await engine.prefill(start)
        engine.close()
        assert closed == [True]

    asyncio.run(main())


def test_several_loops_use_one_engine():
    tiny, engine = _engine()
    results = {}

    def client(i):
        async def main():
            prompt = engine.append(engine.open(), [i] * 20)
            results[i] = await engine.decode(prompt, Sampling(10, 1.0), seed=i)

        asyncio.run(main())

    threads = [threading.Thread(target=client, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.close()
    for i, out in results.items():
        call = Call((i,) * 20, Sampling(10, 1.0), i)
        assert list(out.tokens) == generate_alone(tiny, call)
    assert len(results) == 4
