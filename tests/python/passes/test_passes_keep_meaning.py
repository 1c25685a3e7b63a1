"""Passes change how a program runs, never what it says: random programs, before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from programs import random_program
from stage_interpreter import interpret_stages

from agentc._mlir import ir
from agentc._mlir.passmanager import PassManager
from agentc.interpreter import Decoded, GenerateCall, Thrown
from agentc.plan import ChatFormat

AGENT_PASSES = ["agentc-normalize", "agentc-specialize-prompts", "agentc-infer-prefixes"]
STAGE_PASSES = ["agentc-split-calls", "agentc-prune-false-edges", "agentc-split-prefill"]
PIPELINES = {
    "normalize": AGENT_PASSES[:1],
    "specialize-prompts": AGENT_PASSES[1:2],
    "split-calls": STAGE_PASSES[:1],
    "prune-false-edges": STAGE_PASSES[:2],
    "split-prefill": [*STAGE_PASSES[:1], "agentc-split-prefill{max-cuts=3}"],
    "hoist-prefixes": [AGENT_PASSES[2], STAGE_PASSES[0], "agentc-hoist-prefixes"],
    "place-kv-lifetimes": [STAGE_PASSES[0], "agentc-place-kv-lifetimes{min-idle-s=0}"],
    "lower-to-stage": ["agentc-lower-to-stage"],
}


class Echo:
    """A world whose every answer is a digest of the question, so that a changed question shows."""

    def __init__(self) -> None:
        self.calls: set[str] = set()
        self.effects: list[tuple[str, str]] = []

    def chat(self, model: str) -> ChatFormat:
        roles = ("system", "user", "assistant", "tool")
        begin = {role: f"<{role}>" for role in roles}
        return ChatFormat(begin, {role: f"</{role}>" for role in roles}, "be kind", (0,))

    def generate(self, call: GenerateCall) -> Decoded:
        drawn = call.seed if call.sampling.get("temperature", 0.0) else None
        asked = repr((call.model, call.stream, sorted(call.sampling.items()), drawn))
        self.calls.add(asked)
        digest = hashlib.sha256(asked.encode()).hexdigest()[:6]
        return Decoded(digest, (int(digest, 16),))

    def embed(self, model: str, text: str) -> np.ndarray:
        return np.full(4, len(text), np.float32)

    def search(self, index: str, query: np.ndarray, k: int) -> list[dict[str, Any]]:
        text = f"found {query[0]}"
        return [{"id": str(i), "source": "s", "text": text, "score": 0.0} for i in range(k)]

    def rerank(self, *_: Any) -> list[dict[str, Any]]:
        raise AssertionError("no program here reranks")

    def call_tool(self, name: str, arguments: Sequence[Any]) -> Any:
        # What only looks may be left out when nobody needs what it saw.
        if name not in ("pure", "read"):
            self.effects.append((name, arguments[0]))
            if len(arguments[0]) % 7 == 3:
                raise Thrown("tool", f"{name} refused")
        return f"{name}({arguments[0]})"[-20:]

    def call_module(self, name: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
        raise AssertionError("no program here calls a module")

    def await_event(self, name: str, prompt: str | None) -> Any:
        raise AssertionError("no program here waits for a person")


def observe(module: ir.Module, c: bool) -> tuple[Any, Echo]:
    """What the program gives (or throws), and all that it asked."""
    world = Echo()
    try:
        inputs = {"q": "why is the sky blue", "r": " r ", "c": c}
        return interpret_stages(module, inputs, world, seed=7), world
    except Thrown as error:
        return (error.kind, error.message), world


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pass_keeps_results_calls_and_effects(name: str) -> None:
    pipeline = f"builtin.module({','.join(PIPELINES[name])})"
    for number in range(60):
        with ir.Context():
            text = random_program(number)
            module = ir.Module.parse(text)
            expected = {c: observe(module, c) for c in (False, True)}
            PassManager.parse(pipeline).run(module.operation)
            assert module.operation.verify()
            for c, (result, world) in expected.items():
                found, after = observe(module, c)
                assert found == result, text
                assert after.effects == world.effects, text
                assert after.calls <= world.calls, text


def test_the_programs_are_worth_the_trouble() -> None:
    """Guards the test above: its programs must have all that passes touch."""
    texts = [random_program(number) for number in range(60)]
    for what in ("session(", "append_session", "agent.loop", "agent.parallel", "agent.try", "{|}"):
        assert sum(what in text for text in texts) >= 6, what
    with ir.Context():
        worlds = [observe(ir.Module.parse(text), False)[1] for text in texts]
    assert sum(len(world.calls) for world in worlds) > 100
    assert sum(len(world.effects) for world in worlds) > 30
