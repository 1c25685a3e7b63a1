"""All cases by name, in the order of the results page."""

from __future__ import annotations

from functools import partial

from benchmarks.cases import alone, encoder, processes, pytorch, serving, steps
from benchmarks.cases.context import Case

CASES: dict[str, Case] = {
    **{
        f"decode-{batch}-{position}": partial(steps.decode, batch=batch, position=position)
        for batch in (1, 8, 32)
        for position in (128, 1000)
    },
    "decode-32-mixed": partial(steps.decode_mixed, batch=32),
    "continuous-32": serving.continuous,
    "prefill-512": partial(steps.prefill, tokens=512, chunk=512),
    "prefill-512-by-128": partial(steps.prefill, tokens=512, chunk=128),
    "prefill-2048": partial(steps.prefill, tokens=2048, chunk=2048),
    "prefill-2048-by-512": partial(steps.prefill, tokens=2048, chunk=512),
    "shared-prefix": serving.shared_prefix,
    "speculation": alone.speculation,
    "floor": alone.floor,
    **{
        f"encoder-{texts}x{tokens}": partial(encoder.encoder, texts=texts, tokens=tokens)
        for texts, tokens in ((1, 64), (8, 64), (32, 128))
    },
    "pytorch-decode-1-128": partial(pytorch.decode, batch=1, position=128),
    "pytorch-decode-8-128": partial(pytorch.decode, batch=8, position=128),
    "pytorch-prefill-512": partial(pytorch.prefill, tokens=512),
    "memory": processes.processes,
}


def chosen(beginnings: str) -> list[str]:
    """The cases whose names begin with one of `beginnings` (by comma); all when it is empty."""
    wanted = [part.strip() for part in beginnings.split(",") if part.strip()] or [""]
    found = [key for key in CASES if any(key.startswith(part) for part in wanted)]
    if not found:
        raise SystemExit(f"error: no case begins with {beginnings!r}; see --list")
    return found
