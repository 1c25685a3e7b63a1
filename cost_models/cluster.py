"""A fleet: what `cluster.yaml` says, checked and in SI units.

    cluster = load_cluster("cluster.yaml")
    cluster.devices["h100-sxm"].memory_bytes

Hardware and prices only. Every cross-reference is resolved, every number has a source; what the
file does not say stays None ("unknown"), and is never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentc.cost_models.catalogue import Catalogue, Entry, load_catalogue
from agentc.cost_models.cluster_form import ClusterForm, LatencyForm, ServiceForm, cluster_schema
from agentc.cost_models.device import DeviceClass, Link
from agentc.cost_models.device_form import DeviceForm, LinkForm, device_class, link
from agentc.cost_models.prices import Price, price_of
from agentc.cost_models.strict_yaml import did_you_mean, line_of, read_yaml, validated
from agentc.errors import ClusterError, SourceLine
from agentc.plan import Distribution

__all__ = ["Cluster", "KvTier", "Node", "Service", "cluster_schema", "load_cluster"]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all records: immutable, and an unknown field is an error."""


class Node(_Record):
    """A kind of machine. `devices` counts devices by class in one node, `host` is the class of its
    CPU when that is not among them, `network` the link that leaves it."""

    name: str
    count_min: int
    count_max: int
    devices: dict[str, int]
    spot: bool = False
    host: str | None = None
    network: str | None = None

    def classes(self) -> set[str]:
        """Returns the device classes in this node, its host included."""
        return {*self.devices} | ({self.host} if self.host else set())


class KvTier(_Record):
    """A place where KV pages may wait. Not used by the planner of this version."""

    name: str
    on: str | None = None
    capacity_bytes: float | None = None
    via: str | None = None
    read_bytes_per_s: float | None = None
    write_bytes_per_s: float | None = None


class Service(_Record):
    """Something that is called. `price_usd` is by what is billed ("call", or "input", "cached",
    "output" per token); None is unpriced."""

    name: str
    kind: str
    price_usd: dict[str, float] | None = None
    latency: Distribution | None = None
    ttft: Distribution | None = None
    tpot: Distribution | None = None
    requests_per_min: float | None = None
    tokens_per_min: float | None = None


class Cluster(_Record):
    """A fleet. `prices` are by node or device class; `any_of` restricts the node kinds in use;
    `catalogue_sha256` pins what `extends` brought in. `lines` gives places for messages."""

    name: str
    file: str
    devices: dict[str, DeviceClass]
    nodes: dict[str, Node]
    links: dict[str, Link]
    kv_tiers: tuple[KvTier, ...] = ()
    services: dict[str, Service] = {}
    prices: dict[str, Price] = {}
    max_hourly_usd: float | None = None
    any_of: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    catalogue_sha256: str = ""
    lines: dict[str, int] = {}

    def source(self, key: str) -> SourceLine:
        """Returns the place of "nodes.gpu-box", "limits.max_hourly_cost" and the like."""
        return SourceLine(self.file, self.lines.get(key, 0))

    def usable_nodes(self) -> list[Node]:
        """Returns the kinds of node that plans may use."""
        return [n for n in self.nodes.values() if not self.any_of or n.name in self.any_of]

    def available(self) -> dict[str, int]:
        """Returns how many devices of each class plans may use at most."""
        counts: dict[str, int] = {}
        for node in self.usable_nodes():
            for name, count in node.devices.items():
                counts[name] = counts.get(name, 0) + count * node.count_max
        return counts


def load_cluster(path: str | Path, text: str | None = None) -> Cluster:
    """Reads `cluster.yaml` (or `text`, in the place of the file's content).

    Raises ClusterError, with file and line, for anything that is not exactly cluster/v1.
    """
    path = Path(path)
    root = read_yaml(path, text)
    catalogue = _catalogue(root, path)
    merged = dict(root)
    for section, entries in (("device_classes", catalogue.devices), ("links", catalogue.links)):
        if isinstance(root.get(section), Mapping):
            merged[section] = _completed(root, section, entries, path)
    form = validated(ClusterForm, merged, root, str(path))
    _check_references(form, catalogue, root, str(path))
    return _record(form, catalogue, root, str(path))


def _catalogue(root: Mapping[str, Any], path: Path) -> Catalogue:
    names = root.get("extends", ())
    if not isinstance(names, Sequence) or isinstance(names, str):
        where = SourceLine(str(path), line_of(root, ["extends"]))
        raise ClusterError("extends is a list such as [catalog:nvidia/2026-11]", source=where)
    try:
        return load_catalogue(tuple(str(name) for name in names), path.parent)
    except ClusterError as error:
        if error.source is not None:
            raise
        where = SourceLine(str(path), line_of(root, ["extends"]))
        raise ClusterError(error.message, source=where) from None


def _completed(
    root: Mapping[str, Any], section: str, entries: Mapping[str, Entry], path: Path
) -> dict[str, Any]:
    """Fills each entry of a section from the catalogue entry it is `like`, or is named for."""
    done: dict[str, Any] = {}
    for name, own in root[section].items():
        base = own.get("like") if isinstance(own, Mapping) else None
        if base is not None and base not in entries:
            where = SourceLine(str(path), line_of(root, [section, name, "like"]))
            known = did_you_mean(str(base), entries) if entries else "; write 'extends' first"
            raise ClusterError(
                f"'{base}' is in no catalogue that this file extends{known}", source=where
            )
        entry = entries.get(base or name)
        done[str(name)] = _merged(entry.data, own) if entry and isinstance(own, Mapping) else own
    return done


