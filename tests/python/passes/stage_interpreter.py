"""The reference interpreter with the stage dialect added: the oracle of the lowering passes.

A KV value is the token stream that it holds (scaffold and text pieces, earlier decodes), a handle
is the call's result. What a program asks of the world can thus be compared before and after a pass.
"""

from __future__ import annotations

from typing import Any

from agentc.interpreter import calls, interpret
from agentc.interpreter.interpret import HANDLERS, Frame
from agentc.interpreter.prompts import pieces, split_template
from agentc.interpreter.values import format_value
from agentc.interpreter.world import GenerateCall, Piece


def _rendered(parts: list[tuple[str, str]]) -> str:
    """The template of a run of parts: two texts in a row were cut by `{|}`."""
    text = ""
    for number, (kind, value) in enumerate(parts):
        if kind == "name":
            text += f"{{{value}}}"
            continue
        if number and parts[number - 1][0] == "text":
            text += "{|}"
        text += value.replace("{", "{{").replace("}", "}}")
    return text


def stream_of(template: str, arguments: dict[str, str], chat: Any) -> list[Piece]:
    """The pieces of a tokenise template; `chat` says what the scaffold is."""
    stream: list[Piece] = []
    run: list[tuple[str, str]] = []

    def end_run() -> None:
        stream.extend(pieces(_rendered(run), arguments))
        run.clear()

    for kind, value in split_template(template):
        if kind == "text" or ("<" not in value and ">" not in value):
            run.append((kind, value))
            continue
        end_run()
        if value == "<default>":
            begin, end = chat.begin["system"], chat.end["system"]
            stream += [Piece(begin, True), Piece(chat.default_system), Piece(end, True)]
        elif value.startswith("<"):
            stream.append(Piece(chat.begin[value[1:]], True))
        else:
            stream.append(Piece(chat.end[value[:-1]], True))
    end_run()
    return stream


def _tokenize(op: Any, frame: Frame) -> list[Any]:
    names = [name.value for name in op.attributes["arg_names"]]
    arguments = {
        name: format_value(frame.values[operand], operand.type)
        for name, operand in zip(names, op.operands, strict=True)
    }
    chat = frame.world.chat(op.attributes["model"].value)
    return [stream_of(op.attributes["template_text"].value, arguments, chat)]


def _extend(op: Any, frame: Frame) -> list[Any]:
    kv, tokens = frame.operands(op)
    return [(*kv, *tokens)]


def _decode(op: Any, frame: Frame) -> list[Any]:
    (kv,) = frame.operands(op)
    seed = calls._attribute(op, "seed", frame.seed)
    call = GenerateCall(
        op.attributes["model"].value,
        kv,
        calls._sampling(op, frame),
        calls.call_seed(seed, calls._attribute(op, "site", 0), frame.path),
    )
    decoded = frame.world.generate(call)
    return [decoded.text, (*kv, decoded)]


def _call(op: Any, frame: Frame) -> list[Any]:
    arguments = [frame.values[value] for value in op.args]
    return [frame.world.call_tool(op.attributes["tool"].value, arguments)]


def _same(op: Any, frame: Frame) -> list[Any]:
    """The first operand; others say only what to wait for."""
    return frame.operands(op)[:1]


STAGE_HANDLERS = {
    "stage.kv.open": lambda op, frame: [()],
    "stage.tokenize": _tokenize,
    "stage.prefill": _extend,
    "stage.kv.append": _extend,
    "stage.decode": _decode,
    "stage.kv.fork": _same,
    "stage.kv.park": _same,
    "stage.kv.resume": _same,
    "stage.kv.move": _same,
    "stage.kv.close": lambda op, frame: [],
    "stage.transfer": _same,
    "stage.encode": calls.HANDLERS["embed"],
    "stage.search": calls.HANDLERS["retrieve"],
    "stage.score": calls.HANDLERS["rerank"],
    "stage.module": calls.HANDLERS["module"],
    "stage.call": _call,
    "stage.await": _same,
}


def interpret_stages(*arguments: Any, **options: Any) -> tuple[Any, ...]:
    """`interpret`, also of operations of the stage dialect."""
    added = {name: handler for name, handler in STAGE_HANDLERS.items() if name not in HANDLERS}
    HANDLERS.update(added)
    try:
        return interpret(*arguments, **options)
    finally:
        for name in added:
            del HANDLERS[name]
