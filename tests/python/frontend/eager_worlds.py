"""An engine and a world that answer alike: short, deterministic, without models."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from agentc import Passage
from agentc.errors import RuntimeFault
from agentc.frontend.eager import GenerateRequest, IndexRequest
from agentc.interpreter import Decoded, GenerateCall, Thrown
from agentc.plan import ChatFormat

DOCS = [
    {"id": str(n), "source": f"{n}.md", "text": text, "score": 0.0}
    for n, text in enumerate(["red apples", "blue sky", "green grass", "grey stone"])
]


def number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:2], "big")


def write(prompt: str, schema: dict[str, Any] | None, choices: Sequence[str]) -> str:
    """What the pretended model writes: a fixed function of the last prompt."""
    n = number(prompt)
    if choices:
        return choices[n % len(choices)]
    if schema is None:
        return f"a{n} {prompt[:4].strip()}"
    return json.dumps(_fill(schema, n))


def _fill(schema: dict[str, Any], n: int) -> Any:
    if "enum" in schema:
        return schema["enum"][n % len(schema["enum"])]
    kinds: dict[str, Any] = {
        "string": f"s{n}",
        "integer": n,
        "number": n / 8,
        "boolean": n % 2 == 0,
    }
    if schema["type"] == "array":
        return [_fill(schema["items"], n + i) for i in range(n % 3 + 1)]
    if schema["type"] == "object":
        fields = schema["properties"].items()
        return {name: _fill(field, n + i) for i, (name, field) in enumerate(fields)}
    return kinds[schema["type"]]


def vector(text: str) -> list[float]:
    return [((number(text) >> bit) & 1) * 1.0 for bit in range(8)]


def ranked(query: str, docs: Sequence[dict[str, Any]], k: int) -> list[dict[str, Any]]:
    scored = [doc | {"score": float(number(query + doc["text"]) % 97)} for doc in docs]
    return sorted(scored, key=lambda doc: -doc["score"])[:k]


class PlainEngine:
    """An engine whose answers are fixed functions of what it is asked."""

    def __init__(self) -> None:
        self.requests: list[GenerateRequest] = []

    def generate(self, request: GenerateRequest) -> str:
        self.requests.append(request)
        return write(request.prompt, request.json_schema, request.choices)

    def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        return [vector(text) for text in texts]

    def retrieve(self, index: IndexRequest, query: Any, k: int) -> list[dict[str, Any]]:
        assert index.path == "docs/"
        return ranked(str(vector(query) if isinstance(query, str) else query), DOCS, k)

    def rerank(self, model: str, query: str, docs: Any, k: int) -> list[dict[str, Any]]:
        return ranked(query, docs, k)

    def interrupt(self, name: str, prompt: Any, schema: Any, timeout_s: float | None) -> Any:
        return f"{name}:{prompt}"


class PlainWorld:
    """The same answers for the reference interpreter."""

    def __init__(self, tools: dict[str, Any]) -> None:
        self.tools = tools

    def chat(self, model: str) -> ChatFormat:
        roles = ("system", "user", "assistant", "tool")
        return ChatFormat(
            begin={role: f"<{role}>" for role in roles},
            end=dict.fromkeys(roles, "</>"),
            default_system="",
            end_tokens=(0,),
        )

    def generate(self, call: GenerateCall) -> Decoded:
        texts = [getattr(part, "text", "") for part in call.stream]
        begin = len(texts) - 1 - texts[::-1].index("<user>")
        prompt = "".join(texts[begin + 1 : -2])
        schema = json.loads(call.sampling["schema"]) if "schema" in call.sampling else None
        return Decoded(write(prompt, schema, call.sampling.get("choices", ())), (1,))

    def embed(self, model: str, text: str) -> Any:
        return np.array(vector(text))

    def search(self, index: str, query: Any, k: int) -> list[dict[str, Any]]:
        return ranked(str([float(x) for x in query]), DOCS, k)

    def rerank(self, model: str, query: str, docs: Any, k: int) -> list[dict[str, Any]]:
        return ranked(query, docs, k)

    def call_tool(self, name: str, arguments: Sequence[Any]) -> Any:
        try:
            result = self.tools[name](*arguments)
        except RuntimeFault as fault:
            raise Thrown(fault.kind, fault.message) from fault
        result = asyncio.run(result) if asyncio.iscoroutine(result) else result
        return vars(result) if isinstance(result, Passage) else result

    def call_module(self, name: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
        raise AssertionError(name)

    def await_event(self, name: str, prompt: str | None) -> Any:
        return f"{name}:{prompt}"
