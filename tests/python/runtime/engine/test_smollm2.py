"""The engine on the real model: right answers, and the same ones in any company."""

import asyncio
import json

import pytest
from real_models import chat, compile_model

from agentc.runtime.engine import EngineOptions, Sampling
from agentc.runtime.engine.batching import TokenBudget
from agentc.runtime.engine.opening import open_draft_model
from agentc.runtime.engine.speculation import PromptLookup

QUESTIONS = [
    "What is the capital of France? Answer in one sentence.",
    "What is 2+2?",
    "Write a short story about a cat.",
]
HOW = [Sampling(16), Sampling(16, 0.8, top_p=0.9), Sampling(16, 1.0, top_k=40)]


def _answers(smollm2, cpu, together, budget=256):
    """Texts of the three questions, and the steps' records."""
    steps = []
    options = EngineOptions(batch=TokenBudget(budget), on_step=steps.append)

    async def main():
        async with smollm2.open(cpu, options) as engine:
            calls = [
                engine.decode(engine.append(engine.open(), chat(smollm2, engine, q)), how, seed=i)
                for i, (q, how) in enumerate(zip(QUESTIONS, HOW, strict=True))
            ]
            if together:
                return await asyncio.gather(*calls)
            return [await call for call in calls]

    return [out.tokens for out in asyncio.run(main())], steps


def test_company_and_chunks_change_no_token(smollm2, cpu):
    alone, _ = _answers(smollm2, cpu, together=False)
    batched, steps = _answers(smollm2, cpu, together=True)
    chunked, _ = _answers(smollm2, cpu, together=True, budget=13)
    assert batched == alone
    assert chunked == alone
    assert max(step.decode_rows - step.draft_rows for step in steps) == 3


NOTICE = (
    "The water filter in the kitchen must be changed every six weeks, on a Monday, before nine in "
    "the morning. Spare filters are kept in the blue cupboard on the second floor, behind the "
    "paint. Write the date of the change on the white card beside the sink."
)


@pytest.mark.parametrize("temperature", [0.0, 0.4])
def test_speculation_changes_no_bit(smollm2, cpu, temperature):
    question = f"Repeat this text word for word: {NOTICE}"
    how = Sampling(48, temperature, logprobs=2)

    async def ask(drafter):
        steps = []
        options = EngineOptions(drafter=drafter, on_step=steps.append)
        async with smollm2.open(cpu, options) as engine:
            kv = engine.append(engine.open(), chat(smollm2, engine, question))
            return await engine.decode(kv, how, seed=3), steps

    plain, plain_steps = asyncio.run(ask(None))
    quick, quick_steps = asyncio.run(ask(PromptLookup()))
    assert (quick.text, quick.tokens, quick.logprobs) == (plain.text, plain.tokens, plain.logprobs)
    assert quick.accepted_tokens >= 24
    assert len(quick_steps) < 0.6 * len(plain_steps)


def test_the_int4_model_drafts_for_the_f32_one(cpu, tmp_path):
    large = compile_model("smollm2-135m-instruct", tmp_path, precision="f32")
    narrow = compile_model("smollm2-135m-instruct", tmp_path, precision="i4")
    small = open_draft_model(
        narrow.model,
        narrow.device,
        cpu,
        vmfb=narrow.vmfb,
        parameters=narrow.parameters,
        tokenizer=narrow.tokenizer,
        max_sequences=2,
    )

    async def ask(drafter):
        async with large.open(cpu, EngineOptions(drafter=drafter)) as engine:
            kv = engine.append(engine.open(), chat(large, engine, QUESTIONS[2]))
            greedy = await engine.decode(kv, Sampling(24, logprobs=0))
            return greedy, await engine.decode(kv, Sampling(24, 0.8, logprobs=0), seed=5)

    for plain, quick in zip(asyncio.run(ask(None)), asyncio.run(ask(small)), strict=True):
        assert (quick.tokens, quick.logprobs) == (plain.tokens, plain.logprobs)
        assert quick.accepted_tokens > 0.5 * quick.drafted_tokens > 0


def test_it_answers_streams_and_goes_on(smollm2, cpu):
    async def main():
        async with smollm2.open(cpu) as engine:
            seen = []
            kv = await engine.prefill(engine.open(), chat(smollm2, engine, QUESTIONS[0]))
            out = await engine.decode(kv, Sampling(32), on_token=lambda text, _: seen.append(text))
            assert "Paris" in out.text
            assert out.finish == "end"
            assert "".join(seen) == out.text == engine.tokenizer.decode(out.tokens)
            form = smollm2.model.chat
            turn = (
                *engine.tokenizer.scaffold(form.end["assistant"] + form.begin["user"]),
                *engine.tokenizer.content("And of Italy?"),
                *engine.tokenizer.scaffold(form.end["user"] + form.begin["assistant"]),
            )
            more = await engine.decode(engine.append(out.snapshot, turn), Sampling(32))
            assert "Rome" in more.text
            assert more.usage.cached_tokens == len(out.snapshot) - 1

    asyncio.run(main())


def test_constrained_output_parses(smollm2, cpu):
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 20},
            "country": {"enum": ["France", "Italy"]},
        },
        "required": ["city", "country"],
        "additionalProperties": False,
    }

    async def main():
        async with smollm2.open(cpu) as engine:
            prompt = chat(smollm2, engine, "Name the capital of France and its country as JSON.")
            kv = engine.append(engine.open(), prompt)
            outs = await asyncio.gather(
                engine.decode(kv, Sampling(40, schema=schema)),
                engine.decode(kv, Sampling(40, 1.5, schema=schema), seed=1),
                engine.decode(kv, Sampling(40, 1.5, choices=("yes", "no", "maybe")), seed=2),
            )
            for out in outs[:2]:
                assert set(json.loads(out.text)) == {"city", "country"}
            assert outs[2].text in ("yes", "no", "maybe")

    asyncio.run(main())


def test_a_stop_string_across_tokens(smollm2, cpu):
    async def main():
        async with smollm2.open(cpu) as engine:
            kv = engine.append(engine.open(), chat(smollm2, engine, QUESTIONS[0]))
            full = await engine.decode(kv, Sampling(32))
            stop = full.text[10:17]
            out = await engine.decode(kv, Sampling(32, stop=(stop,)))
            assert (out.finish, out.text) == ("stop", full.text[: full.text.index(stop)])
            # The stop string begins inside a token: that token is not part of the history.
            assert out.text.startswith(engine.tokenizer.decode(out.tokens))
            assert out.tokens == full.tokens[: len(out.tokens)]

    asyncio.run(main())
