"""The shipped catalogue: every entry loads, and what has no source does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentc.cost_models.catalogue import (
    ROOT,
    all_devices,
    all_links,
    load_catalogue,
    versions,
)
from agentc.cost_models.roofline import estimate
from agentc.errors import ClusterError
from agentc.plan import Work

VERSION = "2026-11"
DEVICES = all_devices(VERSION)
ENTRY = (ROOT / VERSION / "nvidia" / "l4.yaml").read_text()


def test_the_catalogue_is_not_empty() -> None:
    """Real devices of several vendors and kinds, and the links between them."""
    assert len(DEVICES) >= 12
    assert {device.kind for device in DEVICES.values()} == {"cpu", "gpu", "asic"}
    assert {"nvidia", "amd", "intel", "generic"} <= {d.vendor for d in DEVICES.values()}
    assert len(all_links(VERSION)) >= 8
    assert versions() == [
        VERSION,
        *(f"{folder}/{VERSION}" for folder in ("amd", "generic", "intel", "links", "nvidia")),
    ]


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_every_number_of_a_device_has_source_date_and_kind(name: str) -> None:
    """And lies where such devices lie: a slip of a unit would not."""
    device = DEVICES[name]
    numbers = {**device.provenance, "efficiency": device.efficiency.provenance}
    assert {"memory", "bandwidth"} <= numbers.keys()
    for provenance in numbers.values():
        assert provenance.source
        assert provenance.date >= "2024-01-01"
        assert provenance.kind in ("peak", "measured", "derived")
    assert 8e9 <= device.memory_bytes <= 1e12
    assert 3e10 <= device.bandwidth_bytes_per_s <= 1e13
    for rate in device.peak_flop_per_s.values():
        assert 1e11 <= rate <= 2e16
    assert device.power is not None
    assert 10 <= device.power.peak_w <= 1500
    assert 0 < device.efficiency.compute.low < device.efficiency.compute.high <= 1


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_every_device_gives_an_estimate_with_an_interval(name: str) -> None:
    """A decode step of a small model, in the first precision the device computes in."""
    device = DEVICES[name]
    precision = next(iter(device.peak_flop_per_s))
    made = estimate(Work(flops=3e8, bytes_read=5e8, calls=1), device, precision)
    assert 0 < made.low_s < made.latency_s < made.high_s
    assert made.limit in ("memory", "latency")
    assert made.source == "datasheet"


@pytest.mark.parametrize("name", sorted(all_links(VERSION)))
def test_every_link_has_a_source(name: str) -> None:
    """Bandwidth and latency both, in a plausible range."""
    link = all_links(VERSION)[name]
    assert all(p.source and p.date for p in link.provenance.values())
    assert 1e8 <= link.bytes_per_s <= 1e12
    assert 1e-6 <= link.latency_s <= 1e-3


def test_hopper_takes_code_that_iree_accepts() -> None:
    """IREE 3.13 refuses sm_90 and sm_100; an arch that it refuses must not stand here."""
    for device in DEVICES.values():
        assert device.iree is None or device.iree.arch not in ("sm_90", "sm_90a", "sm_100")
    assert DEVICES["gaudi3"].iree is None


def _load(tmp_path: Path, text: str) -> None:
    (tmp_path / "entry.yaml").write_text(text)
    load_catalogue(("entry.yaml",), tmp_path)


def test_an_entry_loads_from_any_place(tmp_path: Path) -> None:
    """A file or a folder; the hash pins the bytes."""
    _load(tmp_path, ENTRY)
    first = load_catalogue(("entry.yaml",), tmp_path)
    assert first == load_catalogue((".",), tmp_path)
    (tmp_path / "entry.yaml").write_text(ENTRY + "# more\n")
    assert load_catalogue(("entry.yaml",), tmp_path).sha256 != first.sha256


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'source: "AIConfigurator 0.12.0 systems/l4.yaml (Apache-2.0)", ',
            "",
            "a number without 'source' does not load",
        ),
        (", date: 2026-08-21", "", "a number without 'date' does not load"),
        (", kind: peak", "", "a number without 'kind' does not load"),
        ("kind: peak", "kind: guess", "kind is 'guess', expected one of peak, measured, derived"),
        ("date: 2026-08-21", "date: last summer", "expected a day such as 2026-04-03"),
        ("value: 24GiB", "value: 24", 'write "24GiB"'),
        ("value: 24GiB", "valeu: 24GiB", "needs 'value'"),
        (", kind: peak", ", kind: peak, note: x", "unknown key 'note'"),
        ("device/v1", "device/v9", "a catalogue entry starts with"),
        ("kind: gpu", "kind: toaster", "kind: "),
        ("low: 0.15", "low: 0.95", "low <= nominal <= high"),
        ("fp32:", "fp33:", "unknown precision 'fp33'"),
    ],
)
def test_an_entry_without_a_source_does_not_load(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """The message names the file and the line."""
    assert old in ENTRY
    with pytest.raises(ClusterError) as caught:
        _load(tmp_path, ENTRY.replace(old, new, 1))
    assert words in str(caught.value)
    assert "entry.yaml:" in str(caught.value)


def test_a_bare_number_in_an_entry_does_not_load(tmp_path: Path) -> None:
    """What is enough for a user's own cluster file is not for a catalogue."""
    lines = ["memory: 24GiB" if line.startswith("memory:") else line for line in ENTRY.splitlines()]
    with pytest.raises(ClusterError, match="'memory' has no source, date and kind"):
        _load(tmp_path, "\n".join(lines))
