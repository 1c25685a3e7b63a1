"""The schemas in docs/generated are those of the code, and hold for real files."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from agentc import plan

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))
schemas = importlib.import_module("gen_schemas")


def read(name: str) -> dict[str, object]:
    return json.loads((schemas.FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", schemas.SCHEMAS)
def test_a_schema_is_up_to_date(name: str) -> None:
    assert schemas.is_current(name), "run tools/gen_schemas.py"
    jsonschema.Draft202012Validator.check_schema(read(name))


def test_the_cluster_of_the_samples_fits_its_schema() -> None:
    cluster = YAML(typ="safe").load((ROOT / "samples" / "cluster.yaml").read_text())
    jsonschema.validate(cluster, read("cluster.schema.json"))
    cluster["device_classes"]["local-cpu"]["memroy"] = "8GiB"
    with pytest.raises(jsonschema.ValidationError, match="memroy"):
        jsonschema.validate(cluster, read("cluster.schema.json"))


def test_a_plan_fits_its_schema() -> None:
    port = plan.Port("q", "text", {"type": "string"})
    body = plan.Region((0,), (), (0,), "return")
    text = json.loads(plan.encode(plan.Plan("g", "0" * 64, (port,), (port,), body)))
    jsonschema.validate(text, read("plan.schema.json"))
    text["body"]["ends"] = "return"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(text, read("plan.schema.json"))
