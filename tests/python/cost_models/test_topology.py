"""From nodes and links to pairs of device classes, and what a move between them takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.cost_models.cluster import load_cluster
from agentc.cost_models.problem import ORCHESTRATOR, LinkSpec
from agentc.cost_models.topology import pair_links
from agentc.cost_models.transfer import FREE, LinkTable, transfer_seconds

HEAD = "agentc: cluster/v1\nname: x\nextends: [catalog:2026-11]\n"


def _links(text: str) -> dict[tuple[str, str], dict[str, LinkSpec]]:
    found: dict[tuple[str, str], dict[str, LinkSpec]] = {}
    for spec in pair_links(load_cluster("c.yaml", HEAD + text)):
        found.setdefault(spec.between, {})[spec.name] = spec
    return found


def test_devices_of_a_node_use_its_links() -> None:
    """A link that names other classes does not join these."""
    found = _links(
        "nodes: {box: {count: 1, devices: {l4: 1, epyc-9654: 1}}}\n"
        "links:\n"
        "  pcie: {scope: node, between: [epyc-9654, l4], bandwidth: 32GB/s, latency: 10us}\n"
        "  other: {scope: node, between: [l4, l40s], bandwidth: 99GB/s, latency: 1us}\n"
    )
    assert list(found) == [("epyc-9654", "l4")]
    assert list(found["epyc-9654", "l4"]) == ["pcie"]


def test_two_devices_without_a_link_go_through_the_host() -> None:
    """Store and forward: the times of both hops add up, for every size."""
    found = _links(
        "nodes: {box: {count: 1, devices: {l4: 1, l40s: 1}, host: epyc-9654}}\n"
        "links:\n"
        "  a: {scope: node, between: [epyc-9654, l4], bandwidth: 30GB/s, latency: 10us}\n"
        "  b: {scope: node, between: [epyc-9654, l40s], bandwidth: 60GB/s, latency: 5us}\n"
    )
    through = found["l4", "l40s"]["a+b"]
    direct = [
        transfer_seconds(6e8, found[pair][n])
        for pair, n in ((("epyc-9654", "l4"), "a"), (("epyc-9654", "l40s"), "b"))
    ]
    assert transfer_seconds(6e8, through) == pytest.approx(sum(direct))


def test_nodes_are_joined_by_the_links_that_leave_them() -> None:
    """Where the two differ, the slower rate and both latencies; one kind of node needs two."""
    text = (
        "nodes:\n"
        "  a: {count: 1, devices: {l4: 1}, network: fast}\n"
        "  b: {count: 1, devices: {l40s: 1}, network: slow}\n"
        "  c: {count: 2, devices: {h100-sxm: 4, h100-pcie: 4}, network: fast}\n"
        "  d: {count: 1, devices: {mi300x: 4, gaudi3: 4}, network: fast}\n"
        "links:\n"
        "  fast: {scope: cluster, bandwidth: 50GB/s, latency: 8us}\n"
        "  slow: {scope: cluster, bandwidth: 3GB/s, latency: 60us, price: $0.01/GB}\n"
    )
    found = _links(text)
    joined = found["l4", "l40s"]["fast+slow"]
    assert joined.bytes_per_s == 3e9
    assert joined.latency_s == pytest.approx(68e-6)
    assert joined.price_usd_per_byte == pytest.approx(1e-11)
    assert found["h100-sxm", "l4"]["fast"].latency_s == pytest.approx(8e-6)
    assert ("h100-pcie", "h100-sxm") in found
    assert ("gaudi3", "mi300x") not in found


def test_without_a_network_there_is_no_way() -> None:
    """Not a slow default: none."""
    assert (
        _links("nodes:\n  a: {count: 1, devices: {l4: 1}}\n  b: {count: 1, devices: {l40s: 1}}\n")
        == {}
    )


@given(st.floats(0, 1e12), st.floats(1e6, 1e12), st.floats(0, 1))
def test_a_move_takes_latency_and_bytes(size: float, rate: float, latency: float) -> None:
    """The formula, both directions alike, and never free between classes."""
    table = LinkTable([LinkSpec("l", ("a", "b"), rate, latency, 1e-9)])
    there, back = table.transfer(size, "a", "b"), table.transfer(size, "b", "a")
    assert there == back
    assert there is not None
    assert there.seconds == pytest.approx(latency + size / rate)
    assert there.usd == pytest.approx(size * 1e-9)


def test_the_quickest_link_for_the_size_wins() -> None:
    """A small message takes the low latency, a large one the bandwidth."""
    links = [LinkSpec("wide", ("a", "b"), 1e10, 1e-3), LinkSpec("near", ("a", "b"), 1e8, 1e-6)]
    table = LinkTable(links)
    small, large = table.transfer(10, "a", "b"), table.transfer(1e9, "b", "a")
    assert small is not None
    assert large is not None
    assert (small.link, large.link) == ("near", "wide")


def test_what_does_not_move_is_free_and_what_cannot_is_none() -> None:
    """One class, the orchestrator, and two classes without a link."""
    table = LinkTable([])
    assert table.transfer(1e9, "a", "a") == FREE
    assert table.transfer(1e9, ORCHESTRATOR, "a") == FREE
    assert table.transfer(1e9, "a", ORCHESTRATOR) == FREE
    assert table.transfer(0, "a", "b") is None
