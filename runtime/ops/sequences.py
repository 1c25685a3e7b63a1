"""Token sequences with KV: `stage.tokenize`, `prefill`, `decode` and `stage.kv.*`.

A `stage.kv` value is a snapshot of an engine. The scope that made it holds it, and releases it
when it closes, so an ended, failed or cancelled run leaves no page behind.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agentc.errors import RuntimeFault
from agentc.plan import Distribution
from agentc.runtime.call import Call
from agentc.runtime.core import Held
from agentc.runtime.errors import name_of
from agentc.runtime.ops.data import arguments
from agentc.runtime.templates import pieces

Tokens = tuple[int, ...]


class Kv(Held):
    """A snapshot, with the engine and the device class it lives on."""

    __slots__ = ("device", "engine", "model", "snapshot")

    def __init__(self, model: str, device: str, engine: Any, snapshot: Any) -> None:
        self.model, self.device = model, device
        self.engine, self.snapshot = engine, snapshot

    def next(self, snapshot: Any) -> Kv:
        """Returns `snapshot`, of the same engine, as a value."""
        return Kv(self.model, self.device, self.engine, snapshot)

    def __len__(self) -> int:
        """Length in tokens."""
        return len(self.snapshot.tokens)

    def release(self) -> None:
        self.engine.release(self.snapshot)


async def tokenize(call: Call) -> tuple[Tokens]:
    """Each piece of the template is tokenised alone; only scaffolds parse special tokens."""
    model = call.services.model(call.attrs["model"])
    tokenizer = await call.services.devices.tokenizer(model)
    tokens: list[int] = []
    cut = pieces(call.attrs["template"], arguments(call.op, call.operands), model.chat)
    for piece in cut:
        encode = tokenizer.scaffold if piece.scaffold else tokenizer.content
        tokens += encode(piece.text)
    call.report["tokens"] = len(tokens)
    return (tuple(tokens),)


async def kv_open(call: Call) -> tuple[Kv]:
    """The empty sequence; a conversation's first tokens come from its own tokenize."""
    return (await _open_on(call, call.attrs["model"], call.op.device),)


async def _open_on(call: Call, name: str, device: str | None) -> Kv:
    model = call.services.model(name)
    device = device or next(iter(model.binaries), "")
    engine = await call.services.devices.engine(model, device)
    return Kv(name, device, engine, engine.open(call.run.tenant))


async def _here(call: Call, kv: Kv) -> tuple[Kv, Tokens]:
    """Returns the sequence on this operation's device, and the tokens that must come first: a
    sequence without tokens may start anywhere, and starts with the model's `bos`."""
    if len(kv):
        if call.op.device not in (None, kv.device):
            raise RuntimeFault(
                f"{name_of(call.op)} runs on '{call.op.device}', its KV is on '{kv.device}'; "
                "compile the graph again"
            )
        return kv, ()
    if call.op.device not in (None, kv.device):
        kv = await _open_on(call, call.attrs["model"], call.op.device)
    chat = call.services.chat(call.attrs["model"])
    return kv, kv.engine.tokenizer.scaffold(chat.bos) if chat is not None and chat.bos else ()


async def prefill(call: Call) -> tuple[Kv]:
    """The sequence with the tokens behind it, and their KV computed."""
    kv, first = await _here(call, call.operands[0])
    tokens = (*first, *call.operands[1])
    with call.run.ledger.reserve(name_of(call.op), tokens=len(tokens)):
        if call.run.resumed:  # the decode behind it may be in the journal: compute only when used
            snapshot = kv.engine.append(kv.snapshot, tokens)
        else:
            snapshot = await kv.engine.prefill(kv.snapshot, tokens, priority=call.run.priority)
    cached = max(0, snapshot.usage.cached_tokens - len(kv))
    call.run.usage.input_tokens += len(tokens)
    call.run.usage.cached_tokens += cached
    call.report.update(input_tokens=len(tokens), cached_tokens=cached, context_tokens=len(kv))
    return (kv.next(snapshot),)


