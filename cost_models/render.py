"""Prints an explanation: a table for people (with and without colour), JSON for programs."""

from __future__ import annotations

import io
from typing import Literal

import msgspec

from agentc.cost_models.explanation import Explanation, Row
from agentc.cost_models.rejected import RUNS
from agentc.cost_models.units import format_bytes, format_seconds, format_usd

MISESTIMATES = ((5.0, "red"), (2.0, "yellow"), (1.2, "cyan"))
"""Factors between estimate and measurement from which a row is coloured."""


def render_json(explanation: Explanation) -> str:
    """Returns the explanation as JSON, schema "agentc.explain/v1"."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=2).decode()


def render_text(explanation: Explanation, *, color: bool = False, width: int = 150) -> str:
    """Returns the explanation as text: the tree, the limits, the levers and what it rests on.

    Without `color` there is not one escape sequence, and boxes are plain ASCII.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    table = Table(box=box.SIMPLE if color else box.ASCII2, show_edge=False, pad_edge=False)
    analysed = any(row.measured_s is not None for row in explanation.rows)
    for name, justify in _columns(analysed):
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")
    for row in explanation.rows:
        table.add_row(*_cells(row, analysed), style=_style(row) if color else "")
    console.print(table)
    for line in _footer(explanation):
        console.print(line, soft_wrap=True)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _columns(analysed: bool) -> list[tuple[str, Literal["left", "right"]]]:
    names: list[tuple[str, Literal["left", "right"]]] = [
        ("op", "left"),
        ("where", "left"),
        ("device", "left"),
        ("p95 (low..high)", "right"),
        ("path", "right"),
        ("bound by", "left"),
        (f"$ per {RUNS}", "right"),
    ]
    if analysed:
        names += [("measured", "right"), ("off by", "right")]
    return names


def _cells(row: Row, analysed: bool) -> list[str]:
    name = "  " * row.depth + row.label
    if row.op is None:
        return [name, row.source] + [""] * (len(_columns(analysed)) - 2)
    kind = row.kind.rpartition(".")[2]
    times = "" if row.executions is None or row.executions == 1 else f" x{row.executions:.3g}"
    cells = [
        f"{name} [{kind}]{times}",
        row.source,
        f"{row.device} {row.precision}".strip(),
        _interval(row),
        f"{row.critical_share or 0:.0%}",
        row.bound_by,
        "unpriced" if row.cost_usd is None else format_usd(row.cost_usd),
    ]
    if analysed:
        measured = "" if row.measured_s is None else format_seconds(row.measured_s)
        off = "" if row.misestimate is None else f"{row.misestimate:.2g}x"
        cells += [measured, off]
    return cells


def _interval(row: Row) -> str:
    assert row.latency_s is not None
    shown = format_seconds(row.latency_s)
    if row.low_s is None or row.high_s is None or row.low_s == row.high_s:
        return shown
    return f"{shown} ({format_seconds(row.low_s)}..{format_seconds(row.high_s)})"


def _style(row: Row) -> str:
    if row.misestimate:
        off = max(row.misestimate, 1 / row.misestimate)
        return next((style for factor, style in MISESTIMATES if off >= factor), "")
    share = row.critical_share or 0.0
    return "bold" if share >= 0.25 else ("dim" if row.op is not None and share == 0 else "")


def _footer(explanation: Explanation) -> list[str]:
    latency = explanation.latency_s
    interval = f"{format_seconds(explanation.low_s)}..{format_seconds(explanation.high_s)}"
    levels = ", ".join(f"{level} {format_seconds(latency[level])}" for level in ("p50", "p99"))
    cost = explanation.cost_usd
    lines = [
        "",
        f"run: p95 {format_seconds(latency['p95'])} ({interval}), {levels}, "
        f"mean {format_seconds(latency['mean'])}",
        f"cost of {RUNS} runs: {'not priced' if cost is None else format_usd(cost)}",
    ]
    for check in explanation.checks:
        lines.append(f"{check.name}: {check.shown} ({check.used:.0%})")
    for move in explanation.moves:
        lines.append(
            f"moves {move.what} {move.producer} -> {move.consumer}: "
            f"{format_bytes(move.bytes)} from {move.from_device} to {move.to_device} "
            f"over {move.link}, {format_seconds(move.seconds)}"
        )
    lines += [f"lever: {lever}" for lever in explanation.levers]
    lines += [f"assumed: {note}" for note in explanation.notes]
    lines += _refused(explanation)
    proved = "proved optimal" if explanation.status == "optimal" else explanation.status
    lines.append(
        f"planner: {explanation.objective}, {proved}, gap {explanation.gap:.2%}, "
        f"{explanation.solver}, seed {explanation.seed}"
    )
    return lines


def _refused(explanation: Explanation) -> list[str]:
    return [
        f"not taken: {row.label} [{row.kind.rpartition('.')[2]}] on {device}: {reason}"
        for row in explanation.rows
        for device, reason in sorted(row.rejected.items())
    ]
