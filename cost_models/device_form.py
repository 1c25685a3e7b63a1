"""The written form of device classes and links, in catalogue files and in `cluster.yaml` alike.

A catalogue gives every number with source, date and kind; `cluster.yaml` may give it bare, and
its own line is then the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator
from pydantic.json_schema import WithJsonSchema

from agentc.cost_models.device import (
    DeviceClass,
    Efficiency,
    Interval,
    Iree,
    Link,
    Power,
    Provenance,
    canonical_precision,
)
from agentc.cost_models.strict_yaml import (
    Form,
    Quantity,
    Sourced,
    SourcedQuantity,
    did_you_mean,
    parse_provenance,
)
from agentc.cost_models.units import SECONDS, parse_quantity

SPREAD = 0.25
"""Half-width of the interval around an efficiency that is given as one number."""

_INTERVAL_KEYS = ("low", "nominal", "high")


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"expected a fraction above 0 and at most 1, found {value!r}")
    return float(value)


def _seconds(value: object) -> float:
    return parse_quantity(value, SECONDS)


def _interval(value: object, parse: Any, most: float) -> tuple[Interval, Sourced | None]:
    """Reads one number or {low, nominal, high}, with provenance where it is written."""
    if not isinstance(value, Mapping):
        nominal = parse(value)
        return Interval((1 - SPREAD) * nominal, nominal, min((1 + SPREAD) * nominal, most)), None
    missing = [key for key in _INTERVAL_KEYS if key not in value]
    if missing:
        raise ValueError(f"an interval needs low, nominal and high, '{missing[0]}' is missing")
    interval = Interval(*(parse(value[key]) for key in _INTERVAL_KEYS))
    if not interval.low <= interval.nominal <= interval.high:
        raise ValueError("an interval needs low <= nominal <= high")
    if set(value) == set(_INTERVAL_KEYS):
        return interval, None
    return interval, Sourced(interval.nominal, *parse_provenance(value, _INTERVAL_KEYS))


_INTERVAL_SCHEMA = WithJsonSchema({"type": ["number", "string", "object"]})
FractionInterval = Annotated[
    tuple[Interval, Sourced | None],
    PlainValidator(lambda value: _interval(value, _fraction, 1.0)),
    _INTERVAL_SCHEMA,
]
SecondsInterval = Annotated[
    tuple[Interval, Sourced | None],
    PlainValidator(lambda value: _interval(value, _seconds, float("inf"))),
    _INTERVAL_SCHEMA,
]


SourcedBytes = Annotated[Sourced, SourcedQuantity("bytes")]
SourcedBytesPerS = Annotated[Sourced, SourcedQuantity("bytes_per_s")]
SourcedFlopPerS = Annotated[Sourced, SourcedQuantity("flop_per_s")]
SourcedSeconds = Annotated[Sourced, SourcedQuantity("seconds")]
SourcedWatts = Annotated[Sourced, SourcedQuantity("watts")]


class EfficiencyForm(Form):
    """Fractions of the data sheet that programs reach, and the overhead of one call."""

    compute: FractionInterval
    bandwidth: FractionInterval
    launch: SecondsInterval
    source: str = ""


class IreeForm(Form):
    """How IREE is asked to compile."""

    device: str
    arch: str = ""
    features: tuple[str, ...] = ()


class PowerForm(Form):
    """Electrical power of one device."""

    peak: SourcedWatts
    idle: SourcedWatts | None = None


class LoadForm(Form):
    """How fast weights come in."""

    from_host: SourcedBytesPerS | None = None
    from_disk: SourcedBytesPerS | None = None


class ServesForm(Form):
    """An engine that may serve on a class."""

    dtypes: tuple[str, ...]


class DeviceForm(Form):
    """A device class. `like` takes everything that is not written from another class."""

    kind: Literal["cpu", "gpu", "asic"]
    memory: SourcedBytes
    bandwidth: SourcedBytesPerS
    compute: dict[str, SourcedFlopPerS] = {}
    compute_per_core: dict[str, SourcedFlopPerS] = {}
    like: str = ""
    vendor: str = ""
    product: str = ""
    iree: IreeForm | None = None
    cores: int | None = Field(default=None, ge=1)
    usable_memory: float = Field(default=0.9, gt=0, le=1)
    efficiency: EfficiencyForm
    power: PowerForm | None = None
    load: LoadForm = LoadForm()
    serves: dict[str, ServesForm] = {}


class LinkForm(Form):
    """A way between devices. `like` takes everything that is not written from another link."""

    scope: Literal["node", "cluster"]
    bandwidth: SourcedBytesPerS
    latency: SourcedSeconds
    between: tuple[str, str] | None = None
    like: str = ""
    product: str = ""
    price: Annotated[float, Quantity("usd_per_byte")] = 0.0


def provenance_of(number: Sourced, written_at: str) -> Provenance:
    """Returns the provenance of a number; without one the place where it is written."""
    return Provenance(number.source or written_at, number.date, number.kind)


def device_class(name: str, form: DeviceForm, written_at: str) -> DeviceClass:
    """Returns the record of a device class. Raises ValueError for an unknown precision, for rates
    per core without a number of cores, and for a rate of zero."""
    peaks, sources = _peaks(form, written_at)
    for field, number in (("memory", form.memory), ("bandwidth", form.bandwidth)):
        sources[field] = provenance_of(number, written_at)
        if number.value <= 0:
            raise ValueError(f"{field} must be above zero")
    load = form.load
    return DeviceClass(
        name=name,
        kind=form.kind,
        vendor=form.vendor,
        product=form.product,
        memory_bytes=form.memory.value,
        bandwidth_bytes_per_s=form.bandwidth.value,
        peak_flop_per_s=peaks,
        efficiency=_efficiency(form.efficiency, written_at),
        iree=Iree(form.iree.device, form.iree.arch, form.iree.features) if form.iree else None,
        cores=form.cores,
        usable_memory=form.usable_memory,
        power=_power(form.power),
        load_from_host_bytes_per_s=load.from_host.value if load.from_host else None,
        load_from_disk_bytes_per_s=load.from_disk.value if load.from_disk else None,
        serves={engine: served.dtypes for engine, served in form.serves.items()},
        provenance=sources,
    )


def _peaks(form: DeviceForm, written_at: str) -> tuple[dict[str, float], dict[str, Provenance]]:
    """Returns peak rates by canonical precision and their provenance, whole-device ones first."""
    peaks: dict[str, float] = {}
    sources: dict[str, Provenance] = {}
    if form.compute_per_core and form.cores is None:
        raise ValueError("compute_per_core needs 'cores'")
    for rates, factor in ((form.compute, 1), (form.compute_per_core, form.cores or 1)):
        for written, number in rates.items():
            precision = canonical_precision(written)
            if precision is None:
                known = ("fp32", "fp16", "bf16", "fp8", "fp4", "int8", "int4")
                raise ValueError(f"unknown precision '{written}'{did_you_mean(written, known)}")
            if number.value <= 0:
                raise ValueError(f"the compute rate of {written} must be above zero")
            if precision not in peaks:
                peaks[precision] = factor * number.value
                sources[f"compute.{precision}"] = provenance_of(number, written_at)
    if not peaks:
        raise ValueError("a device class needs at least one compute rate")
    return peaks, sources


def _efficiency(form: EfficiencyForm, written_at: str) -> Efficiency:
    (compute, source), (bandwidth, _), (launch, _) = form.compute, form.bandwidth, form.launch
    if source is not None:
        provenance = Provenance(source.source, source.date, source.kind)
    else:
        kind = "measured" if form.source.startswith("measured:") else "declared"
        provenance = Provenance(form.source or written_at, "", kind)
    return Efficiency(compute, bandwidth, launch, provenance)


def _power(form: PowerForm | None) -> Power | None:
    if form is None:
        return None
    return Power((form.idle or form.peak).value, form.peak.value)


def link(name: str, form: LinkForm, written_at: str) -> Link:
    """Returns the record of a link. Raises ValueError for a bandwidth of zero."""
    if form.bandwidth.value <= 0:
        raise ValueError("bandwidth must be above zero")
    return Link(
        name=name,
        scope=form.scope,
        bytes_per_s=form.bandwidth.value,
        latency_s=form.latency.value,
        between=form.between,
        price_usd_per_byte=form.price,
        provenance={
            "bandwidth": provenance_of(form.bandwidth, written_at),
            "latency": provenance_of(form.latency, written_at),
        },
    )
