"""`cluster.yaml`: what it means, and that every mistake is one message with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from agentc.cost_models.cluster import Cluster, cluster_schema, load_cluster
from agentc.errors import ClusterError
from agentc.plan import Distribution

TEXT = """\
agentc: cluster/v1
name: lab-mixed
extends: [catalog:nvidia/2026-11]
currency: USD
device_classes:
  h100-sxm:
    memory: 70GiB
    load: {from_host: 40GB/s, from_disk: 4GB/s}
    serves: {vllm: {dtypes: [bf16, fp8]}}
  cpu-genoa:
    kind: cpu
    iree: {device: local-task, arch: znver4}
    cores: 96
    memory: 384GiB
    bandwidth: 460GB/s
    compute: {fp32: 6TFLOP/s, bf16: 12TFLOP/s}
    efficiency: {compute: 0.5, bandwidth: 0.8, launch: 20us, source: measured:lab-2026-11}
    power: {idle: 90W, peak: 360W}
nodes:
  gpu-box: {count: 2, spot: false, devices: {h100-sxm: 8}, host: cpu-genoa, network: rdma}
  cpu-box: {count: {min: 0, max: 12}, devices: {cpu-genoa: 1}, network: eth}
links:
  pcie5: {scope: node, between: [cpu-genoa, h100-sxm], bandwidth: 55GB/s, latency: 5us}
  rdma: {scope: cluster, bandwidth: 50GB/s, latency: 8us}
  eth: {scope: cluster, bandwidth: 3GB/s, latency: 60us}
kv_tiers: [{name: hbm, on: h100-sxm}, {name: host, capacity: 256GiB, via: pcie5}]
services:
  openai-large: {kind: llm-api, price: {input: $2/Mtok, output: $8/Mtok}, limits: {tpm: 2M}}
  search: {kind: mcp, price: $0.002/call, latency: {p50: 400ms, p95: 2s}}
prices:
  gpu-box: {on_demand: $24/h}
  cpu-box: {capex: $9000, amortise: 36mo, utilisation: 0.6, power_price: $0.12/kWh, pue: 1.3}
limits: {max_hourly_cost: $60/h, any_of: [gpu-box, cpu-box]}
"""


def _load(text: str = TEXT) -> Cluster:
    return load_cluster("lab/cluster.yaml", text)


def _error(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1, old
    with pytest.raises(ClusterError) as caught:
        _load(TEXT.replace(old, new, 1))
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_quantities_are_si_and_sourced() -> None:
    """The user's line is the source of the user's number, the catalogue's of the rest."""
    cluster = _load()
    gpu, cpu = cluster.devices["h100-sxm"], cluster.devices["cpu-genoa"]
    assert gpu.memory_bytes == 70 * 2**30
    assert gpu.provenance["memory"].source == "lab/cluster.yaml:6"
    assert gpu.bandwidth_bytes_per_s == 3.35e12
    assert gpu.provenance["bandwidth"].kind == "peak"
    assert gpu.load_from_disk_bytes_per_s == 4e9
    assert gpu.serves == {"vllm": ("bf16", "fp8")}
    assert cpu.peak_flop_per_s == {"f32": 6e12, "bf16": 12e12}
    assert cpu.efficiency.provenance.kind == "measured"
    assert cpu.efficiency.compute.low == pytest.approx(0.375)
    assert cpu.efficiency.bandwidth.high == pytest.approx(1.0)


def test_the_rest_of_the_file() -> None:
    """Nodes, links, tiers, services, limits and places."""
    cluster = _load()
    assert cluster.available() == {"h100-sxm": 16, "cpu-genoa": 12}
    assert cluster.nodes["gpu-box"].classes() == {"h100-sxm", "cpu-genoa"}
    assert cluster.links["pcie5"].between == ("cpu-genoa", "h100-sxm")
    assert cluster.kv_tiers[1].capacity_bytes == 256 * 2**30
    assert cluster.services["openai-large"].price_usd == {"input": 2e-6, "output": 8e-6}
    assert cluster.services["openai-large"].tokens_per_min == 2e6
    assert cluster.services["search"].latency == Distribution("lognormal", (0.4, 2.0))
    assert cluster.max_hourly_usd == pytest.approx(60)
    assert str(cluster.source("prices.gpu-box")) == "lab/cluster.yaml:31"
    assert len(cluster.catalogue_sha256) == 64


