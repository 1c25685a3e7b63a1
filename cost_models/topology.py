"""Which device classes can reach each other, and how fast: from nodes and links to pairs.

Inside a node: a link of scope "node" that joins the two classes, or two such links through the
host (store and forward). Between nodes: the links that leave them; where they differ the slower
one bounds the rate and both latencies are paid.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from agentc.cost_models.cluster import Cluster, Node
from agentc.cost_models.device import Link
from agentc.cost_models.problem import LinkSpec


def pair_links(cluster: Cluster) -> tuple[LinkSpec, ...]:
    """Returns every way between two different device classes of the usable nodes."""
    found: dict[tuple[str, str, str], LinkSpec] = {}
    nodes = cluster.usable_nodes()
    specs = itertools.chain(
        (spec for node in nodes for spec in _inside(cluster, node)),
        (spec for pair in itertools.product(nodes, repeat=2) for spec in _between(cluster, *pair)),
    )
    for spec in specs:
        found.setdefault((*spec.between, spec.name), spec)
    return tuple(found[key] for key in sorted(found))


def _inside(cluster: Cluster, node: Node) -> Iterator[LinkSpec]:
    local = [link for link in cluster.links.values() if link.scope == "node"]
    classes = sorted(node.classes())
    direct: dict[tuple[str, str], list[LinkSpec]] = {}
    for first, second in itertools.combinations(classes, 2):
        fits = [link for link in local if _joins(link, first, second)]
        direct[first, second] = [_spec(link, first, second) for link in fits]
        yield from direct[first, second]
    for first, second in direct:
        if direct[first, second] or node.host in (None, first, second):
            continue
        hops = [direct[tuple(sorted((end, str(node.host))))] for end in (first, second)]  # type: ignore[index]
        for one, two in itertools.product(*hops):
            yield _through_host(one, two, first, second)


def _between(cluster: Cluster, first: Node, second: Node) -> Iterator[LinkSpec]:
    if first.network is None or second.network is None:
        return
    if first is second and first.count_max < 2:
        return
    one, two = cluster.links[first.network], cluster.links[second.network]
    for a, b in itertools.product(sorted(first.devices), sorted(second.devices)):
        if a < b and all(link.between is None or _joins(link, a, b) for link in (one, two)):
            yield _spec(one, a, b) if one is two else _chained(one, two, a, b)


def _joins(link: Link, first: str, second: str) -> bool:
    return link.between is None or {*link.between} == {first, second}


def _spec(link: Link, first: str, second: str) -> LinkSpec:
    return LinkSpec(
        link.name, (first, second), link.bytes_per_s, link.latency_s, link.price_usd_per_byte
    )


def _chained(one: Link, two: Link, first: str, second: str) -> LinkSpec:
    """Two links in a row, cut through: the slower rate, both latencies."""
    return LinkSpec(
        "+".join(sorted((one.name, two.name))),
        (first, second),
        min(one.bytes_per_s, two.bytes_per_s),
        one.latency_s + two.latency_s,
        one.price_usd_per_byte + two.price_usd_per_byte,
    )


def _through_host(one: LinkSpec, two: LinkSpec, first: str, second: str) -> LinkSpec:
    """Two links through host memory, store and forward: the times add up."""
    return LinkSpec(
        f"{one.name}+{two.name}",
        (first, second),
        1 / (1 / one.bytes_per_s + 1 / two.bytes_per_s),
        one.latency_s + two.latency_s,
        one.price_usd_per_byte + two.price_usd_per_byte,
    )