async def decode(call: Call) -> tuple[str, Kv]:
    """Samples text behind the sequence; with `stream`, each stretch is a `token` event."""
    from agentc.runtime.engine.request import Sampling

    kv, first = await _here(call, call.operands[0])
    snapshot = kv.engine.append(kv.snapshot, first) if first else kv.snapshot
    sampling = Sampling(**_sampling(call))
    watch = _Watch(call)
    with call.run.ledger.reserve(name_of(call.op), tokens=sampling.max_tokens) as held:
        out = await kv.engine.decode(
            snapshot,
            sampling,
            seed=call.seed(),
            on_token=watch.token,
            priority=call.run.priority,
        )
        held.used_tokens = out.usage.generated_tokens
    call.run.usage.output_tokens += out.usage.generated_tokens
    call.report.update(
        output_tokens=out.usage.generated_tokens,
        context_tokens=out.usage.prompt_tokens,
        finish=out.finish,
        ttft_s=watch.first_s,
    )
    return out.text, kv.next(out.snapshot)


def _sampling(call: Call) -> dict[str, Any]:
    names = ("max_tokens", "temperature", "top_k", "top_p", "min_p", "regex")
    chosen = {name: call.attrs[name] for name in names if call.attrs.get(name) is not None}
    if call.attrs.get("stop"):
        chosen["stop"] = tuple(call.attrs["stop"])
    if call.attrs.get("choices"):
        chosen["choices"] = tuple(call.attrs["choices"])
    if call.attrs.get("schema"):
        chosen["schema"] = call.services.schema(call.attrs["schema"])
    return chosen


class _Watch:
    """Hears the tokens of a decode: notes when the first came, and streams the text."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.started_s = call.services.clock.now_s()
        self.first_s: float | None = None

    def token(self, text: str, number: int) -> None:
        if self.first_s is None:
            self.first_s = self.call.services.clock.now_s() - self.started_s
        if text and self.call.attrs.get("stream") and not self.call.activity.cancelled:
            self.call.event("token", text=text)


async def kv_append(call: Call) -> tuple[Kv]:
    """Tokens join the sequence; their KV is computed by the next prefill or decode."""
    kv, tokens = call.operands
    with call.run.ledger.reserve(name_of(call.op), tokens=len(tokens)):
        snapshot = kv.engine.append(kv.snapshot, tokens)
    call.run.usage.input_tokens += len(tokens)
    return (kv.next(snapshot),)


async def kv_fork(call: Call) -> tuple[Kv]:
    """The same sequence with a life time of its own, on the same pages."""
    kv = call.operands[0]
    return (kv.next(kv.engine.fork(kv.snapshot)),)


async def kv_park(call: Call) -> tuple[Kv]:
    """The sequence waits for something: the policy keeps its pages or gives them back, to the
    prefix cache first, and to the engine's tiers when that needs the room."""
    kv: Kv = call.operands[0]
    idle = call.attrs.get("idle")
    distribution = None if idle is None else msgspec.convert(idle, Distribution)
    load = kv.engine.load()
    used = load.used_pages - load.evictable_pages
    pressure = used / max(1, load.used_pages + load.free_pages)
    steps = call.attrs.get("steps_to_use")
    if call.services.kv_while_waiting.park(len(kv), distribution, steps, pressure):
        kv.engine.park(kv.snapshot)
        call.report["parked"] = True
    return (kv,)


async def kv_resume(call: Call) -> tuple[Kv]:
    """The sequence with its KV there again: from where it is, or computed."""
    kv: Kv = call.operands[0]
    snapshot = await kv.engine.resume(kv.snapshot, priority=call.run.priority)
    call.report["cached_tokens"] = snapshot.usage.cached_tokens
    return (kv.next(snapshot),)


async def kv_close(call: Call) -> tuple[()]:
    """Gives the snapshot up before its scope ends."""
    call.operands[0].release()
    return ()


async def kv_move(call: Call) -> tuple[Kv]:
    """The sequence on another device class: its pages go along if both run the same program, else
    its KV is computed there from the tokens. Both are exact; a converter of page layouts would
    only make the second faster."""
    kv: Kv = call.operands[0]
    device = str(call.attrs["to"])
    engine = await call.services.devices.engine(call.services.model(kv.model), device)
    if engine.identity == kv.engine.identity:
        snapshot = await engine.bring(await kv.engine.export(kv.snapshot))
    else:
        empty = engine.open(call.run.tenant)
        snapshot = await engine.prefill(empty, kv.snapshot.tokens, priority=call.run.priority)
    call.report.update(moved_tokens=len(kv), cached_tokens=snapshot.usage.cached_tokens)
    return (Kv(kv.model, device, engine, snapshot),)