def test_any_of_restricts_the_fleet() -> None:
    """Nodes that are not named are not available."""
    cluster = _load(TEXT.replace("any_of: [gpu-box, cpu-box]", "any_of: [cpu-box]"))
    assert cluster.available() == {"cpu-genoa": 12}


def test_like_takes_a_catalogue_entry_under_another_name() -> None:
    """Rates per core follow the number of cores."""
    cluster = load_cluster(
        "c.yaml",
        "agentc: cluster/v1\nname: laptop\nextends: [catalog:generic/2026-11]\n"
        "device_classes:\n  local-cpu: {like: x86-64-v3, cores: 2, memory: 8GiB}\n"
        "nodes:\n  laptop: {count: 1, devices: {local-cpu: 1}}\n",
    )
    device = cluster.devices["local-cpu"]
    assert device.peak_flop_per_s["f32"] == 2 * 96e9
    assert device.iree is not None
    assert device.iree.arch == "x86-64-v3"
    assert device.efficiency.compute.low < device.efficiency.compute.high


MISTAKES = [
    ("memory: 70GiB", "memory: 70", ":7: device_classes.h100-sxm.memory: a size needs a unit"),
    ("memory: 70GiB", "memory: 70", 'write "70GiB"'),
    ("memory: 70GiB", "memmory: 70GiB", ":7: unknown key 'memmory'; did you mean 'memory'?"),
    ("nodes:", "noodes:", ":19: unknown key 'noodes'; did you mean 'nodes'?"),
    ("currency: USD", "currency: EUR", ":4: currency: "),
    ("cluster/v1", "cluster/v2", ":1: agentc: "),
    ("name: lab-mixed\n", "", "'name' is missing"),
    ("kind: cpu", "kind: cpuu", ":11: device_classes.cpu-genoa.kind: "),
    ("cores: 96", "cores: 0", ":13: device_classes.cpu-genoa.cores: "),
    ("fp32: 6TFLOP/s", "fp31: 6TFLOP/s", ":10: device class 'cpu-genoa': unknown precision 'fp31'"),
    ("launch: 20us", "launch: 20", 'write "20us"'),
    ("compute: 0.5", "compute: 1.5", "expected a fraction above 0 and at most 1, found 1.5"),
    ("compute: 0.5", "compute: {low: 0.5}", "an interval needs low, nominal and high"),
    ("devices: {h100-sxm: 8}", "devices: {h100: 8}", ":20: unknown device class 'h100'"),
    ("host: cpu-genoa", "host: cpu-gena", "did you mean 'cpu-genoa'?"),
    ("network: rdma", "network: pcie5", "its scope must be cluster"),
    ("network: rdma", "network: rdna", "unknown link 'rdna'; did you mean 'rdma'?"),
    ("count: 2", "count: -1", "a count is a whole number of nodes, found -1"),
    ("{min: 0, max: 12}", "{min: 5, max: 2}", "needs min <= max"),
    ("on: h100-sxm", "on: h100", ":26: unknown device class 'h100'"),
    ("via: pcie5", "via: pcie6", "unknown link 'pcie6'; did you mean 'pcie5'?"),
    ("$0.002/call", "0.002", "needs a unit"),
    ("input: $2/Mtok", "inptu: $2/Mtok", "unknown key 'inptu'; did you mean 'input'?"),
    ("tpm: 2M", "tpm: lots", "expected a count such as 500"),
    (
        "  gpu-box: {on_demand",
        "  gpu-bax: {on_demand",
        ":31: unknown node or device class 'gpu-bax'",
    ),
    ("on_demand: $24/h", "on_demand: $24", 'write for example "$24/h"'),
    ("{on_demand: $24/h}", "{}", "needs on_demand, reserved, spot or capex"),
    ("amortise: 36mo, ", "", "so it also needs 'amortise' such as 36mo"),
    ("utilisation: 0.6, ", "", "so it also needs 'utilisation' such as 0.6"),
    ("pue: 1.3", "pue: 0.3", "prices.cpu-box.pue: "),
    ("any_of: [gpu-box", "any_of: [gpu-bx", ":33: unknown node 'gpu-bx'; did you mean 'gpu-box'?"),
    ("nvidia/2026-11", "nvidia/2025-11", ":3: unknown catalogue 'catalog:nvidia/2025-11'"),
    ("catalog:nvidia/2026-11", "./absent.yaml", ":3: no catalogue at './absent.yaml'"),
    ("extends: [catalog:nvidia/2026-11]", "extends: all", ":3: extends is a list"),
    ("  cpu-genoa:\n", "  cpu-genoa:\n    like: znver9\n", "'znver9' is in no catalogue"),
    ("bandwidth: 460GB/s", "bandwidth: 0GB/s", "bandwidth must be above zero"),
    ("name: lab-mixed", "name: [", "not valid YAML"),
    ("currency: USD", "name: again", "not valid YAML"),
    ("nodes:\n", "nodes: 3\nx:\n", "unknown key 'x'"),
    ("bandwidth: 3GB/s", "bandwidth: 3Gb/s", 'for bits write "Gbit"'),
]


