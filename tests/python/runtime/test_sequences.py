"""LLM operations on a real engine with a tiny model: values, sessions, streams, seeds, pages."""

import asyncio
import hashlib
import time

import pytest
from runtime_plans import Builder, make_app
from tiny_models import CHAT, TinyDevices, ask, llm_plan, tiny_model

from agentc.errors import BudgetExceeded, RuntimeFault
from agentc.plan import Budget
from agentc.runtime.clock import WallClock
from agentc.runtime.engine import Sampling


def _run(plan, inputs=None, tools=None, devices=None, **options):
    """Runs a plan in real time and checks that it leaves no page in use."""
    devices = devices or TinyDevices()

    async def main():
        app = make_app(plan, WallClock(), tools, devices=devices)
        try:
            return await app.run(inputs or {}, **options)
        finally:
            await _settled(devices)
            await app.aclose()

    return asyncio.run(main())


async def _settled(devices):
    """Cancelled calls give their pages back within a step."""
    limit_s = time.monotonic() + 5
    while devices.pages_in_use() and time.monotonic() < limit_s:
        await asyncio.sleep(0.002)
    assert devices.pages_in_use() == 0


def _direct(tokens_of, **sampling):
    """What the engine alone says to the same tokens."""
    devices = TinyDevices()

    async def main():
        engine = await devices.engine(tiny_model(), "cpu")
        kv = await engine.prefill(engine.open(), tokens_of(engine.tokenizer))
        seed = sampling.pop("seed", 0)
        out = await engine.decode(kv, Sampling(**sampling), seed=seed)
        devices.close()
        return out

    return asyncio.run(main())


def _turn(text):
    return lambda t: (
        *t.scaffold(CHAT.begin["user"]), *t.content(text), *t.scaffold(CHAT.end["user"]),
        *t.scaffold(CHAT.begin["assistant"]),
    )  # fmt: skip


def _ask_plan(**attrs):
    b = Builder()
    text, _ = ask(b, b.input("x", "text"), **attrs)
    return llm_plan(b, text)


def test_a_run_says_what_the_engine_says():
    result = _run(_ask_plan(), {"x": "why <|end|> so"})
    expected = _direct(_turn("why <|end|> so"), max_tokens=8)
    assert result.outputs["out0"] == expected.text
    assert result.usage.output_tokens == expected.usage.generated_tokens
    assert result.usage.input_tokens == expected.usage.prompt_tokens


def test_the_seed_of_a_call_is_that_of_the_contract():
    result = _run(_ask_plan(temperature=1.0, site=7), {"x": "hi"}, seed=3)
    digest = hashlib.sha256(b"3:7:").digest()
    seed = int.from_bytes(digest[:8], "big") & (2**63 - 1)
    expected = _direct(_turn("hi"), max_tokens=8, temperature=1.0, seed=seed)
    assert result.outputs["out0"] == expected.text
    own = _run(_ask_plan(temperature=1.0, site=7, seed=3), {"x": "hi"}, seed=99)
    assert own.outputs == result.outputs


def test_iterations_have_seeds_of_their_own_and_runs_repeat():
    b = Builder()
    x = b.input("x", "text")
    region = b.region(lambda i: [ask(b, x, temperature=1.5)[0]], args=1)
    voted = b.op("agent.vote", n=4, reduce="majority", regions=[region])
    collected = b.op(
        "agent.map", b.op("agent.make_list", x, x, x),
        regions=[b.region(lambda i, v: [ask(b, v, temperature=1.5)[0]], args=2)],
    )  # fmt: skip
    plan = llm_plan(b, voted, collected, types=["text", "list<text>"])
    first, second = (_run(plan, {"x": "q"}, seed=5).outputs for _ in range(2))
    assert first == second
    assert len(set(first["out1"])) > 1


def test_a_session_goes_on_with_what_was_said():
    b = Builder()
    first, kv = ask(b, b.const("one"))
    end = b.op("stage.tokenize", model="tiny", template="{assistant>}", arg_names=[])
    second, _ = ask(b, b.const("two"), b.op("stage.kv.append", kv, end))
    result = _run(llm_plan(b, first, second))
    said = _direct(_turn("one"), max_tokens=8)

    def conversation(t):
        return (*_turn("one")(t), *said.tokens, *t.scaffold("<|end|>"), *_turn("two")(t))

    assert result.outputs["out0"] == said.text
    assert result.outputs["out1"] == _direct(conversation, max_tokens=8).text


