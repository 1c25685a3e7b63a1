"""In which precisions the models of a graph may run on each device class, and what that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from agentc import models
from agentc.codegen.targets import TargetSpec
from agentc.cost_models.cluster import Cluster
from agentc.cost_models.device import canonical_precision
from agentc.cost_models.strict_yaml import did_you_mean
from agentc.cost_models.work import WorkBand
from agentc.errors import CompileError
from agentc.models.program import PRECISIONS, Footprint, Precisions
from agentc.models.registry import ModelSource
from agentc.plan import Work

REFERENCE = "f32"
"""The precision in which `annotate-work` estimates; every model has it on every class."""


@dataclass(frozen=True)
class Offered:
    """The precisions that the planner may choose from.

    Attributes:
      by_class: of every device class that code can be generated for, what one model may run in.
      reference: what the model takes in f32.
    """

    by_class: Mapping[str, Precisions]
    reference: Footprint

    def footprints(self) -> dict[str, Footprint]:
        """Returns every precision that some class has, with what it takes."""
        return {
            name: footprint
            for precisions in self.by_class.values()
            for name, footprint in precisions.footprints.items()
        }


def offered(
    sources: Mapping[str, ModelSource], cluster: Cluster, wanted: str = ""
) -> dict[str, Offered]:
    """Returns by model symbol what the planner may choose from.

    By default these are the precisions that lose nothing of the model's file; the cost model takes
    the cheapest. `wanted` leaves only that one. Torch modules keep their own.

    Raises:
      CompileError: `wanted` is no precision, or a model has it on no device class.
    """
    wanted = _canonical(wanted) if wanted else ""
    targets = {
        name: TargetSpec(device.iree.device, device.iree.arch)
        for name in sorted(cluster.available())
        if (device := cluster.devices[name]).iree is not None
    }
    return {
        name: _offered(name, models.precisions(source, list(targets.values())), targets, wanted)
        for name, source in sources.items()
    }


def _offered(
    model: str, found: list[Precisions], targets: Mapping[str, TargetSpec], wanted: str
) -> Offered:
    by_class = {
        device: replace(
            precisions,
            footprints={
                name: footprint
                for name, footprint in precisions.footprints.items()
                if (name == wanted if wanted else footprint.faithful)
            },
            note="" if wanted else precisions.note,
        )
        for device, precisions in zip(targets, found, strict=True)
    }
    if wanted and found and not any(p.footprints for p in by_class.values()):
        known = list(dict.fromkeys(name for precisions in found for name in precisions.footprints))
        raise CompileError(
            f"model '{model}' has no precision '{wanted}' on any device class of the cluster, "
            f"only {', '.join(known)}; compile with one of these, or without --precision"
        )
    reference = found[0].footprints[REFERENCE] if found else Footprint(0, 0.0, True)
    return Offered(by_class, reference)


def _canonical(name: str) -> str:
    precision = canonical_precision(name)
    if precision not in PRECISIONS:
        raise CompileError(f"unknown precision '{name}'{did_you_mean(name, PRECISIONS)}")
    return precision


def in_precision(band: WorkBand, kind: str, reference: Footprint, footprint: Footprint) -> WorkBand:
    """Returns the work of a stage op of `kind`, estimated with the reference's sizes, in another
    precision: every call reads the weights once, and of a prefill or decode all other traffic is
    keys and values."""
    has_kv = kind in ("stage.prefill", "stage.decode") and reference.kv_token_bytes > 0
    kv_ratio = footprint.kv_token_bytes / reference.kv_token_bytes if has_kv else 1.0

    def convert(work: Work) -> Work:
        weights = min(work.calls * reference.weight_bytes, work.bytes_read)
        narrow = footprint.weight_bytes / max(reference.weight_bytes, 1)
        return msgspec.structs.replace(
            work,
            bytes_read=weights * narrow + (work.bytes_read - weights) * kv_ratio,
            bytes_written=work.bytes_written * kv_ratio,
            state_bytes=work.state_bytes * kv_ratio,
        )

    return WorkBand(convert(band.mean), convert(band.p95))
