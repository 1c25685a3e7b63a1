"""`agentc run app.agentpkg --input question="..."`: streams the answer."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentc.cli.inputs import parse_inputs, typed
from agentc.cli.outputs import print_outputs, printable
from agentc.errors import AgentcError, RuntimeFault

if TYPE_CHECKING:
    from agentc.runtime.app import App
    from agentc.runtime.trace import Event


def run_command(
    package: Annotated[Path, typer.Argument(help="a package made by agentc compile")],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="name=value, text or JSON; name=@file reads the value"),
    ] = None,
    tools: Annotated[
        str | None, typer.Option(help="a Python file whose @ag.tool functions to bind (executed)")
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of sampled calls")] = 0,
    timeout: Annotated[str | None, typer.Option(help='wall time limit, such as "60s"')] = None,
    trace: Annotated[Path | None, typer.Option(help="write the trace (.jsonl) here")] = None,
    chrome_trace: Annotated[
        Path | None, typer.Option(help="write a Chrome / Perfetto trace here")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the outputs as JSON only")] = False,
) -> None:
    """Run a package once and stream its answer."""
    from agentc import api
    from agentc.cli.quantities import seconds

    limit_s = seconds(timeout, "--timeout") if timeout else None
    for file in (trace, chrome_trace):
        if file is not None:
            file.open("a").close()  # a run must not end with a trace that cannot be written
    app = api.load(package, tools=tools)
    try:
        values = parse_inputs(inputs or [], app.plan.inputs)
        events, error = asyncio.run(_stream(app, values, seed, limit_s, quiet=as_json))
    finally:
        app.close()
    _write_traces(app.plan, events, trace, chrome_trace)
    if error is not None:
        raise error
    outputs = events[-1].data["outputs"]
    if as_json:
        print(json.dumps({name: printable(value) for name, value in outputs.items()}))
    else:
        said = "".join(event.data["text"] for event in events if event.kind == "token")
        print_outputs(outputs, app.plan.outputs, said)


async def _stream(
    app: App, values: dict[str, Any], seed: int, limit_s: float | None, *, quiet: bool
) -> tuple[list[Event], AgentcError | None]:
    """Runs once, writes tokens as they come, asks the person at the terminal for interrupts.

    Returns what happened, and the error that the run ended with, so that a failed run leaves its
    trace as well.
    """
    events: list[Event] = []
    await app.warm()
    try:
        async for event in app.stream(values, seed=seed, timeout_s=limit_s):
            events.append(event)
            await _show(app, event, quiet)
    except AgentcError as error:
        return events, error
    return events, None


async def _show(app: App, event: Event, quiet: bool) -> None:
    if event.kind == "token" and not quiet:
        sys.stdout.write(event.data["text"])
        sys.stdout.flush()
    if event.kind == "interrupt":
        await _ask(app, event)


async def _ask(app: App, event: Event) -> None:
    """Asks the person until the answer is of the right type. Raises RuntimeFault (kind "input")
    when nobody can answer."""
    name, type_ = event.data["name"], event.data["type"]
    question = f"\n{event.data['prompt'] or name} ({type_}) > "
    while True:
        try:
            answer = await asyncio.to_thread(input, question)
        except EOFError as error:
            raise RuntimeFault(
                f"the run asks for '{name}' ({type_}) and standard input has ended; run it at a "
                "terminal, or give one line for each question",
                kind="input",
            ) from error
        try:
            app.answer(event.run_id, name, typed(answer, type_))
            return
        except RuntimeFault as error:
            if not sys.stdin.isatty():
                raise
            print(error.message, file=sys.stderr)


def _write_traces(plan: Any, events: list[Event], trace: Path | None, chrome: Path | None) -> None:
    from agentc.runtime.result import Trace

    record = Trace(plan, events)
    if trace is not None:
        trace.write_text(record.jsonl(), encoding="utf-8")
    if chrome is not None:
        chrome.write_bytes(record.chrome())
