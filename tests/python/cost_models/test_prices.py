"""What an hour costs comes from what the user declared, and from nothing else."""

from __future__ import annotations

import pytest

from agentc.cost_models.cluster import Cluster, load_cluster
from agentc.cost_models.prices import price_usd_per_hour, priced
from agentc.errors import ClusterError

HEAD = """\
agentc: cluster/v1
name: x
extends: [catalog:2026-11]
device_classes:
  cpu: {like: epyc-9654, power: {idle: 100W, peak: 400W}}
nodes:
"""


def _cluster(nodes: str, prices: str) -> Cluster:
    return load_cluster("c.yaml", HEAD + nodes + "prices:\n" + prices)


def _price(nodes: str, prices: str, device: str = "l4") -> float | None:
    return price_usd_per_hour(_cluster(nodes, prices), device)


EIGHT = "  box: {count: 1, devices: {l4: 8}}\n"


def test_a_rented_node_is_shared_by_its_devices() -> None:
    """$24 an hour for eight."""
    assert _price(EIGHT, "  box: {on_demand: $24/h}\n") == pytest.approx(3.0)


def test_idle_hours_are_paid_for_by_busy_ones() -> None:
    """At a utilisation of one half a busy hour costs twice."""
    price = "  box: {on_demand: $24/h, utilisation: 0.5}\n"
    assert _price(EIGHT, price) == pytest.approx(6.0)


def test_zero_is_a_price_only_when_it_is_written() -> None:
    """Owned and written off: the user says so."""
    assert _price(EIGHT, "  box: {on_demand: $0/h}\n") == 0.0


def test_owned_hardware_by_hand() -> None:
    """$9000 over 36 months, 60 % busy at 400 W and else 100 W, PUE 1.3, $0.12 a kWh."""
    price = (
        "  box: {capex: $9000, amortise: 36mo, utilisation: 0.6, "
        "power_price: $0.12/kWh, pue: 1.3}\n"
    )
    hours = 3 * 365.25 * 24
    energy = (0.6 * 400 + 0.4 * 100) / 1000 * 1.3 * 0.12
    expected = (9000 / hours + energy) / 0.6
    nodes = "  box: {count: 2, devices: {cpu: 1}}\n"
    assert _price(nodes, price, "cpu") == pytest.approx(expected)


def test_a_price_of_the_class_wins_and_the_cheapest_node_else() -> None:
    """Two kinds of node hold the class; any_of may take one away."""
    nodes = EIGHT + "  pod: {count: 1, devices: {l4: 2}}\n"
    both = "  box: {on_demand: $24/h}\n  pod: {on_demand: $4/h}\n"
    assert _price(nodes, both) == pytest.approx(2.0)
    assert _price(nodes, both + "  l4: {on_demand: $1.5/h}\n") == pytest.approx(1.5)
    assert _price(nodes, both + "limits: {any_of: [box]}\n") == pytest.approx(3.0)


def test_spot_nodes_take_spot_prices() -> None:
    """And a node that is not spot does not."""
    spot = "  box: {count: 1, spot: true, devices: {l4: 8}}\n"
    price = "  box: {on_demand: $24/h, spot: $8/h}\n"
    assert _price(spot, price) == pytest.approx(1.0)
    assert _price(EIGHT, price) == pytest.approx(3.0)
    with pytest.raises(ClusterError, match="is a spot node, but its price has no 'spot'"):
        _price(spot, "  box: {on_demand: $24/h}\n")
    with pytest.raises(ClusterError, match="write 'spot: true' on the node"):
        _price(EIGHT, "  box: {spot: $8/h}\n")


def test_unpriced_is_an_error_that_says_what_to_write() -> None:
    """Never zero, and nothing from the catalogue."""
    cluster = _cluster(EIGHT, "  epyc-9654: {on_demand: $1/h}\n")
    assert price_usd_per_hour(cluster, "l4") is None
    with pytest.raises(ClusterError) as caught:
        priced(cluster, "l4")
    message = str(caught.value)
    assert message.startswith("c.yaml:7: device class 'l4' has no price")
    assert "box: {on_demand: $0.50/h}" in message
    assert "--objective latency" in message


def test_a_mixed_node_needs_a_price_for_each_class() -> None:
    """One price cannot be divided between a GPU and a CPU."""
    mixed = "  box: {count: 1, devices: {l4: 4, cpu: 1}}\n"
    with pytest.raises(ClusterError, match="which cannot be divided; price each class"):
        _price(mixed, "  box: {on_demand: $9/h}\n")
    each = "  l4: {on_demand: $2/h}\n  cpu: {on_demand: $1/h}\n"
    assert _price(mixed, each) == pytest.approx(2.0)


def test_a_power_price_needs_the_power() -> None:
    """A device class of the user's own, without power."""
    text = HEAD + (
        "  box: {count: 1, devices: {mine: 1}}\n"
        "prices:\n"
        "  box: {capex: $100, amortise: 12mo, utilisation: 1.0, power_price: $0.2/kWh}\n"
    )
    mine = (
        "  mine: {kind: cpu, memory: 8GiB, bandwidth: 20GB/s, compute: {fp32: 1TFLOP/s}, "
        "efficiency: {compute: 0.5, bandwidth: 0.5, launch: 10us}}\n"
    )
    text = text.replace("nodes:\n", mine + "nodes:\n", 1)
    with pytest.raises(ClusterError, match="device class 'mine' has no power"):
        price_usd_per_hour(load_cluster("c.yaml", text), "mine")
