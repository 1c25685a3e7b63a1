"""The shipped catalogue of devices and links: one YAML file each, every number with unit, source,
date and kind. What has no source does not load.

`catalog:2026-11` names a version, `catalog:nvidia/2026-11` one folder of it. A user's own device
is one more file of the same form, or a folder of them, named by its path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentc.cost_models.device import DeviceClass, Link
from agentc.cost_models.device_form import DeviceForm, LinkForm, device_class, link
from agentc.cost_models.strict_yaml import did_you_mean, line_of, read_yaml, validated
from agentc.errors import ClusterError, SourceLine

ROOT = Path(__file__).parent
PREFIX = "catalog:"

_HEADERS = {"device/v1": "device", "link/v1": "link"}


@dataclass(frozen=True)
class Entry:
    """One catalogue file: `kind` is "device" or "link", `data` its keys without the header."""

    name: str
    kind: str
    data: Mapping[str, Any]
    file: str


@dataclass(frozen=True)
class Catalogue:
    """Entries by name, and the hash of the bytes they were read from."""

    devices: dict[str, Entry]
    links: dict[str, Entry]
    sha256: str


def load_catalogue(names: tuple[str, ...], base: Path = ROOT) -> Catalogue:
    """Reads the catalogues that `extends` names; later entries replace earlier ones.

    Paths are relative to `base`. Raises ClusterError for an unknown catalogue and for an entry
    that is malformed or lacks a source.
    """
    digest = hashlib.sha256()
    devices: dict[str, Entry] = {}
    links: dict[str, Entry] = {}
    for path in (path for name in names for path in _files_of(name, base)):
        digest.update(path.read_bytes())
        entry = _read_entry(path)
        (devices if entry.kind == "device" else links)[entry.name] = entry
    return Catalogue(devices, links, digest.hexdigest())


def versions() -> list[str]:
    """Returns the names of the shipped catalogues: "2026-11", "nvidia/2026-11", ..."""
    found = []
    for version in sorted(path for path in ROOT.iterdir() if path.is_dir() and path.name[0] == "2"):
        folders = sorted(path.name for path in version.iterdir() if path.is_dir())
        found += [version.name, *(f"{folder}/{version.name}" for folder in folders)]
    return found


def _files_of(name: str, base: Path) -> Iterator[Path]:
    if not name.startswith(PREFIX):
        path = base / name
        if not path.exists():
            raise ClusterError(
                f"no catalogue at '{name}'; write '{PREFIX}2026-11' or the path of an entry"
            )
        yield from sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        return
    wanted = name.removeprefix(PREFIX)
    if wanted not in versions():
        raise ClusterError(f"unknown catalogue '{name}'{did_you_mean(wanted, versions())}")
    folder, _, version = wanted.rpartition("/")
    yield from sorted((ROOT / version / folder).rglob("*.yaml"))


def _read_entry(path: Path) -> Entry:
    """Reads and checks one entry: it must be complete and every number sourced."""
    root = read_yaml(path)
    kind = _HEADERS.get(str(root.get("agentc", "")))
    if kind is None or not isinstance(root.get("name"), str):
        raise ClusterError(
            "a catalogue entry starts with 'agentc: device/v1' or 'agentc: link/v1' and a 'name'",
            source=SourceLine(str(path), 1),
        )
    data = {key: value for key, value in root.items() if key not in ("agentc", "name")}
    entry = Entry(root["name"], kind, data, str(path))
    _check_entry(entry, root)
    return entry


def _check_entry(entry: Entry, root: Mapping[str, Any]) -> None:
    try:
        if entry.kind == "device":
            record = device_class(
                entry.name, validated(DeviceForm, entry.data, root, entry.file), entry.file
            )
            sources = {**record.provenance, "efficiency": record.efficiency.provenance}
        else:
            form = validated(LinkForm, entry.data, root, entry.file)
            sources = link(entry.name, form, entry.file).provenance
    except ValueError as error:
        raise ClusterError(str(error), source=SourceLine(entry.file, 1)) from None
    for field, provenance in sources.items():
        if provenance.kind == "declared" or not provenance.date:
            where = SourceLine(entry.file, line_of(root, field.split(".")))
            raise ClusterError(
                f"'{field}' has no source, date and kind; an entry without them does not load",
                source=where,
            )


def all_devices(version: str) -> dict[str, DeviceClass]:
    """Returns every device class of a shipped version as a record, for `agentc target show`."""
    entries = load_catalogue((PREFIX + version,)).devices
    return {
        name: device_class(name, DeviceForm.model_validate(entry.data), entry.file)
        for name, entry in entries.items()
    }


def all_links(version: str) -> dict[str, Link]:
    """Returns every link of a shipped version as a record."""
    entries = load_catalogue((PREFIX + version,)).links
    return {
        name: link(name, LinkForm.model_validate(entry.data), entry.file)
        for name, entry in entries.items()
    }
