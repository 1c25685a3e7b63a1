"""Sequences saved and loaded, and carried from engine to engine: bitwise on, or a typed error."""

import asyncio

import numpy as np
import pytest
from engine_driver import Call, generate_alone
from tiny_forward import END, TinyForward, byte_tokenizer_json

from agentc.errors import RuntimeFault
from agentc.runtime.engine import AsyncEngine, CompiledEngine, EngineOptions, Sampling, Tokenizer
from agentc.runtime.kv import HostTier, Identity

PROMPT = tuple(range(50))  # 3 full pages
MINE = Identity("model", "program")


def engine_of(identity=MINE, pages=64, **options):
    forward = TinyForward(pages)
    core = CompiledEngine(
        forward, Tokenizer(byte_tokenizer_json()), [END], EngineOptions(**options), identity
    )
    return AsyncEngine(core), forward


async def saved(path, tenant=""):
    engine, forward = engine_of()
    async with engine:
        kv = await engine.prefill(engine.open(tenant), PROMPT)
        out = await engine.decode(kv, Sampling(20))
        await engine.save(kv, path)
        page = forward.read_pages(kv.pages[:3])
    return out, page


def test_a_saved_session_goes_on_in_another_engine(tmp_path):
    path = tmp_path / "session"

    async def main():
        out, pages = await saved(path)
        engine, forward = engine_of()
        async with engine:
            kv = await engine.load_snapshot(path)
            assert kv.tokens == PROMPT
            assert (kv.usage.cached_tokens, kv.usage.computed_tokens) == (48, 1)
            for found, expected in zip(forward.read_pages(kv.pages[:3]), pages, strict=True):
                assert found.tobytes() == expected.tobytes()
            again = await engine.decode(kv, Sampling(20))
            assert (again.tokens, again.text) == (out.tokens, out.text)
        assert list(out.tokens) == generate_alone(forward, Call(PROMPT, Sampling(20)))
        assert [p.name for p in tmp_path.iterdir()] == ["session"]

    asyncio.run(main())


def test_another_program_computes_again(tmp_path):
    async def main():
        out, _ = await saved(tmp_path / "s")
        engine, _ = engine_of(Identity("model", "another program"))
        async with engine:
            kv = await engine.load_snapshot(tmp_path / "s")
            assert kv.usage.cached_tokens == 0
            assert (await engine.decode(kv, Sampling(20))).tokens == out.tokens

    asyncio.run(main())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", "is not a session"),
        (lambda data: b"GGUF" + data, "is not a session"),
        (lambda data: data[:30], "is damaged"),
        (lambda data: data[:100], "is damaged: found a header with another checksum"),
        (lambda data: data[:-1], "is damaged: found .* bytes of pages"),
        (lambda data: data + b"x", "is damaged: found .* bytes of pages"),
        (lambda data: data[:-900] + b"y" + data[-899:], "is damaged: found pages with another"),
        (lambda data: data[:16] + b"\xff" * 8 + data[24:], "is damaged: found a header of"),
        (lambda data: data[:90].replace(b"m", b"n") + data[90:], "is damaged: found a header"),
    ],
)
def test_files_that_are_not_what_was_saved(tmp_path, change, message):
    async def main():
        path = tmp_path / "s"
        await saved(path)
        path.write_bytes(change(path.read_bytes()))
        engine, _ = engine_of()
        async with engine:
            with pytest.raises(RuntimeFault, match=message) as caught:
                await engine.load_snapshot(path)
            assert caught.value.kind == "input"
            assert engine.load().used_pages == 0

    asyncio.run(main())


def test_other_models_tenants_and_places(tmp_path):
    async def main():
        path = tmp_path / "s"
        await saved(path, "a")
        engine, _ = engine_of()
        async with engine:
            with pytest.raises(RuntimeFault, match="is another tenant's"):
                await engine.load_snapshot(path, "b")
            with pytest.raises(RuntimeFault, match="cannot read the session"):
                await engine.load_snapshot(tmp_path / "none", "a")
            kv = await engine.load_snapshot(path, "a")
            assert kv.tenant == "a"
            with pytest.raises(RuntimeFault, match="cannot write the session"):
                await engine.save(kv, tmp_path / "no folder" / "s")
        other, _ = engine_of(Identity("another model", "program"))
        async with other:
            with pytest.raises(RuntimeFault, match="is another model's"):
                await other.load_snapshot(path, "a")

    asyncio.run(main())


def test_a_short_sequence_has_no_pages(tmp_path):
    async def main():
        engine, _ = engine_of()
        async with engine:
            kv = engine.append(engine.open(), [1, 2, 3])
            await engine.save(kv, tmp_path / "s")
            assert (await engine.load_snapshot(tmp_path / "s")).tokens == (1, 2, 3)
            await engine.save(engine.open(), tmp_path / "empty")
            assert (await engine.load_snapshot(tmp_path / "empty")).tokens == ()

    asyncio.run(main())


def test_a_parked_session_comes_back_from_the_tier_while_others_use_the_pool():
    async def main():
        tier = HostTier(1 << 22)
        engine, forward = engine_of(pages=9, tier=tier)
        async with engine:
            kv = await engine.prefill(engine.open("a"), PROMPT)
            out = await engine.decode(kv, Sampling(10))
            engine.release(out.snapshot)
            engine.park(kv)
            for number in range(4):  # a tool runs, and other sessions take all pages
                busy = await engine.decode(
                    engine.append(engine.open("b"), [number] * 60), Sampling(40)
                )
                engine.release(busy.snapshot)
            forward.pool[:] = np.nan
            back = await engine.resume(kv)
            assert (back.usage.cached_tokens, back.usage.computed_tokens) == (48, 1)
            again = await engine.decode(back, Sampling(10))
            assert again.tokens == out.tokens

    asyncio.run(main())


def test_calls_beyond_the_limit_wait_or_are_refused():
    async def main():
        engine, forward = engine_of(max_calls=2)
        async with engine:
            calls = [
                engine.decode(engine.append(engine.open(), [n] * 5), Sampling(4)) for n in range(9)
            ]
            outs = await asyncio.gather(*calls)
            expected = [generate_alone(forward, Call((n,) * 5, Sampling(4))) for n in range(9)]
            assert [list(out.tokens) for out in outs] == expected
        engine, _ = engine_of(max_calls=2, refuse_when_full=True)
        async with engine:
            calls = [
                engine.decode(engine.append(engine.open(), [n] * 5), Sampling(4)) for n in range(5)
            ]
            outs = await asyncio.gather(*calls, return_exceptions=True)
            kinds = [getattr(out, "kind", "done") for out in outs]
            assert kinds == ["done"] * 2 + ["capacity"] * 3
            await engine.decode(engine.append(engine.open(), [7] * 5), Sampling(4))

    asyncio.run(main())


def test_closing_answers_everybody():
    async def main():
        engine, _ = engine_of(max_calls=3, max_sequences=1)
        calls = [
            asyncio.create_task(
                engine.decode(engine.append(engine.open(), [n] * 5), Sampling(400), priority=n)
            )
            for n in range(6)
        ]
        await asyncio.sleep(0.1)
        await asyncio.to_thread(engine.close)
        outs = await asyncio.gather(*calls, return_exceptions=True)
        assert {out.kind for out in outs} == {"cancelled"}

    asyncio.run(main())
