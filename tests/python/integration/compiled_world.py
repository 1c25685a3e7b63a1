"""A world for the interpreter: the package's own models, asked one call at a time.

The interpreter defines what a program means; this file gives it numbers. It shares with the
runtime the compiled models and the sampler, and nothing else: prompts, pieces, histories, seeds
and control flow are the interpreter's.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from agentc.errors import RuntimeFault
from agentc.interpreter import Decoded, GenerateCall, Piece, Thrown
from agentc.package import open_package
from agentc.plan import ChatFormat
from agentc.runtime.clock import WallClock
from agentc.runtime.devices import LocalDevices
from agentc.runtime.engine import Sampling

T = TypeVar("T")


class CompiledWorld:
    """Runs every call alone, from an empty sequence. Close it after use."""

    def __init__(
        self,
        package: Path,
        tools: Mapping[str, Callable[..., Any]],
        events: Mapping[str, Any] | None = None,
    ) -> None:
        self._devices = LocalDevices(open_package(package), WallClock())
        self._plan = self._devices.package.plan
        self._models = {model.name: model for model in self._plan.models}
        self._tools, self._events = tools, events or {}
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._devices.close()
        self._loop.close()

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(coroutine)

    def chat(self, model: str) -> ChatFormat:
        chat = self._models[model].chat
        assert chat is not None
        return chat

    def generate(self, call: GenerateCall) -> Decoded:
        return self._wait(self._generate(call))

    async def _generate(self, call: GenerateCall) -> Decoded:
        model = self._models[call.model]
        engine = await self._devices.engine(model, next(iter(model.binaries)))
        tokens: list[int] = []
        for part in call.stream:
            if isinstance(part, Piece):
                encode = engine.tokenizer.scaffold if part.scaffold else engine.tokenizer.content
                tokens += encode(part.text)
            else:
                tokens += part.tokens
        options = dict(call.sampling)
        if "schema" in options:
            options["schema"] = self._schema(options["schema"])
        for name in ("stop", "choices"):
            if name in options:
                options[name] = tuple(options[name])
        start = engine.append(engine.open(tenant="interpreter"), tuple(tokens))
        try:
            out = await engine.decode(start, Sampling(**options), seed=call.seed)
        except RuntimeFault as error:
            raise Thrown(error.kind, error.message) from error
        return Decoded(out.text, tuple(out.snapshot.tokens[len(tokens) :]))

    def _schema(self, text: str) -> dict[str, Any]:
        import json

        return json.loads(text)

    def embed(self, model: str, text: str) -> np.ndarray:
        return self._encode(model, [text])[0]

    def _encode(self, model: str, texts: list[str]) -> np.ndarray:
        record = self._models[model]
        encoder = self._wait(self._devices.encoder(record, next(iter(record.binaries))))
        return np.concatenate([self._wait(encoder.encode([text])) for text in texts])

    def search(self, index: str, query: np.ndarray, k: int) -> list[dict[str, Any]]:
        record = next(i for i in self._plan.indexes if i.name == index)
        return self._wait(self._devices.index(record)).search(query, k)

    def rerank(
        self, model: str, query: str, docs: list[dict[str, Any]], k: int
    ) -> list[dict[str, Any]]:
        """Best sentence by cosine, as docs/spec.md says of `agent.rerank` with an encoder."""
        target = self.embed(model, query)
        scored = []
        for number, doc in enumerate(docs):
            cut = [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", doc["text"])]
            rows = self._encode(model, [part for part in cut if part] or [doc["text"]])
            scored.append((-float(np.max(rows @ target)), number))
        return [{**docs[n], "score": -negative} for negative, n in sorted(scored)[:k]]

    def call_tool(self, name: str, arguments: Sequence[Any]) -> Any:
        tool = next(tool for tool in self._plan.tools if tool.name == name)
        for left in reversed(range(tool.retries + 1)):
            try:
                result = self._tools[name](*arguments)
                if asyncio.iscoroutine(result):
                    result = self._wait(asyncio.wait_for(result, tool.timeout_s))
                return result
            except TimeoutError as error:
                thrown, cause = Thrown("timeout", f"no answer within {tool.timeout_s} s"), error
            except Exception as error:  # whatever a tool raises is an error of kind "tool"
                thrown, cause = Thrown("tool", str(error)), error
            if not left:
                raise thrown from cause
        raise AssertionError("a tool is called at least once")

    def call_module(self, name: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
        model = self._models[name]
        module = self._wait(self._devices.module(model, next(iter(model.binaries))))
        result = module(*arguments)
        return result if isinstance(result, tuple) else (result,)

    def await_event(self, name: str, prompt: str | None) -> Any:
        return self._events[name]
