"""SmolLM2 on this machine: pages that left the device, texts that had to give way, files."""

import asyncio
from dataclasses import replace

import msgspec
import numpy as np
from real_models import chat

from agentc.runtime.engine import EngineOptions, PageByPage, Sampling
from agentc.runtime.engine.opening import PAGE_DTYPES
from agentc.runtime.kv import FileTier, HostTier

PAGES = 41
QUESTIONS = ("What is a page?", "Name three rivers.", "Why is the sky blue?", "Count to ten.")


def small(smollm2):
    """The model with a pool of PAGES pages, and the bytes of one."""
    binary = smollm2.model.binaries["cpu"]
    page_bytes = int(np.prod(binary.page_shape)) * PAGE_DTYPES[binary.page_dtype].itemsize
    device = msgspec.structs.replace(smollm2.device, memory_bytes=PAGES * page_bytes)
    return replace(smollm2, device=device), page_bytes


async def answers(engine, compiled, priorities=False):
    calls = [
        engine.decode(
            engine.append(engine.open(), chat(compiled, engine, question)),
            Sampling(40, temperature=0.8),
            seed=number,
            priority=number * priorities,
        )
        for number, question in enumerate(QUESTIONS)
    ]
    return [(out.text, out.tokens, out.finish) for out in await asyncio.gather(*calls)]


def test_texts_are_the_same_whatever_happens_to_the_pages(smollm2, cpu, tmp_path):
    compiled, page_bytes = small(smollm2)

    async def main():
        async with smollm2.open(cpu) as engine:
            expected = await answers(engine, smollm2)
        tier = HostTier(4 * page_bytes, FileTier(tmp_path, 100 * (page_bytes + 80)))
        options = EngineOptions(max_sequences=3, tier=tier, reservation=PageByPage(16))
        async with compiled.open(cpu, options) as engine:
            assert engine.load().free_pages == PAGES - 1
            for _ in range(2):
                assert await answers(engine, compiled, priorities=True) == expected
                hog = await engine.prefill(engine.open("other"), range(1000, 1600))
                engine.release(hog)
            assert len(list(tmp_path.iterdir())) > 0

    asyncio.run(main())


def test_a_session_parked_saved_and_loaded_goes_on_bitwise(smollm2, cpu, tmp_path):
    compiled, page_bytes = small(smollm2)
    options = EngineOptions(tier=HostTier(100 * page_bytes))

    async def main():
        async with compiled.open(cpu, options) as engine:
            prompt = chat(compiled, engine, " ".join(QUESTIONS))
            kv = await engine.prefill(engine.open(), prompt)
            expected = await engine.decode(kv, Sampling(30))
            before = await engine.export(kv)
            engine.release(expected.snapshot)
            engine.park(kv)
            hog = await engine.prefill(engine.open("other"), range(1000, 1600))
            engine.release(hog)
            back = await engine.resume(kv)
            full = len(prompt) // 16 * 16
            assert back.usage.cached_tokens == full > 0
            after = await engine.export(back)
            for one, two in zip(before.pages, after.pages, strict=True):
                assert one.tobytes() == two.tobytes()
            assert (await engine.decode(back, Sampling(30))).text == expected.text
            await engine.save(back, tmp_path / "session")
        async with smollm2.open(cpu) as engine:
            loaded = await engine.load_snapshot(tmp_path / "session")
            assert loaded.usage.cached_tokens == full
            assert (await engine.decode(loaded, Sampling(30))).text == expected.text

    asyncio.run(main())
