"""The result of a case: samples by system, and the ratio that its bar is about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.measure import Sample

OURS = "agentc"


@dataclass(frozen=True)
class CaseResult:
    """One row of the results page.

    Attributes:
      key: the case's name, as in `bars.BARS` and `--cases`.
      title: for people.
      unit: of all values: "ms", "tokens/s", "MB", ...
      samples: by system; ours is named "agentc" (others of ours begin with "agentc ").
      higher_is_better: for rates.
      bound: "" for a case against peers; the name of the system that is a floor, not a peer.
      notes: what a reader must know.
    """

    key: str
    title: str
    unit: str
    samples: dict[str, Sample]
    higher_is_better: bool = False
    notes: tuple[str, ...] = ()
    peers: tuple[str, ...] = field(default=())

    @property
    def rival(self) -> str:
        """The peer with the best median; "" when ours is alone."""
        names = self.peers or tuple(n for n in self.samples if not n.startswith(OURS))
        if not names:
            return ""
        best = max if self.higher_is_better else min
        return best(names, key=lambda name: self.samples[name].median)

    @property
    def ratio(self) -> float | None:
        """How many times better ours is than the best peer, by medians."""
        return self._ratio("median")

    @property
    def best_ratio(self) -> float | None:
        """The same by the least disturbed values: minima of times, maxima of rates."""
        return self._ratio("maximum" if self.higher_is_better else "minimum")

    def _ratio(self, statistic: str) -> float | None:
        if not self.rival or OURS not in self.samples:
            return None
        ours = float(getattr(self.samples[OURS], statistic))
        rival = float(getattr(self.samples[self.rival], statistic))
        return ours / rival if self.higher_is_better else rival / ours


def to_json(result: CaseResult) -> dict[str, Any]:
    """A case as JSON: every value, so that other statistics can be made later."""
    return {
        "key": result.key,
        "title": result.title,
        "unit": result.unit,
        "higher_is_better": result.higher_is_better,
        "peers": list(result.peers),
        "notes": list(result.notes),
        "rival": result.rival,
        "ratio_of_medians": result.ratio,
        "ratio_of_best": result.best_ratio,
        "systems": {
            name: {
                "settings": sample.settings,
                "median": sample.median,
                "minimum": sample.minimum,
                "maximum": sample.maximum,
                "values": list(sample.values),
            }
            for name, sample in result.samples.items()
        },
    }


def from_json(data: dict[str, Any]) -> CaseResult:
    """The inverse of `to_json`."""
    return CaseResult(
        key=data["key"],
        title=data["title"],
        unit=data["unit"],
        samples={
            name: Sample(tuple(system["values"]), system["settings"])
            for name, system in data["systems"].items()
        },
        higher_is_better=data["higher_is_better"],
        notes=tuple(data["notes"]),
        peers=tuple(data["peers"]),
    )


def save(path: Path, machine: dict[str, str], results: Iterable[CaseResult]) -> None:
    """Writes the results, over those of the same case that `path` has from an earlier run."""
    kept = {r.key: r for r in load(path)[1]} if path.exists() else {}
    kept |= {result.key: result for result in results}
    data = {"machine": machine, "cases": [to_json(result) for result in kept.values()]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n")


def load(path: Path) -> tuple[dict[str, str], list[CaseResult]]:
    """What `save` wrote: the machine and the cases."""
    data = json.loads(path.read_text())
    return data["machine"], [from_json(case) for case in data["cases"]]