def test_forks_share_and_moves_keep_the_sequence():
    b = Builder()
    tokens = b.op("stage.tokenize", model="tiny", template="{<user}" + "shared " * 9, arg_names=[])
    kv = b.op("stage.prefill", b.op("stage.kv.open", model="tiny", device="cpu"), tokens,
              model="tiny", device="cpu")  # fmt: skip
    fork = b.op("stage.kv.fork", kv)
    moved = b.op("stage.kv.move", kv, to="other", device="other")
    here, _ = b.ops("stage.decode", fork, model="tiny", device="cpu", max_tokens=6, results=2)
    there, _ = b.ops("stage.decode", moved, model="tiny", device="other", max_tokens=6, results=2)
    result = _run(llm_plan(b, here, there))
    assert result.outputs["out0"] == result.outputs["out1"] != ""


def test_park_and_resume_around_a_tool_and_close_after_use():
    b = Builder()
    b.tool("t", ["text"], "text")
    _, kv = ask(b, b.const("one"))
    idle = {"kind": "constant", "values": [9.0], "weights": [], "provenance": "declared"}
    handle = b.op("stage.call", b.const("x"), tool="t")
    parked = b.op("stage.kv.park", kv, idle=idle)
    answer = b.op("stage.await", handle)
    resumed = b.op("stage.kv.resume", parked)
    text, _ = ask(b, answer, resumed)
    b.ops("stage.kv.close", resumed, results=0)
    plan = llm_plan(b, text)
    roomy = _run(plan, {}, {"t": lambda x: "yes"})
    tight = _run(plan, {}, {"t": lambda x: "yes"}, devices=TinyDevices(pages=8))
    assert roomy.outputs == tight.outputs
    order = [(e.kind, e.op) for e in roomy.trace.events]
    ops = {op.kind: op.id for op in plan.body.ops}
    resumed, answered = ("op_started", ops["stage.kv.resume"]), ("op_finished", ops["stage.call"])
    assert order.index(resumed) > order.index(answered)


def test_a_loop_does_not_pile_up_snapshots():
    b = Builder()
    _, kv = ask(b, b.const("start"))
    seen = []
    devices = TinyDevices(pages=64)
    b.tool("look", ["text"], "text")

    def body(i, kv):
        text, longer = ask(b, b.const("x"), kv, max_tokens=4)
        b.call("look", text)
        return [longer]

    b.op("agent.loop", kv, max_iters=12, regions=[b.region(body, args=2)])

    def look(text):
        seen.append(devices.pages_in_use())
        return text

    _run(llm_plan(b), {}, {"look": look}, devices=devices)
    assert len(seen) == 12 and max(seen[6:]) <= max(seen[:6]) + 6


def test_streamed_tokens_are_the_text():
    plan, devices = _ask_plan(stream=True, max_tokens=20), TinyDevices()

    async def main():
        async with make_app(plan, WallClock(), devices=devices) as app:
            return [event async for event in app.stream(x="hello")]

    events = asyncio.run(main())
    said = "".join(e.data["text"] for e in events if e.kind == "token")
    assert said == events[-1].data["outputs"]["out0"] != ""
    assert any(e.data.get("ttft_s") is not None for e in events if e.kind == "op_finished")


@pytest.mark.parametrize("grammar", [{"choices": ["yes", "no"]}, {"regex": "[ab]{3}"}])
def test_constrained_output(grammar):
    said = _run(_ask_plan(max_tokens=12, **grammar), {"x": "?"}).outputs["out0"]
    assert said in ("yes", "no") or (set(said) <= {"a", "b"} and len(said) == 3)


