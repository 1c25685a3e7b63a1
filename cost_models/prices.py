"""What an hour of a device costs, from what the user declared, and never from anything else.

A stage pays for the seconds that it keeps a device busy. For rented nodes an hour costs what the
provider asks; for owned ones

    usd_per_hour = (capex / amortise + (u * peak_w + (1 - u) * idle_w) * pue * power_price) / u

with u the declared utilisation: idle hours are paid for by the busy ones. A rented node with a
declared utilisation is divided by it in the same way; without one it is billed only while busy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from agentc.cost_models.cluster_form import PriceForm
from agentc.cost_models.strict_yaml import did_you_mean
from agentc.errors import ClusterError, SourceLine

if TYPE_CHECKING:
    from agentc.cost_models.cluster import Cluster
    from agentc.cost_models.device import DeviceClass

_HOUR_S = 3600.0


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared price. Rentals are USD per hour of a node; `amortise_s`, `power_usd_per_j`,
    `pue` and `utilisation` belong to owned ones. `source` is where it is written."""

    source: str
    on_demand_usd_per_hour: float | None = None
    reserved_usd_per_hour: float | None = None
    spot_usd_per_hour: float | None = None
    capex_usd: float | None = None
    amortise_s: float | None = None
    power_usd_per_j: float | None = None
    pue: float = 1.0
    utilisation: float | None = None


def price_of(form: PriceForm, source: str, name: str) -> Price:
    """Returns the record of a declared price. Raises ClusterError when it is half-declared."""
    rental = (form.on_demand, form.reserved, form.spot)
    file, _, line = source.rpartition(":")
    where = SourceLine(file, int(line))
    if form.capex is None and all(price is None for price in rental):
        raise ClusterError(
            f"the price of '{name}' needs on_demand, reserved, spot or capex", source=where
        )
    if form.capex is not None:
        needed = {"amortise": form.amortise, "utilisation": form.utilisation}
        missing = [key for key, value in needed.items() if not value]
        if missing:
            raise ClusterError(
                f"the price of '{name}' has capex, so it also needs '{missing[0]}'"
                f"{' such as 36mo' if missing[0] == 'amortise' else ' such as 0.6'}",
                source=where,
            )
    on_demand, reserved, spot = (None if p is None else p * _HOUR_S for p in rental)
    return Price(
        source,
        on_demand_usd_per_hour=on_demand,
        reserved_usd_per_hour=reserved,
        spot_usd_per_hour=spot,
        capex_usd=form.capex,
        amortise_s=form.amortise,
        power_usd_per_j=form.power_price,
        pue=form.pue,
        utilisation=form.utilisation,
    )


def price_usd_per_hour(cluster: Cluster, device: str) -> float | None:
    """Returns the price of one busy hour of one device, or None when nobody declared it.

    A price declared for the class itself wins; else that of the cheapest usable node that holds
    it, divided by the devices in the node. Raises ClusterError when a node of several device
    classes has one price, which cannot be divided.
    """
    own = cluster.prices.get(device)
    if own is not None:
        return _hourly(own, False, {device: 1}, cluster.devices, device)
    prices = []
    for node in cluster.usable_nodes():
        declared = cluster.prices.get(node.name)
        if declared is None or device not in node.devices:
            continue
        if len(node.devices) > 1:
            first = next(iter(node.devices))
            raise ClusterError(
                f"node '{node.name}' has {len(node.devices)} device classes and one price, which "
                f"cannot be divided; price each class under 'prices', such as {first}",
                source=cluster.source(f"prices.{node.name}"),
            )
        whole = _hourly(declared, node.spot, node.devices, cluster.devices, node.name)
        prices.append(whole / sum(node.devices.values()))
    return min(prices, default=None)


def priced(cluster: Cluster, device: str) -> float:
    """Returns the price of one busy hour of one device. Raises ClusterError when it is unknown:
    unpriced is an error, never zero."""
    price = price_usd_per_hour(cluster, device)
    if price is not None:
        return price
    nodes = [node for node in cluster.usable_nodes() if device in node.devices]
    near = [name for name in cluster.prices if name not in {node.name for node in nodes}]
    names = " or ".join(f"'{node.name}'" for node in nodes)
    hint = did_you_mean(device, near) if len(near) == 1 else ""
    raise ClusterError(
        f"device class '{device}' has no price, which the cost objective needs; write one for "
        f"{names} under 'prices', such as {nodes[0].name}: {{on_demand: $0.50/h}}, or use "
        f"'--objective latency'{hint}",
        source=cluster.source(f"nodes.{nodes[0].name}"),
    )


def _hourly(
    price: Price,
    spot: bool,
    devices: Mapping[str, int],
    classes: Mapping[str, DeviceClass],
    name: str,
) -> float:
    """Returns the price of one busy hour of what `devices` counts."""
    rental = price.spot_usd_per_hour if spot else None
    if rental is None:
        offers = (price.on_demand_usd_per_hour, price.reserved_usd_per_hour)
        rental = next((offer for offer in offers if offer is not None), None)
    if spot and price.spot_usd_per_hour is None and rental is not None:
        raise ClusterError(
            f"'{name}' is a spot node, but its price has no 'spot'", source=_where(price)
        )
    if rental is None and price.capex_usd is None and price.spot_usd_per_hour is not None:
        raise ClusterError(
            f"'{name}' has a spot price only; write 'spot: true' on the node", source=_where(price)
        )
    if rental is not None:
        return rental / (price.utilisation or 1.0)
    return _owned_usd_per_hour(price, devices, classes, name)


def _owned_usd_per_hour(
    price: Price, devices: Mapping[str, int], classes: Mapping[str, DeviceClass], name: str
) -> float:
    assert price.capex_usd is not None
    assert price.amortise_s
    assert price.utilisation
    busy = price.utilisation
    watts = 0.0
    for device, count in devices.items() if price.power_usd_per_j is not None else ():
        power = classes[device].power
        if power is None:
            raise ClusterError(
                f"the price of '{name}' has a power_price, but device class '{device}' has no "
                "power; write power: {idle: 70W, peak: 700W}",
                source=_where(price),
            )
        watts += count * (busy * power.peak_w + (1 - busy) * power.idle_w)
    energy_usd = watts * _HOUR_S * price.pue * (price.power_usd_per_j or 0.0)
    return (price.capex_usd / (price.amortise_s / _HOUR_S) + energy_usd) / busy


def _where(price: Price) -> SourceLine:
    file, _, line = price.source.rpartition(":")
    return SourceLine(file, int(line))
