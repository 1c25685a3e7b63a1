"""Devices with a real engine over a tiny numpy model: everything of an LLM run but its size."""

from __future__ import annotations

from typing import Any

from runtime_plans import Builder
from tiny_forward import END, TinyForward, byte_tokenizer_json

from agentc.plan import Binary, ChatFormat, Device, Model, Plan
from agentc.runtime.engine import AsyncEngine, CompiledEngine, EngineOptions, Tokenizer
from agentc.runtime.kv import HostTier, Identity

CHAT = ChatFormat(
    begin={"user": "<|user|>", "assistant": "<|assistant|>", "system": "<|user|>sys:"},
    end={"user": "<|end|>", "assistant": "<|end|>", "system": "<|end|>"},
    default_system="",
    end_tokens=(END,),
)


def tiny_model(**changes: Any) -> Model:
    binary = Binary("", "", "local-sync", "forward", "f32")
    fields = {"chat": CHAT, "binaries": {"cpu": binary, "other": binary}, **changes}
    return Model(name="tiny", kind="llm", source="", dims={}, **fields)


def llm_plan(b: Builder, *outputs: int, **rest: Any) -> Plan:
    devices = tuple(Device(n, "cpu", "local-sync", 1, 1 << 20) for n in ("cpu", "other"))
    rest = {"models": (tiny_model(),), "devices": devices, **rest}
    return b.plan(*outputs, **rest)


class TinyDevices:
    """Opens one engine for each device class. `engines` stay readable after `close`."""

    def __init__(
        self, pages: int = 64, identity: Identity | None = None, tier: HostTier | None = None
    ) -> None:
        self.pages = pages
        self.identity = identity
        self.options = EngineOptions(tier=tier)
        self.engines: dict[str, AsyncEngine] = {}
        self.forwards: dict[str, TinyForward] = {}

    async def tokenizer(self, model: Model) -> Tokenizer:
        return Tokenizer(byte_tokenizer_json())

    async def engine(self, model: Model, device: str) -> AsyncEngine:
        if device not in self.engines:
            self.forwards[device] = TinyForward(pages=self.pages)
            tokenizer = Tokenizer(byte_tokenizer_json())
            engine = CompiledEngine(
                self.forwards[device], tokenizer, CHAT.end_tokens, self.options, self.identity
            )
            self.engines[device] = AsyncEngine(engine)
        return self.engines[device]

    def pages_in_use(self) -> int:
        """Pages that something holds, the prefix cache apart."""
        loads = [engine.load() for engine in self.engines.values()]
        return sum(load.used_pages - load.cached_pages for load in loads)

    def close(self) -> None:
        for engine in self.engines.values():
            engine.close()


def ask(b: Builder, text: int, kv: int | None = None, **attrs: Any) -> tuple[int, int]:
    """Tokenises a user turn, prefills and decodes; returns (text, kv)."""
    template = "{<user}{x}{user>}{<assistant}"
    tokens = b.op("stage.tokenize", text, model="tiny", template=template, arg_names=["x"])
    kv = b.op("stage.kv.open", model="tiny", device="cpu") if kv is None else kv
    again = {"may_retry": True} if attrs.get("may_retry") else {}
    kv = b.op("stage.prefill", kv, tokens, model="tiny", device="cpu", **again)
    attrs = {"max_tokens": 8, "site": 1, **attrs}
    made = b.ops("stage.decode", kv, model="tiny", device="cpu", results=2, **attrs)
    return made[0], made[1]
