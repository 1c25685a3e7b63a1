"""The LLM engine against llama.cpp, PyTorch and ONNX Runtime on this machine.

    python benchmarks/llm.py                          # all cases
    python benchmarks/llm.py --cases decode,prefill   # those whose name begins so
    python benchmarks/llm.py --list

Prints a table a case and writes benchmarks/results/llm.json; benchmarks/page.py makes the results
page of it. Needs the peers (benchmarks/peers.sh) and a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Behind everything else: the folder agentc of the sources must not hide the installed one.
sys.path.append(str(ROOT))

from benchmarks.cases.all import CASES, chosen  # noqa: E402
from benchmarks.cases.context import Context  # noqa: E402
from benchmarks.harness import machine, results, table  # noqa: E402
from benchmarks.systems.peer_packages import PeersMissing, use_peer_packages  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    """Measures what the command line asks for."""
    given = _arguments()
    if given.list:
        print(*CASES, sep="\n")
        return
    context = Context(given.precision, given.out, threads=given.threads, effort=given.effort)
    try:
        use_peer_packages()
        for key in chosen(given.cases):
            start = time.perf_counter()
            found = CASES[key](context)
            rows = found if isinstance(found, list) else [found]
            print(*map(table.lines, rows), sep="\n", flush=True)
            results.save(given.out / "llm.json", machine.describe(), rows)
            print(f"  {time.perf_counter() - start:.0f} s\n", flush=True)
    except PeersMissing as missing:
        sys.exit(f"error: {missing}")
    sys.stdout.flush()
    os._exit(0)  # libraries of four systems in one process: none gets a say in how it ends


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", default="", help="beginnings of case names, by comma")
    parser.add_argument("--list", action="store_true", help="print the names of all cases")
    parser.add_argument("--precision", default="i4", help="of agentc's model (default: i4)")
    parser.add_argument("--threads", type=int, default=2, help="of every system (default: 2)")
    parser.add_argument("--effort", type=float, default=1.0, help="multiplies the repetitions")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
