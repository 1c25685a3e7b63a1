"""Where the time of a step goes: the step again with one kernel after the other emptied.

    python benchmarks/step_profile.py                       # decode, batch 1, position 128
    python benchmarks/step_profile.py --batch 8 --position 1000
    python benchmarks/step_profile.py --prefill 512

An emptied kernel returns at once (its first instruction becomes a return), so the difference to
the whole step is what the kernel costs where it stands, caches and barriers included. The first
line, "rest", is the step with all kernels emptied: calls, barriers, uploads, the argmax. Prints
the bandwidth at which weights are read and the multiply-adds of a second.
"""

from __future__ import annotations

import argparse
import os
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Behind everything else: the folder agentc of the sources must not hide the installed one.
sys.path.append(str(ROOT))

from benchmarks.harness import table  # noqa: E402
from benchmarks.harness.measure import Call, Sample, interleave  # noqa: E402
from benchmarks.systems.compiled import DEVICE, MODEL, Compiled, compile_model  # noqa: E402
from benchmarks.systems.ours import OurSteps  # noqa: E402

RETURN = b"\xc3"
"""x86-64: return."""
WEIGHTS = {
    "norm_heads": ("qkv",),
    "linear_add": ("attn_out", "down"),
    "norm_silu": ("gate_up",),
    "head": ("embed", "head"),
}
"""Parameters that a kernel reads, by parts of their names."""
PANEL_BYTES = {"q4": 320, "q8": 544}
PANEL_WEIGHTS = 512


@dataclass(frozen=True)
class Emptied:
    """A program without some kernels."""

    name: str
    symbols: tuple[str, ...]


