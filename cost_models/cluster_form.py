"""The written form of `cluster.yaml` (cluster/v1): hardware and prices only.

SLA, budget and load belong to the graph. `python -m json.tool` of `cluster_schema()` gives the
JSON schema that editors complete from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator
from pydantic.json_schema import WithJsonSchema

from agentc.cost_models.device_form import DeviceForm, LinkForm
from agentc.cost_models.strict_yaml import Form, Quantity, did_you_mean
from agentc.cost_models.units import (
    USD_PER_CALL,
    USD_PER_TOKEN,
    parse_count,
    parse_quantity,
)

Seconds = Annotated[float, Quantity("seconds")]
Bytes = Annotated[float, Quantity("bytes")]
BytesPerS = Annotated[float, Quantity("bytes_per_s")]
UsdPerS = Annotated[float, Quantity("usd_per_s")]
Count = Annotated[
    float, PlainValidator(parse_count), WithJsonSchema({"type": ["integer", "string"]})
]


def _node_count(value: object) -> tuple[int, int]:
    """Reads `2` or `{min: 0, max: 12}` as (min, max)."""
    low: Any = value
    high: Any = value
    if isinstance(value, Mapping):
        if set(value) != {"min", "max"}:
            raise ValueError("a count is a number or {min: 0, max: 12}")
        low, high = value["min"], value["max"]
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int) or end < 0:
            raise ValueError(f"a count is a whole number of nodes, found {end!r}")
    if low > high or high == 0:
        raise ValueError(f"a count needs min <= max and max >= 1, found min {low}, max {high}")
    return int(low), int(high)


def _service_price(value: object) -> dict[str, float]:
    """Reads "$0.002/call" or {input: $2/Mtok, cached: .., output: ..} as USD by what is billed."""
    if not isinstance(value, Mapping):
        return {"call": parse_quantity(value, USD_PER_CALL)}
    known = {"input", "cached", "output", "call"}
    for key in value:
        if key not in known:
            raise ValueError(f"unknown key '{key}'{did_you_mean(str(key), known)}")
    return {
        str(key): parse_quantity(text, USD_PER_CALL if key == "call" else USD_PER_TOKEN)
        for key, text in value.items()
    }


_COUNT_SCHEMA = {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["min", "max"]}]}
_PRICE_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "object"}]}
NodeCount = Annotated[tuple[int, int], PlainValidator(_node_count), WithJsonSchema(_COUNT_SCHEMA)]
ServicePrice = Annotated[
    dict[str, float], PlainValidator(_service_price), WithJsonSchema(_PRICE_SCHEMA)
]


class NodeForm(Form):
    """A kind of machine: how many there are, the devices in one, and the link out of it."""

    count: NodeCount
    devices: dict[str, Annotated[int, Field(ge=1)]]
    spot: bool = False
    host: str | None = None
    network: str | None = None


class KvTierForm(Form):
    """A place for KV pages: device memory (`on`), host memory (`via` a link) or a disk."""

    name: str
    on: str | None = None
    capacity: Bytes | None = None
    via: str | None = None
    read: BytesPerS | None = None
    write: BytesPerS | None = None


class LatencyForm(Form):
    """Percentiles of a latency: p50 and p95 make a lognormal, p50 alone a constant."""

    p50: Seconds
    p95: Seconds | None = None


class RateLimitsForm(Form):
    """Requests and tokens per minute that a service allows."""

    rpm: Count | None = None
    tpm: Count | None = None


class ServiceForm(Form):
    """Something that is called, not hosted. Without `price` it cannot be used under a cost
    objective."""

    kind: Literal["llm-api", "mcp", "http"]
    price: ServicePrice | None = None
    latency: LatencyForm | None = None
    ttft: LatencyForm | None = None
    tpot: LatencyForm | None = None
    limits: RateLimitsForm = RateLimitsForm()


class PriceForm(Form):
    """What one node (or one device of a class) costs: rented by the hour, or owned."""

    on_demand: UsdPerS | None = None
    reserved: UsdPerS | None = None
    spot: UsdPerS | None = None
    capex: Annotated[float, Quantity("usd")] | None = None
    amortise: Seconds | None = None
    power_price: Annotated[float, Quantity("usd_per_j")] | None = None
    pue: float = Field(default=1.0, ge=1)
    utilisation: float | None = Field(default=None, gt=0, le=1)


class LimitsForm(Form):
    """Limits of the fleet: money per hour, and which kinds of node may be used."""

    max_hourly_cost: UsdPerS | None = None
    any_of: tuple[str, ...] = ()


class ClusterForm(Form):
    """`cluster.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="cluster/v1")

    agentc: Literal["cluster/v1"]
    name: str
    extends: tuple[str, ...] = ()
    currency: Literal["USD"] = "USD"
    device_classes: dict[str, DeviceForm] = {}
    nodes: dict[str, NodeForm]
    links: dict[str, LinkForm] = {}
    kv_tiers: tuple[KvTierForm, ...] = ()
    services: dict[str, ServiceForm] = {}
    prices: dict[str, PriceForm] = {}
    limits: LimitsForm = LimitsForm()


def cluster_schema() -> dict[str, Any]:
    """Returns the JSON schema of `cluster.yaml`. Entries of `device_classes` and `links` that
    carry `like`, or the name of a catalogue entry, may leave out what that entry gives."""
    schema = ClusterForm.model_json_schema()
    for name in ("DeviceForm", "LinkForm"):
        schema["$defs"][name].pop("required", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
