"""Writes docs/generated/{plan,cluster}.schema.json from the records that read those files.

python tools/gen_schemas.py           # write them
python tools/gen_schemas.py --check   # say whether they are up to date
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentc.cost_models import cluster_schema
from agentc.plan import json_schema as plan_schema

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "generated"
SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "cluster.schema.json": cluster_schema,
    "plan.schema.json": plan_schema,
}


def text_of(name: str) -> str:
    """Returns the file as it should be."""
    return json.dumps(SCHEMAS[name](), indent=1, ensure_ascii=False) + "\n"


def is_current(name: str) -> bool:
    """Whether the file is what would be written now."""
    path = FOLDER / name
    return path.is_file() and path.read_text(encoding="utf-8") == text_of(name)


def main() -> None:
    """Writes the files, or with --check compares them."""
    parser = argparse.ArgumentParser(description="Write the JSON schemas in docs/generated.")
    parser.add_argument("--check", action="store_true", help="fail when a file is out of date")
    if not parser.parse_args().check:
        for name in SCHEMAS:
            (FOLDER / name).write_text(text_of(name), encoding="utf-8")
        return
    if stale := [name for name in SCHEMAS if not is_current(name)]:
        raise SystemExit(f"error: {', '.join(stale)} is stale; run tools/gen_schemas.py")


if __name__ == "__main__":
    main()