@pytest.mark.parametrize(("old", "new", "words"), MISTAKES, ids=lambda value: str(value)[:28])
def test_a_mistake_is_one_message_with_its_line(old: str, new: str, words: str) -> None:
    """What is wrong, where, and what to write instead."""
    message = _error(old, new)
    assert message.startswith("lab/cluster.yaml")
    assert words in message
    assert "\n" not in message
    assert not message.endswith(".")


def test_a_missing_file_and_a_file_that_is_no_mapping(tmp_path: Path) -> None:
    """Both are the user's mistakes too."""
    with pytest.raises(ClusterError, match="cannot be read"):
        load_cluster(tmp_path / "absent.yaml")
    for text in ("", "- 1\n", "42\n"):
        with pytest.raises(ClusterError, match="expected a mapping"):
            load_cluster("c.yaml", text)
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(ClusterError, match="not valid YAML"):
        load_cluster(tmp_path / "latin.yaml")


def test_a_users_device_is_one_more_file(tmp_path: Path) -> None:
    """`extends` takes the path of an entry, relative to the cluster file."""
    source = Path(__file__).parents[3] / "cost_models/catalogue/2026-11/nvidia/l4.yaml"
    (tmp_path / "mine.yaml").write_text(source.read_text().replace("name: l4", "name: mine"))
    (tmp_path / "cluster.yaml").write_text(
        "agentc: cluster/v1\nname: x\nextends: [mine.yaml]\n"
        "nodes: {box: {count: 1, devices: {mine: 1}}}\n"
    )
    assert load_cluster(tmp_path / "cluster.yaml").devices["mine"].memory_bytes == 24 * 2**30


def test_the_schema_accepts_the_file_and_refuses_a_misspelt_one() -> None:
    """Editors complete and check from it."""
    schema = json.loads(json.dumps(cluster_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    plain = YAML(typ="safe").load(TEXT)
    assert list(validator.iter_errors(plain)) == []
    plain["nodes"]["gpu-box"]["cuont"] = 3
    assert any("cuont" in error.message for error in validator.iter_errors(plain))


@seed(11)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_file_is_a_cluster_error_or_still_valid(data: st.DataObject) -> None:
    """Cut, doubled, swapped and replaced characters and lines: never another exception."""
    lines = TEXT.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "insert", "indent", "value"]))
        if kind == "drop" and len(lines) > 1:
            del lines[index]
        elif kind == "double":
            lines.insert(index, lines[index])
        elif kind == "indent":
            lines[index] = " " * data.draw(st.integers(0, 5)) + lines[index].lstrip()
        elif kind == "value":
            junk = data.draw(st.sampled_from(["null", "[]", "{}", "-1", "1e400", "'", "&a", "*a"]))
            lines[index] = lines[index].split(":")[0] + ": " + junk
        else:
            at = data.draw(st.integers(0, len(lines[index])))
            junk = data.draw(st.text(min_size=1, max_size=3))
            lines[index] = lines[index][:at] + junk + lines[index][at:]
    try:
        assert _load("\n".join(lines)).nodes is not None
    except ClusterError:
        return


def test_the_example_of_the_readme_loads() -> None:
    """The first thing that a newcomer copies."""
    readme = (Path(__file__).parents[3] / "cost_models/README.md").read_text()
    text = readme.split("```yaml\n")[1].split("```")[0]
    assert load_cluster("cluster.yaml", text).available() == {"local-cpu": 1}
