"""Speed of paged attention, one thread: time of a layer by page format, batch and length.

    python benchmarks/kernels/attention.py [--variants NAME ...] [--cases BATCHxKEYSxROWS ...]

A case is a batch of sequences of so many keys, each with so many new rows (1: decode; as many as
keys: a whole prompt). Formats and instruction sets take turns; a layer's time is the minimum of
its calls, between which the pages of all other layers were read.
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

CASES = ("1x128x1", "1x1000x1", "8x128x1", "8x1000x1", "32x512x1", "1x512x512", "1x2048x512")
ELEMENT_BYTES = {"f32": 4, "f16": 2, "i8": 1}
PAGE = 16
_TIMER = Path(__file__).with_name("attention_timer.c")


@dataclass(frozen=True)
class Cell:
    """One kernel on one case; `gb_per_s` counts the keys and values of each sequence once."""

    dtype: str
    variant: str
    case: str
    layer_s: float
    gb_per_s: float


class Case:
    """The batch of a case: random queries, shuffled pages."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name, self.options = name, options
        batch, keys, rows = map(int, name.split("x"))
        rng = np.random.default_rng(0)
        self.width = -(-keys // PAGE)
        self.pages = batch * self.width
        table = rng.permutation(self.pages).reshape(batch, self.width)
        width = options.heads * options.dim
        self.queries = rng.standard_normal((batch * rows, width)).astype(np.float32)
        self.queries *= options.dim**-0.5
        self.positions = np.tile(np.arange(keys - rows, keys), batch).astype(np.int32)
        self.sequences = np.repeat(np.arange(batch), rows).astype(np.int32)
        self.table = np.ascontiguousarray(table, np.int32)

    def part_bytes(self, dtype: str) -> int:
        """Bytes of keys and values of a page, for one layer and kv head."""
        token = self.options.dim * ELEMENT_BYTES[dtype] + 4 * (dtype == "i8")
        return 2 * PAGE * token

    def pool(self, dtype: str) -> np.ndarray:
        """Pages of all layers. Bytes that are small numbers, or sensible scales, in any format."""
        parts = self.pages * self.options.layers * self.options.kv_heads
        rng = np.random.default_rng(1)
        kind = np.float32 if dtype in ("f32", "i8") else np.float16
        some = rng.uniform(0.01, 0.02, 1 << 16).astype(kind).view(np.uint8)
        return np.resize(some, parts * self.part_bytes(dtype))


def main() -> None:
    """Parses the command line and prints the table."""
    options = _options()
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        timers = {
            (dtype, variant): _timer(dtype, variant, Path(folder))
            for dtype in options.dtypes
            for variant in options.variants
        }
        for name in options.cases:
            cells += _measure(Case(name, options), timers, options)
    if options.json:
        options.json.write_text(json.dumps([asdict(cell) for cell in cells], indent=1))


def _options() -> argparse.Namespace:
    best = kernels.variants(TargetSpec("local-task"))[:1]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", nargs="+", default=best, help="instruction sets")
    parser.add_argument("--dtypes", nargs="+", default=["f32", "f16", "i8"])
    parser.add_argument("--cases", nargs="+", default=CASES)
    parser.add_argument("--heads", type=int, default=9)
    parser.add_argument("--kv-heads", type=int, default=3)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--layers", type=int, default=30)
    parser.add_argument("--window", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _timer(dtype: str, variant: str, folder: Path) -> ctypes.CDLL:
    """The timer with one object linked in."""
    name = f"attention_{dtype}.{variant}.o"
    found = [path for path in (f / name for f in kernels.folders()) if path.is_file()]
    library = folder / f"{dtype}-{variant}.so"
    flags = ["-O2", "-shared", "-fPIC", f"-DKERNEL=agentc_attention_{dtype}"]
    subprocess.run(["cc", *flags, _TIMER, found[0], "-o", library], check=True)
    timer = ctypes.CDLL(str(library))
    timer.time_layers.argtypes = [ctypes.c_void_p] * 6 + [ctypes.c_size_t] * 7 + [ctypes.c_void_p]
    timer.time_layers.restype = None
    return timer


def _measure(case: Case, timers: dict, options: argparse.Namespace) -> list[Cell]:
    """One line of the table a format and instruction set."""
    o, out = options, np.empty_like(case.queries)
    batch = [case.queries, case.positions, case.sequences, case.table]
    pools = {dtype: case.pool(dtype) for dtype in o.dtypes}
    best = {kind: np.full(o.layers, np.inf) for kind in timers}
    sizes = [len(case.positions), case.width, o.heads, o.kv_heads, o.dim, o.layers, o.window]
    for _ in range(o.rounds):
        for kind, timer in timers.items():
            arrays = [*batch, pools[kind[0]], out]
            timer.time_layers(*(a.ctypes.data for a in arrays), *sizes, best[kind].ctypes.data)
    cells = []
    for (dtype, variant), times in best.items():
        layer_s = float(times.mean())
        read = case.pages * o.kv_heads * case.part_bytes(dtype)
        cells.append(Cell(dtype, variant, case.name, layer_s, read / layer_s / 1e9))
        print(
            f"{case.name:12} {dtype:4} {variant:16} {layer_s * 1e6:10.1f} us a layer "
            f"{cells[-1].gb_per_s:6.1f} GB/s",
            flush=True,
        )
    return cells


if __name__ == "__main__":
    main()
