"""Operations that ask the world: models, indexes, tools, people, and sessions between them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import jsonschema

from agentc.interpreter.values import Session, Thrown
from agentc.interpreter.world import Decoded, GenerateCall, Piece

if TYPE_CHECKING:
    from agentc._mlir import ir
    from agentc.interpreter.interpret import Frame

_SAMPLING = ("max_tokens", "temperature", "top_k", "top_p", "min_p", "regex")


def call_seed(run_seed: int, site: int, path: tuple[int, ...]) -> int:
    """Seed of one call: the first 63 bits of sha256("run_seed:site:i.j.k")."""
    text = f"{run_seed}:{site}:{'.'.join(map(str, path))}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") & (2**63 - 1)


def _attribute(op: ir.OpView, name: str, default: Any = None) -> Any:
    return op.attributes[name].value if name in op.attributes else default


def _content(value: ir.Value, frame: Frame) -> list[Piece]:
    """The pieces of a text: those of the prompt that made it, or the text as one piece."""
    if value in frame.prompts:
        return frame.prompts[value]
    text = frame.values[value]
    return [Piece(text)] if text else []


def _turn(role: str, content: list[Piece], frame: Frame, model: str) -> list[Piece]:
    chat = frame.world.chat(model)
    return [Piece(chat.begin[role], True), *content, Piece(chat.end[role], True)]


def _opening(model: str, system: ir.Value | None, frame: Frame) -> list[Piece]:
    """The system turn that begins a conversation; the model's own when there is none."""
    chat = frame.world.chat(model)
    start = [Piece(chat.bos, True)] if chat.bos else []
    if system is not None:
        return [*start, *_turn("system", _content(system, frame), frame, model)]
    if chat.default_system:
        return [*start, *_turn("system", [Piece(chat.default_system)], frame, model)]
    return [*start, Piece(chat.opening, True)] if chat.opening else start


def _asked(
    op: ir.OpView, frame: Frame, model: str, history: tuple[Piece | Decoded, ...]
) -> list[Piece | Decoded]:
    """History and the user's turn; a chat format may put a system message into that turn."""
    joint = frame.world.chat(model).system_to_user
    turn = _turn("user", _content(op.prompt, frame), frame, model)
    if joint is None or op.session is not None or op.system is None:
        return [*history, *turn]
    return [*history[:-1], Piece(joint, True), *turn[1:]]


def _sampling(op: ir.OpView, frame: Frame) -> dict[str, Any]:
    chosen = {name: _attribute(op, name) for name in _SAMPLING if name in op.attributes}
    for name in ("stop", "choices"):
        if name in op.attributes:
            chosen[name] = [item.value for item in op.attributes[name]]
    if "schema" in op.attributes:
        chosen["schema"] = frame.symbol(op.attributes["schema"].value).attributes["json"].value
    return chosen


def _generate(op: ir.OpView, frame: Frame) -> list[Any]:
    model = op.attributes["model"].value
    session = frame.values[op.session] if op.session is not None else None
    history = session.history if session else tuple(_opening(model, op.system, frame))
    assistant = Piece(frame.world.chat(model).begin["assistant"], True)
    stream = (*_asked(op, frame, model, history), assistant)
    site = _attribute(op, "site", 0)
    seed = call_seed(_attribute(op, "seed", frame.seed), site, frame.path)
    decoded = frame.world.generate(GenerateCall(model, stream, _sampling(op, frame), seed))
    if session is None:
        return [decoded.text]
    end = Piece(frame.world.chat(model).end["assistant"], True)
    return [decoded.text, Session(model, (*stream, decoded, end))]


def _open_session(op: ir.OpView, frame: Frame) -> list[Any]:
    model = op.attributes["model"].value
    return [Session(model, tuple(_opening(model, op.system, frame)))]


def _append_session(op: ir.OpView, frame: Frame) -> list[Any]:
    session: Session = frame.values[op.session]
    turn = _turn(op.attributes["role"].value, _content(op.text, frame), frame, session.model)
    return [Session(session.model, (*session.history, *turn))]


def _parse(op: ir.OpView, frame: Frame) -> list[Any]:
    schema = json.loads(frame.symbol(op.attributes["schema"].value).attributes["json"].value)
    try:
        value = json.loads(frame.operands(op)[0])
        jsonschema.validate(value, schema)
    except (json.JSONDecodeError, jsonschema.ValidationError) as error:
        raise Thrown("parse", str(error).splitlines()[0]) from error
    return [{name: value[name] for name, _ in op.results[0].type.fields}]


def _embed(op: ir.OpView, frame: Frame) -> list[Any]:
    model = op.attributes["model"].value
    text = frame.operands(op)[0]
    if isinstance(text, list):
        return [[frame.world.embed(model, item) for item in text]]
    return [frame.world.embed(model, text)]


def _retrieve(op: ir.OpView, frame: Frame) -> list[Any]:
    index = op.attributes["index"].value
    query = frame.operands(op)[0]
    if isinstance(query, str):
        embedder = frame.symbol(index).attributes["embedder"].value
        query = frame.world.embed(embedder, query)
    return [frame.world.search(index, query, op.attributes["k"].value)]


def _rerank(op: ir.OpView, frame: Frame) -> list[Any]:
    query, docs = frame.operands(op)
    model, k = op.attributes["model"].value, op.attributes["k"].value
    return [frame.world.rerank(model, query, docs, k)]


def _call_tool(op: ir.OpView, frame: Frame) -> list[Any]:
    result = frame.world.call_tool(op.attributes["tool"].value, frame.operands(op))
    return [result] if op.results else []


def _module(op: ir.OpView, frame: Frame) -> list[Any]:
    return list(frame.world.call_module(op.attributes["model"].value, frame.operands(op)))


def _await_event(op: ir.OpView, frame: Frame) -> list[Any]:
    operands = frame.operands(op)
    prompt = operands[0] if operands else None
    return [frame.world.await_event(op.attributes["event"].value, prompt)]


HANDLERS = {
    "generate": _generate,
    "open_session": _open_session,
    "append_session": _append_session,
    "parse": _parse,
    "embed": _embed,
    "retrieve": _retrieve,
    "rerank": _rerank,
    "call_tool": _call_tool,
    "module": _module,
    "await_event": _await_event,
}
__all__ = ["HANDLERS", "Decoded", "call_seed"]
