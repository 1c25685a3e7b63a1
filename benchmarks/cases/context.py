"""What a case is given: the compiled models, the peers' files, threads, how long to measure."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.harness.measure import Call, Sample, interleave
from benchmarks.harness.results import CaseResult
from benchmarks.systems.compiled import ENCODER, MODEL, Compiled, compile_model
from benchmarks.systems.llama_tuning import TunedSettings
from benchmarks.systems.peer_packages import peer_file

Q4_0, Q4_1 = "llama.cpp Q4_0", "llama.cpp Q4_1"
FILES = {Q4_0: "files/smollm2.Q4_0.gguf", Q4_1: "files/smollm2.Q4_1.gguf"}


@dataclass(frozen=True)
class Context:
    """Everything a case needs that is not its own.

    Attributes:
      precision: of agentc's LLM.
      folder: where results and work files go.
      threads: of every system.
      effort: multiplies the number of measurements; 1 is a quick look.
    """

    precision: str
    folder: Path
    threads: int = 2
    effort: float = 1.0

    def repeats(self, base: int) -> int:
        """`base` measurements, scaled by the effort."""
        return max(1, round(base * self.effort))

    @cached_property
    def model(self) -> Compiled:
        """The LLM, compiled."""
        return compile_model(MODEL, self.precision, self.folder / "models")

    def encoder(self, precision: str) -> Compiled:
        """The encoder, compiled."""
        return compile_model(ENCODER, precision, self.folder / "models")

    @cached_property
    def tuned(self) -> TunedSettings:
        """llama.cpp's best settings so far."""
        return TunedSettings(self.folder / "peer-settings.json")

    def peer_files(self) -> dict[str, Path]:
        """llama.cpp's model files by system name. Raises PeersMissing."""
        return {name: peer_file(file) for name, file in FILES.items()}


def samples(
    calls: dict[str, Call],
    settings: dict[str, str],
    bursts: int,
    per_burst: int,
    scale: float,
    *,
    discard: int = 1,
) -> dict[str, Sample]:
    """Measures `calls` interleaved; values are multiplied by `scale` (1000 makes seconds ms)."""
    gc.collect()
    gc.disable()
    try:
        measured = interleave(calls, bursts, per_burst, discard=discard)
    finally:
        gc.enable()
    return {
        name: Sample(tuple(scale * value for value in values), settings.get(name, ""))
        for name, values in measured.items()
    }


Case = Callable[[Context], CaseResult | list[CaseResult]]
"""Measures one row of the results page, or several that come from the same runs."""
