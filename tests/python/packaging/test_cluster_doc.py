"""docs/cluster.md has every key of cluster.yaml and no other; its example loads and is priced."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agentc.cost_models import cluster_schema, load_cluster
from agentc.cost_models.prices import priced

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
FORMS = {
    "The file": None,
    "device_classes": "DeviceForm",
    "device_classes: iree": "IreeForm",
    "device_classes: efficiency": "EfficiencyForm",
    "device_classes: power": "PowerForm",
    "device_classes: load": "LoadForm",
    "device_classes: serves": "ServesForm",
    "nodes": "NodeForm",
    "links": "LinkForm",
    "kv_tiers": "KvTierForm",
    "services": "ServiceForm",
    "services: latency, ttft, tpot": "LatencyForm",
    "services: limits": "RateLimitsForm",
    "prices": "PriceForm",
    "limits": "LimitsForm",
}


def rows(heading: str) -> dict[str, str]:
    """Returns the rows of a section's table, by key."""
    section = re.split(rf"^##+ {re.escape(heading)}$", PAGE, flags=re.MULTILINE)[1]
    section = re.split(r"^##", section, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [line.split("|", 2) for line in lines]
    return {key: rest for _, first, rest in cells for key in re.findall(r"`([^`]+)`", first)}


def form(name: str | None) -> dict[str, Any]:
    schema = cluster_schema()
    return schema if name is None else schema["$defs"][name]


def test_every_form_has_its_section() -> None:
    assert set(FORMS.values()) - {None} == set(cluster_schema()["$defs"])


@pytest.mark.parametrize("heading", FORMS)
def test_a_section_has_the_keys_of_its_form(heading: str) -> None:
    assert set(rows(heading)) == set(form(FORMS[heading])["properties"])


@pytest.mark.parametrize("heading", [h for h, name in FORMS.items() if "required" in form(name)])
def test_what_is_required_is_said_to_be(heading: str) -> None:
    said = {key for key, rest in rows(heading).items() if "(required)" in rest}
    assert said == set(form(FORMS[heading])["required"])


@pytest.mark.parametrize("heading", [h for h in FORMS if "| unit |" in PAGE.split(f"# {h}\n")[1]])
def test_quantities_name_their_dimension(heading: str) -> None:
    for key, rest in rows(heading).items():
        written = json.dumps(form(FORMS[heading])["properties"][key])
        dimension = re.search(r'"title": "([a-z ]+)"', written)
        if dimension and heading in ("device_classes", "links", "prices", "limits", "kv_tiers"):
            assert f"| {dimension[1]} |" in rest, key


def test_the_example_loads_and_every_class_has_a_price() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example
    cluster = load_cluster(Path("cluster.yaml"), example[1])
    assert cluster.available() == {"local-cpu": 2, "l4": 2}
    assert all(priced(cluster, device) > 0 for device in cluster.available())