def main() -> None:
    """Compiles the programs, runs them in turns, prints the differences."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        whole = compile_model(MODEL, given.precision, work, kv=given.kv)
        objects = _objects()
        symbols = [s for s in _symbols(objects) if _used(s, whole)]
        variants = [Emptied("rest", tuple(symbols))]
        variants += [Emptied(symbol, (symbol,)) for symbol in symbols]
        programs = {"step": whole}
        for variant in variants:
            programs[variant.name] = _compile_without(variant, objects, given, work)
        steps = {name: _open(program, given) for name, program in programs.items()}
        calls = {name: _call(step, given) for name, step in steps.items()}
        measured = {
            name: Sample(tuple(1e3 * value for value in values))
            for name, values in interleave(calls, given.bursts, 3).items()
        }
        _print(measured, whole, given)
        sys.stdout.flush()
        os._exit(0)


def _objects() -> list[Path]:
    """Objects of all families; without one of them there would be no program at all."""
    from agentc.codegen import kernels
    from agentc.codegen.targets import TargetSpec
    from agentc.models import fused_decoder

    families = {f for kv in fused_decoder.KV_DTYPES for f in fused_decoder.families(kv)}
    found = [kernels.find(family, TargetSpec("local-task")) for family in sorted(families)]
    return [each.path for each in found if each is not None]


def _symbols(objects: Sequence[Path]) -> dict[str, tuple[Path, int]]:
    """Exported kernels by symbol: their object and where their code is in the file."""
    places = {}
    for path in objects:
        for name, offset in _functions(path.read_bytes()):
            if name.startswith("agentc_"):
                places[name] = (path, offset)
    return places


def _functions(elf: bytes) -> list[tuple[str, int]]:
    """Global functions of a 64-bit little-endian relocatable ELF file: name, offset in it."""
    table_at, size, count = (
        *struct.unpack_from("<Q", elf, 40),
        *struct.unpack_from("<HH", elf, 58),
    )
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, table_at + i * size) for i in range(count)]
    found = []
    for _, kind, _, _, at, length, link, _, _, entry in sections:
        if kind != 2:  # a symbol table
            continue
        for place in range(at, at + length, entry):
            name_at, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", elf, place)
            if info == 0x12:  # global function
                start = sections[link][4] + name_at
                name = elf[start : elf.index(b"\0", start)].decode()
                found.append((name, sections[section][4] + value))
    return found


def _used(symbol: str, whole: Compiled) -> bool:
    """Whether the program calls the kernel: it reads weights of its form, or pages."""
    kv = whole.model.binaries[DEVICE].page_dtype
    if "attention" in symbol:
        return symbol == f"agentc_attention_{kv}"
    if "norm_heads" in symbol and f"_{kv}_" not in symbol:
        return False
    return _weights(symbol, whole)[0] > 0


def _compile_without(
    variant: Emptied, objects: Sequence[Path], given: argparse.Namespace, work: Path
) -> Compiled:
    folder = work / variant.name
    folder.mkdir()
    for path in objects:
        shutil.copy(path, folder)
    places = _symbols(objects)
    for symbol in variant.symbols:
        path, offset = places[symbol]
        code = bytearray((folder / path.name).read_bytes())
        code[offset : offset + 1] = RETURN
        (folder / path.name).write_bytes(code)
    before = os.environ.get("AGENTC_KERNELS")
    os.environ["AGENTC_KERNELS"] = str(folder)
    try:
        return compile_model(MODEL, given.precision, work, kv=given.kv)
    finally:
        if before is None:
            del os.environ["AGENTC_KERNELS"]
        else:
            os.environ["AGENTC_KERNELS"] = before


def _open(program: Compiled, given: argparse.Namespace) -> OurSteps:
    room = given.prefill or given.position + 24
    return OurSteps(program, given.batch, room, threads=given.threads)


def _call(steps: OurSteps, given: argparse.Namespace) -> Call:
    if given.prefill:
        call = steps.prefill(given.prefill, given.prefill)
    else:
        positions = [given.position] * given.batch
        steps.fill(positions)
        call = steps.decode(positions)
    return _processor_time(call) if given.processor_time else call


def _processor_time(call: Call) -> Call:
    """`call` with the processor time of all threads as its value."""

    def timed() -> float:
        start = time.process_time()
        call()
        return time.process_time() - start

    return timed


def _print(measured: dict[str, Sample], whole: Compiled, given: argparse.Namespace) -> None:
    rows = given.prefill or given.batch
    lines = [("kernel", "min ms", "median ms", "MB", "GB/s", "GMAC/s")]
    step = measured["step"]
    for name, sample in measured.items():
        if name in ("step", "rest"):
            lines.append((name, f"{sample.minimum:.3f}", f"{sample.median:.3f}", "", "", ""))
            continue
        cost, middle = step.minimum - sample.minimum, step.median - sample.median
        size, weights = _weights(name, whole)
        computed = 1 if "_head_" in name and given.prefill else rows
        speed = f"{size / cost / 1e6:.0f}" if size and cost > 0 else ""
        work = f"{weights * computed / cost / 1e6:.0f}" if size and cost > 0 else ""
        lines.append((name, f"{cost:.3f}", f"{middle:.3f}", f"{size / 1e6:.1f}", speed, work))
    print("\n".join(table.aligned(lines)))


def _weights(symbol: str, whole: Compiled) -> tuple[int, int]:
    """Bytes and number of the weights that all calls of a kernel in a step read."""
    import iree.runtime as iree

    index = iree.ParameterIndex()
    index.load(whole.parameters, mmap=True)
    kernel, _, form = symbol.removeprefix("agentc_").rpartition("_")
    parts = next((p for name, p in WEIGHTS.items() if kernel.startswith(name)), ())
    size = sum(
        entry.length
        for name, entry in index.items()
        if any(part in name for part in parts) and name.endswith(form)
    )
    return size, size // PANEL_BYTES.get(form, 1) * PANEL_WEIGHTS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--position", type=int, default=128)
    parser.add_argument("--prefill", type=int, default=0, help="tokens; instead of a decode step")
    parser.add_argument("--precision", default="i4")
    parser.add_argument("--kv", default="", help="format of the pages")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--processor-time", action="store_true", help="not elapsed time: for a busy machine"
    )
    parser.add_argument("--bursts", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
