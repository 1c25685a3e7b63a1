"""Speed of the quantised products, one thread: GB/s of weights and GOP/s by rows and shape.

    python benchmarks/kernels/linear.py [--objects DIR ...] [--variants NAME ...]

Every cell is the minimum of many short bursts; objects of several folders or instruction sets take
turns in each, so that they see the same machine. Weights rotate through memory, as in a model.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from agentc.codegen import kernels
from agentc.codegen.targets import TargetSpec
from agentc.models.panels import panels_shape

SHAPES = ((576, 960), (576, 3072), (1536, 576), (576, 49152), (2048, 5632))
ROWS = (1, 2, 4, 8, 16, 32, 128, 512)
BURST_S = 2e-3
_TIMER = Path(__file__).with_name("linear_timer.c")


@dataclass(frozen=True)
class Cell:
    """One kernel at one size."""

    object: str
    form: str
    depth: int
    columns: int
    rows: int
    call_s: float
    gb_per_s: float
    gop_per_s: float


def main() -> None:
    """Parses the command line and prints the table."""
    options = _options()
    memory = _weights(options.memory_mb << 20)
    with tempfile.TemporaryDirectory() as folder:
        timers = {
            (str(path), form): _timer(path, form, Path(folder) / f"{i}-{form}.so")
            for form in options.forms
            for i, path in enumerate(_objects(options, form))
        }
        reading = max(_read_rate(next(iter(timers.values())), memory) for _ in range(5))
        print(f"one core reads {reading / 1e9:.1f} GB/s from memory")
        cells = [
            cell
            for form in options.forms
            for shape in options.shapes
            for rows in options.rows
            for cell in _measure(form, timers, shape, rows, memory, options)
        ]
    if options.json:
        record = {"read_gb_per_s": reading / 1e9, "cells": [asdict(cell) for cell in cells]}
        options.json.write_text(json.dumps(record, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", nargs="+", type=Path, help="folders of kernel objects")
    parser.add_argument("--variants", nargs="+", help="instruction sets (default: the best)")
    parser.add_argument("--forms", nargs="+", default=["q4", "q8"])
    parser.add_argument("--rows", nargs="+", type=int, default=ROWS)
    parser.add_argument("--shapes", nargs="+", type=_shape, default=SHAPES, help="such as 576x960")
    parser.add_argument("--bursts", type=int, default=40)
    parser.add_argument("--groups", type=int, default=1, help="time the first of so many shares")
    parser.add_argument("--memory-mb", type=int, default=500, help="weights that take turns")
    parser.add_argument("--cached", action="store_true", help="one copy of the weights")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _shape(text: str) -> tuple[int, int]:
    depth, _, columns = text.partition("x")
    return int(depth), int(columns)


def _objects(options: argparse.Namespace, form: str) -> list[Path]:
    variants = options.variants or kernels.variants(TargetSpec("local-task"))[:1]
    folders = options.objects or kernels.folders()[:1]
    return [folder / f"linear_{form}.{variant}.o" for folder in folders for variant in variants]


def _timer(kernel: Path, form: str, library: Path) -> ctypes.CDLL:
    """The timer with one object linked in."""
    flags = ["-O2", "-march=native", "-shared", "-fPIC", f"-DKERNEL=agentc_linear_{form}"]
    subprocess.run(["cc", *flags, _TIMER, kernel, "-o", library], check=True)
    timer = ctypes.CDLL(str(library))
    timer.burst_s.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t] * 8
    timer.burst_s.restype = ctypes.c_double
    timer.read_rate.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    timer.read_rate.restype = ctypes.c_double
    return timer


def _weights(size: int) -> np.ndarray:
    """Random codes; as scales, any f16 bits below infinity do."""
    raw = np.random.default_rng(0).integers(0, 64, size + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size]


def _read_rate(timer: ctypes.CDLL, memory: np.ndarray) -> float:
    return float(timer.read_rate(memory.ctypes.data, memory.nbytes))


def _measure(form, timers, shape, rows, memory, options) -> list[Cell]:
    """One line of the table."""
    depth, columns = shape
    weight_bytes = int(np.prod(panels_shape(columns, depth, form)))
    x = np.random.default_rng(1).standard_normal((rows, depth)).astype(np.float32)
    y = np.empty((rows, columns), np.float32)
    buffers = [a.ctypes.data for a in (x, memory, y)]
    copies = 1 if options.cached else memory.nbytes // weight_bytes
    sizes = [rows, columns, depth, options.groups, weight_bytes, copies]
    ours = {name: timer for (name, kind), timer in timers.items() if kind == form}
    guess_s = max(weight_bytes / 40e9, rows * depth * columns / 3e11)
    best = dict.fromkeys(ours, float("inf"))
    first = 0
    for _ in range(options.bursts):
        for name, timer in ours.items():
            calls = max(1, int(BURST_S / guess_s))
            best[name] = min(best[name], timer.burst_s(*buffers, *sizes, first, calls))
            first += calls  # on to weights that no one has read for long
    cells = []
    for name, call_s in best.items():
        share = 1e-9 / options.groups / call_s
        work = 2 * rows * depth * columns
        cell = Cell(name, form, depth, columns, rows, call_s, weight_bytes * share, work * share)
        cells.append(cell)
        print(
            f"{form} {depth:5} x {columns:5}  {rows:3} rows  {call_s * 1e6:9.1f} us  "
            f"{cell.gb_per_s:6.1f} GB/s  {cell.gop_per_s:7.0f} GOP/s  {name}",
            flush=True,
        )
    return cells


if __name__ == "__main__":
    main()
