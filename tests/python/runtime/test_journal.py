"""The journal: a run that lost its process goes on, and repeats nothing that has happened."""

import asyncio
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from runtime_plans import Builder, make_app
from tiny_models import TinyDevices, ask, llm_plan

from agentc.errors import RuntimeFault
from agentc.runtime.clock import VirtualClock, WallClock
from agentc.runtime.journal import Journal, Request
from agentc.runtime.journal_values import KvTokens, decode_values, encode_values


def _killed_in_the_second_call(folder: Path, tool_class: str) -> None:
    """Starts the agent in a process and kills it while its second call is under way."""
    here = Path(__file__).parent
    # an empty entry would be the current folder
    path = os.pathsep.join(filter(None, [str(here), os.environ.get("PYTHONPATH")]))
    agent = subprocess.Popen(
        [sys.executable, str(here / "crashing_agent.py"), str(folder), tool_class],
        env={**os.environ, "PYTHONPATH": path},
    )
    log, limit_s = folder / "log", time.monotonic() + 30
    while time.monotonic() < limit_s and not (log.exists() and "second" in log.read_text()):
        time.sleep(0.01)
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    assert log.read_text() == "first\nsecond\n"


def _agent(folder, tool_class, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", str(folder), tool_class])
    sys.modules.pop("crashing_agent", None)
    return importlib.import_module("crashing_agent").app(hang=False)


def test_a_killed_process_is_resumed_without_repeating_a_finished_call(tmp_path, monkeypatch):
    _killed_in_the_second_call(tmp_path, "idempotent")

    async def main():
        async with _agent(tmp_path, "idempotent", monkeypatch) as app:
            assert app.unfinished() == ["r"]
            result = await app.resume("r")
            assert app.unfinished() == []
            with pytest.raises(RuntimeFault, match="has ended already"):
                await app.resume("r")
            return result

    result = asyncio.run(main())
    assert result.outputs == {"out0": "xfst"}
    assert (tmp_path / "log").read_text() == "first\nsecond\nsecond\nthird\n"
    marked = [e for e in result.trace.events if e.data.get("from_journal")]
    assert len(marked) == 1


def test_a_call_that_may_have_happened_is_not_repeated(tmp_path, monkeypatch):
    _killed_in_the_second_call(tmp_path, "irreversible")

    async def main():
        async with _agent(tmp_path, "irreversible", monkeypatch) as app:
            with pytest.raises(RuntimeFault, match="tool 'second' had begun") as caught:
                await app.resume("r")
            return caught.value.kind

    assert asyncio.run(main()) == "unknown_outcome"
    assert (tmp_path / "log").read_text() == "first\nsecond\n"


def test_sequences_come_back_from_their_tokens(tmp_path):
    """decode -> tool (the app is closed in it) -> decode behind the first; as if never closed."""
    b = Builder()
    b.tool("slow", ["text"], "text", "idempotent")
    first, kv = ask(b, b.const("one"), temperature=1.0, site=1)
    second, _ = ask(b, b.call("slow", first), kv, temperature=1.0, site=2)
    plan = llm_plan(b, first, second)
    calls = []

    async def slow(text):
        calls.append(text)
        if len(calls) == 1:
            await asyncio.sleep(60)
        return "went on"

    async def life(step, journal):
        devices = TinyDevices()
        app = make_app(plan, WallClock(), {"slow": slow}, devices=devices, journal=journal)
        result = await step(app)
        return result, devices

    async def closed_in_the_call(app):
        running = asyncio.create_task(app.run(run_id="r", seed=3))
        while not calls:
            await asyncio.sleep(0.001)
        await app.aclose()
        with pytest.raises(RuntimeFault, match="app was closed"):
            await running

    async def resumed(app):
        async with app:
            return await app.resume("r")

    async def whole(app):
        async with app:
            return await app.run(seed=3)

    asyncio.run(life(closed_in_the_call, Journal(tmp_path / "j")))
    result, devices = asyncio.run(life(resumed, Journal(tmp_path / "j")))
    expected, _ = asyncio.run(life(whole, None))
    assert result.outputs == expected.outputs
    decoded = [e for e in result.trace.events if "output_tokens" in e.data]
    assert len(decoded) == 1 and devices.pages_in_use() == 0


def test_an_answer_is_asked_for_once(tmp_path):
    b = Builder()
    b.tool("wait", ["text"], "text", "idempotent")
    answer = b.op("agent.await_event", event="name", result_types=["text"])
    plan = b.plan(b.call("wait", answer))
    hang = [True]

    async def wait(x):
        if hang[0]:
            await asyncio.sleep(60)
        return x

    async def first():
        app = make_app(plan, WallClock(), {"wait": wait}, journal=Journal(tmp_path / "j"))
        try:
            async for event in app.stream(run_id="r"):
                if event.kind == "interrupt":
                    app.answer("r", "name", "Ada")
                if event.kind == "op_started" and event.op == 2:
                    await app.aclose()
        except RuntimeFault as error:
            return error.message

    async def second():
        app = make_app(plan, WallClock(), {"wait": wait}, journal=Journal(tmp_path / "j"))
        async with app:
            return [event async for event in app.resume_stream("r")]

    assert "closed" in asyncio.run(first())
    hang[0] = False
    events = asyncio.run(second())
    assert "interrupt" not in [event.kind for event in events]
    assert events[-1].data["outputs"] == {"out0": "Ada"}


def test_iterations_are_told_apart(tmp_path):
    """Closed in the third item of a map: the first two are not called again."""
    b = Builder()
    xs = b.input("xs", "list<i64>")
    b.tool("t", ["i64"], "i64", "idempotent")
    region = b.region(lambda i, x: [b.call("t", x)], args=2)
    plan = b.plan(b.op("agent.map", xs, max_parallel=1, regions=[region]), types=["list<i64>"])
    clock, calls = VirtualClock(), []

    async def t(x):
        calls.append(x)
        if calls == [5, 5, 5]:
            await clock.sleep(1000)
        return x * len(calls)

    async def main():
        app = make_app(plan, clock, {"t": t}, journal=Journal(tmp_path / "j"))
        running = asyncio.create_task(app.run(xs=[5, 5, 5, 5], run_id="r"))
        await clock.sleep(1)
        await app.aclose()
        await asyncio.gather(running, return_exceptions=True)
        async with make_app(plan, clock, {"t": t}, journal=Journal(tmp_path / "j")) as app:
            return (await app.resume("r")).outputs

    assert clock.run(main()) == {"out0": [5, 10, 20, 25]}


def test_failed_and_cancelled_runs_have_ended(tmp_path):
    b = Builder()
    b.tool("t", ["text"], "text")
    plan = b.plan(b.call("t", b.const("x")))
    clock = VirtualClock()

    async def main():
        tools = {"t": lambda x: 1 / 0}
        async with make_app(plan, clock, tools, journal=Journal(tmp_path / "j")) as app:
            with pytest.raises(RuntimeFault, match="ZeroDivisionError"):
                await app.run(run_id="r")
            assert app.unfinished() == []
            with pytest.raises(RuntimeFault, match=r"has ended already \(tool\)"):
                await app.resume("r")
            with pytest.raises(RuntimeFault, match="in the journal already"):
                await app.run(run_id="r")
            with pytest.raises(RuntimeFault, match="no run other"):
                await app.resume("other")

    clock.run(main())


def test_another_plan_cannot_resume(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.accept("r", "plan a", Request(b"", 0, ""))
    with pytest.raises(RuntimeFault, match="belongs to plan"):
        journal.request("r", "plan b")
    assert journal.unfinished("plan b") == []


def test_a_file_that_is_no_journal(tmp_path):
    (tmp_path / "j").write_bytes(b"not a database" * 100)
    with pytest.raises(RuntimeFault, match="as a journal"):
        Journal(tmp_path / "j")


def test_no_journal_no_resume():
    clock = VirtualClock()

    async def main():
        async with make_app(Builder().plan(), clock) as app:
            assert app.unfinished() == []
            with pytest.raises(RuntimeFault, match="load the app with journal=path"):
                await app.resume("r")

    clock.run(main())


def test_values_on_paper():
    values = ["a", 1, 2.5, True, None, {"b": [1], "a": "é"}, [np.arange(6, dtype=np.float32)]]
    back = decode_values(encode_values(values))
    assert back[:6] == values[:6] and list(back[5]) == ["b", "a"]
    assert back[6][0].dtype == np.float32 and back[6][0].tolist() == [0, 1, 2, 3, 4, 5]
    scalar = decode_values(encode_values(np.ones((2, 0, 3))))
    assert scalar.shape == (2, 0, 3)
    assert KvTokens("m", "d", (1,)) == KvTokens("m", "d", (1,))
    with pytest.raises(NotImplementedError):
        encode_values(object())
