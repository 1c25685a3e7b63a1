"""Which device classes could run a stage, what that takes, and why the others could not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentc.cost_models.cluster import Cluster, Service
from agentc.cost_models.device import DeviceClass, canonical_precision
from agentc.cost_models.distributions import band, band_from_mean_and_p95
from agentc.cost_models.prices import price_usd_per_hour, priced
from agentc.cost_models.problem import ORCHESTRATOR, Candidate
from agentc.cost_models.roofline import estimate
from agentc.cost_models.specs import StageSpec
from agentc.cost_models.strict_yaml import did_you_mean
from agentc.cost_models.units import format_bytes
from agentc.cost_models.work import WorkBand
from agentc.errors import ClusterError, CompileError, SourceLine
from agentc.plan import Distribution, Estimate


@dataclass(frozen=True)
class Offer:
    """A device class of the fleet with the price of one busy hour (None: unknown). In this version
    a plan uses one device of a class; `slots` is how many stages that runs at full speed."""

    device: DeviceClass
    price_usd_per_hour: float | None
    slots: int = 1


def offers_of(cluster: Cluster, needs_price: bool) -> list[Offer]:
    """Returns the device classes that plans may use, by name. Raises ClusterError when a price is
    needed and nobody declared it."""
    price = priced if needs_price else price_usd_per_hour
    return [
        Offer(cluster.devices[name], price(cluster, name)) for name in sorted(cluster.available())
    ]


def candidates_of(
    spec: StageSpec, offers: Sequence[Offer], cluster: Cluster, needs_price: bool
) -> tuple[tuple[Candidate, ...], dict[str, str]]:
    """Returns the candidates of a stage, and the reason for each class that is none."""
    if not spec.work:
        return (_fixed_candidate(spec, cluster, needs_price),), {}
    _check_hints(spec, offers)
    found: list[Candidate] = []
    rejected: dict[str, str] = {}
    for offer in offers:
        reason = _refusal(spec, offer)
        options = [] if reason else _on_device(spec, offer)
        if not options:
            rejected[offer.device.name] = reason or _no_rate(spec, offer)
        found += options
    return tuple(found), rejected


def _check_hints(spec: StageSpec, offers: Sequence[Offer]) -> None:
    names = [offer.device.name for offer in offers]
    for name in spec.classes or ():
        if name not in names:
            file, _, line = spec.source.rpartition(":")
            where = SourceLine(file, int(line)) if line.isdigit() else None
            hint = did_you_mean(name, names)
            raise ClusterError(
                f"'{spec.name}' asks for the unknown device class '{name}'{hint}", source=where
            )


def _refusal(spec: StageSpec, offer: Offer) -> str:
    """Returns why a class cannot run a stage whatever the precision, or ""."""
    if spec.classes is not None and offer.device.name not in spec.classes:
        return f"the graph allows only {', '.join(spec.classes)}"
    if offer.device.iree is None:
        return "has no iree target, so agentc cannot compile for it"
    return ""


def _no_rate(spec: StageSpec, offer: Offer) -> str:
    device = offer.device
    usable = device.memory_bytes * device.usable_memory
    works = _works(spec, offer)
    if not works:
        return f"no code can be generated for it in {', '.join(spec.work)}"
    rated = [p for p in works if device.rate(_precision(p, spec))]
    if not rated:
        return f"has no compute rate for {', '.join(works)}"
    least = min(_memory_bytes(spec, precision) for precision in rated)
    return f"needs {format_bytes(least)} of memory, {format_bytes(usable)} are usable"


def _works(spec: StageSpec, offer: Offer) -> dict[str, WorkBand]:
    """The work by precision, where code can be generated for the class."""
    allowed = spec.precisions.get(offer.device.name)
    return {p: w for p, w in spec.work.items() if allowed is None or p in allowed}


def _precision(written: str, spec: StageSpec) -> str:
    precision = canonical_precision(written)
    if precision is None:
        raise CompileError(f"stage '{spec.name}' has work in the unknown precision '{written}'")
    return precision


def _memory_bytes(spec: StageSpec, precision: str) -> float:
    return spec.weights_bytes.get(precision, 0.0) + spec.work[precision].p95.state_bytes


def _on_device(spec: StageSpec, offer: Offer) -> list[Candidate]:
    """Returns one candidate per precision that the class can compute in and that fits alone."""
    device = offer.device
    usable = device.memory_bytes * device.usable_memory
    return [
        _candidate(spec, offer, written, work)
        for written, work in _works(spec, offer).items()
        if device.rate(_precision(written, spec)) and _memory_bytes(spec, written) <= usable
    ]


def _candidate(spec: StageSpec, offer: Offer, written: str, work: WorkBand) -> Candidate:
    precision = _precision(written, spec)
    mean = estimate(work.mean, offer.device, precision)
    p95 = estimate(work.p95, offer.device, precision)
    cost_usd = None
    if offer.price_usd_per_hour is not None:
        cost_usd = mean.latency_s * offer.price_usd_per_hour / 3600 + (spec.cost_usd or 0.0)
    return Candidate(
        device=offer.device.name,
        precision=precision,
        time_s=band_from_mean_and_p95(mean.latency_s, p95.latency_s),
        cost_usd=cost_usd,
        weights_bytes=spec.weights_bytes.get(written, 0.0),
        state_bytes=work.p95.state_bytes,
        estimate=_with_cost(mean, cost_usd),
        estimate_p95=_with_cost(p95, cost_usd),
    )


def _with_cost(made: Estimate, cost_usd: float | None) -> Estimate:
    return Estimate(made.latency_s, made.low_s, made.high_s, made.limit, made.source, cost_usd)


def _fixed_candidate(spec: StageSpec, cluster: Cluster, needs_price: bool) -> Candidate:
    """Returns the one candidate of a stage that waits instead of computing."""
    service = _service(spec, cluster)
    latency = spec.fixed or (service.latency if service else None)
    if latency is None:
        raise ClusterError(
            f"service '{spec.service}' has no latency; write latency: {{p50: 400ms, p95: 2s}}",
            source=cluster.source(f"services.{spec.service}"),
        )
    time_s = band(latency)
    cost_usd = spec.cost_usd
    if cost_usd is None:
        cost_usd = _service_usd(service, cluster, needs_price)
    return Candidate(
        device=ORCHESTRATOR,
        time_s=time_s,
        cost_usd=cost_usd,
        estimate=_declared(time_s.mean, latency, cost_usd),
        estimate_p95=_declared(time_s.p95, latency, cost_usd),
    )


def _declared(value_s: float, latency: Distribution, cost_usd: float | None) -> Estimate:
    """An estimate that was declared, not computed: its interval is the value itself."""
    source = "declared" if latency.provenance == "declared" else "profiled"
    return Estimate(value_s, value_s, value_s, "declared", source, cost_usd)


def _service(spec: StageSpec, cluster: Cluster) -> Service | None:
    if spec.service is None:
        return None
    if spec.service not in cluster.services:
        hint = did_you_mean(spec.service, cluster.services) if cluster.services else ""
        raise ClusterError(
            f"'{spec.name}' calls the unknown service '{spec.service}'{hint}",
            source=SourceLine(cluster.file),
        )
    return cluster.services[spec.service]


def _service_usd(service: Service | None, cluster: Cluster, needs_price: bool) -> float | None:
    """Returns the price of one call; a tool of the user's own process has none."""
    if service is None:
        return 0.0
    if service.price_usd is None or "call" not in service.price_usd:
        if not needs_price:
            return None
        raise ClusterError(
            f"service '{service.name}' has no price per call; write price: $0.002/call",
            source=cluster.source(f"services.{service.name}"),
        )
    return service.price_usd["call"]