def test_schema_output_parses_in_the_order_of_the_schema():
    schema = {
        "type": "object",
        "properties": {"z": {"enum": ["p", "q"]}, "a": {"type": "boolean"}},
        "required": ["z", "a"],
        "additionalProperties": False,
    }
    b = Builder()
    text, _ = ask(b, b.const("?"), max_tokens=60, schema="S")
    record = b.op(
        "agent.parse", text, schema="S", operand_types=["text"],
        result_types=['record<"S", z: text, a: i1>'],
    )  # fmt: skip
    plan = llm_plan(b, text, record, types=["text", "record"], schemas={"S": schema})
    result = _run(plan)
    assert result.outputs["out0"].startswith('{"z":')
    assert list(result.outputs["out1"]) == ["z", "a"]


def test_token_budget_is_reserved_before_the_call():
    plan = _ask_plan(max_tokens=50)
    with pytest.raises(BudgetExceeded, match="may need 50 tokens"):
        _run(plan, {"x": "hello"}, budget=Budget(tokens=40))
    assert _run(plan, {"x": "hello"}, budget=Budget(tokens=70)).usage.output_tokens > 0


def test_an_error_leaves_no_page():
    b = Builder()
    b.tool("broken", ["text"], "text")
    text, kv = ask(b, b.const("one"))
    ask(b, b.call("broken", text), kv)
    with pytest.raises(RuntimeFault, match="ValueError"):
        _run(llm_plan(b, text), {}, {"broken": lambda x: [][1] if not x else int("x")})


def test_cancelling_a_decode_leaves_no_page():
    devices = TinyDevices(pages=64)
    plan = _ask_plan(max_tokens=400, stream=True, temperature=2.0)

    async def main():
        async with make_app(plan, WallClock(), devices=devices) as app:
            kinds = []
            with pytest.raises(RuntimeFault, match="the run was cancelled"):
                async for event in app.stream(x="hello"):
                    kinds.append(event.kind)
                    if kinds.count("token") == 3 and event.kind == "token":
                        assert devices.pages_in_use() > 0
                        await app.cancel(event.run_id)
            assert kinds[-1] == "run_failed"
            await _settled(devices)

    asyncio.run(main())


def test_the_losers_of_a_race_leave_no_page():
    b = Builder()
    regions = [
        b.region(lambda: [ask(b, b.const("slow"), max_tokens=300, temperature=2.0)[0]]),
        b.region(lambda: [ask(b, b.const("fast"), max_tokens=1)[0]]),
    ]
    b.tool("later", ["text"], "text")
    won = b.call("later", b.op("agent.race", regions=regions))
    devices = TinyDevices(pages=64)
    seen = []

    def later(text):
        time.sleep(0.1)
        seen.append(devices.pages_in_use())
        return text

    _run(llm_plan(b, won), {}, {"later": later}, devices=devices)
    assert seen == [0]


def test_a_device_that_fails_is_retried_when_the_compiler_allows_it():
    devices = TinyDevices()
    plan = _ask_plan(may_retry=True)

    async def main():
        async with make_app(plan, WallClock(), devices=devices) as app:
            expected = (await app.run(x="a")).outputs
            devices.forwards["cpu"].fail_next = True
            return expected, await app.run(x="a")

    expected, result = asyncio.run(main())
    assert result.outputs == expected
    assert [e.kind for e in result.trace.events].count("op_retry") == 1


def test_tenants_share_no_cache():
    devices = TinyDevices()
    plan = _ask_plan()
    text = "a long enough prompt for more than one page of sixteen"

    async def main():
        async with make_app(plan, WallClock(), devices=devices) as app:
            runs = [await app.run(x=text, tenant=t) for t in ("a", "b", "a")]
            return [run.usage.cached_tokens for run in runs]

    first, other, again = asyncio.run(main())
    assert first == other == 0 and again >= 16


def test_a_sequence_without_tokens_starts_with_bos():
    b = Builder()
    text, _ = ask(b, b.const("x"))
    chat = CHAT.__class__(CHAT.begin, CHAT.end, "", CHAT.end_tokens, bos="<|assistant|>")
    result = _run(llm_plan(b, text, models=(tiny_model(chat=chat),)))
    expected = _direct(lambda t: (*t.scaffold("<|assistant|>"), *_turn("x")(t)), max_tokens=8)
    assert result.outputs["out0"] == expected.text
