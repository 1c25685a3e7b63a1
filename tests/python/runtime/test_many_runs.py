"""Several runs of one app: they share the engine and the budget of nobody but themselves."""

import asyncio
import json

import pytest
from runtime_plans import Builder, make_app
from tiny_models import TinyDevices, ask, llm_plan

from agentc.errors import BudgetExceeded, RuntimeFault
from agentc.plan import Budget
from agentc.runtime.clock import VirtualClock, WallClock


def _ask_plan(**attrs):
    b = Builder()
    text, _ = ask(b, b.input("x", "text"), **attrs)
    return llm_plan(b, text)


def test_runs_at_once_say_what_they_say_alone():
    plan = _ask_plan(temperature=1.0, max_tokens=10)
    prompts = [f"question number {i}" for i in range(8)]

    async def main():
        async with make_app(plan, WallClock(), devices=TinyDevices(pages=256)) as app:
            alone = [(await app.run(x=p, seed=i)).outputs for i, p in enumerate(prompts)]
            runs = [app.run(x=p, seed=i) for i, p in enumerate(prompts)]
            return alone, [result.outputs for result in await asyncio.gather(*runs)]

    alone, together = asyncio.run(main())
    assert alone == together and len({str(o) for o in alone}) > 1


def test_cancelling_one_run_leaves_the_others():
    plan = _ask_plan(max_tokens=120, temperature=1.5)

    async def main():
        async with make_app(plan, WallClock(), devices=TinyDevices(pages=256)) as app:
            expected = (await app.run(x="b", seed=2)).outputs
            doomed = asyncio.create_task(app.run(x="a", seed=1, run_id="doomed"))
            other = asyncio.create_task(app.run(x="b", seed=2))
            await asyncio.sleep(0.02)
            if not doomed.done():
                await app.cancel("doomed")
            ended = await asyncio.gather(doomed, return_exceptions=True)
            return expected, (await other).outputs, ended[0]

    expected, found, ended = asyncio.run(main())
    assert found == expected
    assert not isinstance(ended, RuntimeFault) or ended.kind == "cancelled"


def test_calls_at_once_cannot_overdraw_a_budget_together():
    b = Builder()
    regions = [b.region(lambda: [ask(b, b.const("q"), max_tokens=30)[0]]) for _ in range(3)]
    plan = llm_plan(b, *b.ops("agent.parallel", results=3, regions=regions))

    async def main():
        async with make_app(plan, WallClock(), devices=TinyDevices(pages=256)) as app:
            with pytest.raises(BudgetExceeded, match="may need 30 tokens"):
                await app.run(budget=Budget(tokens=80))
            return (await app.run(budget=Budget(tokens=110))).usage

    usage = asyncio.run(main())
    assert 0 < usage.output_tokens + usage.input_tokens <= 110


def test_two_open_questions_of_one_name_are_answered_in_order():
    b = Builder()
    names = b.op("agent.make_list", b.const("first?"), b.const("second?"))

    def body(i, prompt):
        return [b.op("agent.await_event", prompt, event="ask", result_types=["text"])]

    out = b.op("agent.map", names, regions=[b.region(body, args=2)])
    plan = b.plan(out, types=["list<text>"])
    clock = VirtualClock()

    async def main():
        async with make_app(plan, clock) as app:
            prompts = []
            async for event in app.stream(run_id="r"):
                if event.kind == "interrupt":
                    prompts.append((event.data["prompt"], event.path))
                    if len(prompts) == 2:
                        app.answer("r", "ask", "one")
                        app.answer("r", "ask", "two")
            return prompts, event.data["outputs"]

    prompts, answers = clock.run(main())
    assert prompts == [("first?", (0,)), ("second?", (1,))]
    assert answers == {"out0": ["one", "two"]}


def test_the_trace_of_an_llm_run_has_its_device_as_process():
    async def main():
        async with make_app(_ask_plan(), WallClock(), devices=TinyDevices()) as app:
            return await app.run(x="hello")

    result = asyncio.run(main())
    records = json.loads(result.trace.chrome())["traceEvents"]
    names = [r["args"]["name"] for r in records if r["name"] == "process_name"]
    assert names == ["cpu", "orchestrator"]
    decode = next(r for r in records if r["ph"] == "X" and r["cat"] == "stage.decode")
    assert decode["args"]["output_tokens"] > 0 and decode["args"]["finish"] in ("end", "length")
    sources = {r["cat"] for r in records if r["ph"] == "X"}
    assert sources == {"stage.tokenize", "stage.kv.open", "stage.prefill", "stage.decode"}
    arrows = [r for r in records if r["ph"] == "f"]
    assert len(arrows) >= 2