def _merged(base: Any, own: Any) -> Any:
    """Returns `base` with what `own` says put over it, key by key; a number with its source, an
    interval and an efficiency are replaced as a whole."""
    atomic = {"value", "low"}
    both = isinstance(base, Mapping) and isinstance(own, Mapping)
    if not both or atomic & {*base} or atomic & {*own}:
        return own
    return {**base, **{k: _merged(base[k], v) if k in base else v for k, v in own.items()}}


def _check_references(
    form: ClusterForm, catalogue: Catalogue, root: Mapping[str, Any], file: str
) -> None:
    """Every name that the file uses must be defined in it, or in a catalogue it extends."""
    classes = {*form.device_classes, *catalogue.devices}
    links = {*form.links, *catalogue.links}

    def need(name: str | None, known: Iterable[str], what: str, place: Sequence[int | str]) -> None:
        known = {*known}
        if name is not None and name not in known:
            hint = did_you_mean(name, known) if known else ""
            where = SourceLine(file, line_of(root, place))
            raise ClusterError(f"unknown {what} '{name}'{hint}", source=where)

    for name, node in form.nodes.items():
        for device in node.devices:
            need(device, classes, "device class", ["nodes", name, "devices", device])
        need(node.host, classes, "device class", ["nodes", name, "host"])
        need(node.network, links, "link", ["nodes", name, "network"])
    for name, joint in form.links.items():
        for device in joint.between or ():
            need(device, classes, "device class", ["links", name, "between"])
    for index, tier in enumerate(form.kv_tiers):
        need(tier.on, classes, "device class", ["kv_tiers", index, "on"])
        need(tier.via, links, "link", ["kv_tiers", index, "via"])
    for name in form.prices:
        need(name, {*form.nodes, *classes}, "node or device class", ["prices", name])
    for name in form.limits.any_of:
        need(name, form.nodes, "node", ["limits", "any_of"])


def _record(form: ClusterForm, catalogue: Catalogue, root: Mapping[str, Any], file: str) -> Cluster:
    devices = _devices(form, catalogue, root, file)
    nodes = {
        name: Node(name, *n.count, n.devices, n.spot, n.host, n.network)
        for name, n in form.nodes.items()
    }
    places = [(s, name) for s in root if isinstance(root[s], Mapping) for name in root[s]]
    return Cluster(
        name=form.name,
        file=file,
        devices=devices,
        nodes=nodes,
        links=_links(form, catalogue, root, file),
        kv_tiers=tuple(KvTier(*t.model_dump().values()) for t in form.kv_tiers),
        services={name: _service(name, s) for name, s in form.services.items()},
        prices={
            name: price_of(p, f"{file}:{line_of(root, ['prices', name])}", name)
            for name, p in form.prices.items()
        },
        max_hourly_usd=_per_hour(form.limits.max_hourly_cost),
        any_of=form.limits.any_of,
        extends=form.extends,
        catalogue_sha256=catalogue.sha256 if form.extends else "",
        lines={f"{section}.{name}": line_of(root, [section, name]) for section, name in places},
    )


def _per_hour(usd_per_s: float | None) -> float | None:
    return None if usd_per_s is None else usd_per_s * 3600


def _devices(
    form: ClusterForm, catalogue: Catalogue, root: Mapping[str, Any], file: str
) -> dict[str, DeviceClass]:
    """Returns the classes that the file defines or its nodes use."""
    used = {name for node in form.nodes.values() for name in {*node.devices, node.host} if name}
    forms = dict(form.device_classes)
    for name in sorted(used - {*forms}):
        forms[name] = DeviceForm.model_validate(catalogue.devices[name].data)
    found = {}
    for name, own in forms.items():
        where = SourceLine(file, line_of(root, ["device_classes", name]))
        try:
            found[name] = device_class(name, own, str(where))
        except ValueError as error:
            raise ClusterError(f"device class '{name}': {error}", source=where) from None
    return found


def _links(
    form: ClusterForm, catalogue: Catalogue, root: Mapping[str, Any], file: str
) -> dict[str, Link]:
    """Returns the links that the file defines or its nodes name."""
    used = {node.network for node in form.nodes.values() if node.network}
    forms = dict(form.links)
    for name in sorted(used - {*forms}):
        forms[name] = LinkForm.model_validate(catalogue.links[name].data)
    found = {}
    for name, own in forms.items():
        where = SourceLine(file, line_of(root, ["links", name]))
        try:
            found[name] = link(name, own, str(where))
        except ValueError as error:
            raise ClusterError(f"link '{name}': {error}", source=where) from None
    for name in used:
        if found[name].scope != "cluster":
            where = SourceLine(file, line_of(root, ["links", name]))
            raise ClusterError(
                f"link '{name}' leaves a node, so its scope must be cluster", source=where
            )
    return found


def _service(name: str, form: ServiceForm) -> Service:
    return Service(
        name=name,
        kind=form.kind,
        price_usd=form.price,
        latency=_distribution(form.latency),
        ttft=_distribution(form.ttft),
        tpot=_distribution(form.tpot),
        requests_per_min=form.limits.rpm,
        tokens_per_min=form.limits.tpm,
    )


def _distribution(form: LatencyForm | None) -> Distribution | None:
    if form is None:
        return None
    if form.p95 is None or form.p95 <= form.p50:
        return Distribution("constant", (form.p50,))
    return Distribution("lognormal", (form.p50, form.p95))
