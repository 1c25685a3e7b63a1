"""Sequences of a run whose pages move: to another device class, or away while a tool works."""

import asyncio
import time

import pytest
from runtime_plans import Builder, make_app
from tiny_models import TinyDevices, ask, llm_plan

from agentc.runtime.clock import WallClock
from agentc.runtime.kv import HostTier, Identity
from agentc.runtime.scheduler import KeepForShortWaits, Policies

IDLE = {"kind": "constant", "values": [9.0], "weights": [], "provenance": "declared"}


def _run(plan, devices, tools=None, policies=None, **options):
    async def main():
        app = make_app(plan, WallClock(), tools or {}, devices=devices, policies=policies)
        try:
            return await app.run({}, **options)
        finally:
            await app.aclose()

    return asyncio.run(main())


def _moving_plan():
    b = Builder()
    template = "{<user}" + "shared words " * 9
    tokens = b.op("stage.tokenize", model="tiny", template=template, arg_names=[])
    kv = b.op("stage.kv.open", model="tiny", device="cpu")
    kv = b.op("stage.prefill", kv, tokens, model="tiny", device="cpu")
    fork = b.op("stage.kv.fork", kv)
    moved = b.op("stage.kv.move", kv, to="other", device="other")
    here, _ = b.ops("stage.decode", fork, model="tiny", device="cpu", max_tokens=6, results=2)
    there, _ = b.ops("stage.decode", moved, model="tiny", device="other", max_tokens=6, results=2)
    return llm_plan(b, here, there)


@pytest.mark.parametrize("same_program", [True, False])
def test_pages_go_along_to_a_device_that_runs_the_same_program(same_program):
    devices = TinyDevices(identity=Identity("m", "program") if same_program else None)
    result = _run(_moving_plan(), devices)
    assert result.outputs["out0"] == result.outputs["out1"] != ""
    rows = sum(len(batch.tokens) for batch in devices.forwards["other"].batches)
    length = len("shared words " * 9) + 1
    assert (rows < 16 + 6 + 1) if same_program else (rows >= length)


@pytest.mark.parametrize("tier", [None, HostTier(1 << 22)], ids=["computed", "swapped"])
def test_a_session_waits_for_its_tool_outside_the_device(tier):
    b = Builder()
    b.tool("t", ["text"], "text")
    first, kv = ask(b, b.const("a long first turn " * 6))
    handle = b.op("stage.call", first, tool="t")
    parked = b.op("stage.kv.park", kv, idle=IDLE)
    answer = b.op("stage.await", handle)
    resumed = b.op("stage.kv.resume", parked)
    second, _ = ask(b, answer, resumed)
    plan = llm_plan(b, first, second)
    calm = _run(plan, TinyDevices(), {"t": lambda x: "yes"})
    devices = TinyDevices(pages=14, tier=tier)

    def evicting_tool(x):
        """Works while somebody else needs nearly all pages."""
        engine = devices.engines["cpu"]
        time.sleep(0.1)  # until the session is parked
        asyncio.run(engine.prefill(engine.open("other"), range(1, 190)))
        return "yes"

    policies = Policies(kv_while_waiting=KeepForShortWaits(full=0.0))
    busy = _run(plan, devices, {"t": evicting_tool}, policies)
    assert busy.outputs == calm.outputs
    swap = devices.engines["cpu"]._engine.cache.swap
    assert (swap.swapped_in > 0) == (tier is not None)


def test_an_urgent_run_comes_first():
    b = Builder()
    text, _ = ask(b, b.const("hello"), max_tokens=40)
    devices = TinyDevices(pages=5)  # one call at a time
    ended = []

    async def main():
        app = make_app(llm_plan(b, text), WallClock(), {}, devices=devices)

        async def one(name, priority):
            await app.run({}, tenant=name, priority=priority)
            ended.append(name)

        try:
            tasks = [asyncio.create_task(one(f"calm {n}", 0)) for n in range(3)]
            while not devices.engines or devices.engines["cpu"].load().waiting < 2:
                await asyncio.sleep(0.001)
            await asyncio.gather(*tasks, one("urgent", 2))
        finally:
            await app.aclose()

    asyncio.run(main())
    assert sorted(ended) == ["calm 0", "calm 1", "calm 2", "urgent"]
    assert ended.index("urgent") <= 1
