"""Every file is as short as docs/layout.md promises, or says why it is not."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))
lines = importlib.import_module("lines")
REASON = '"""One contract.\n(longer than 300 lines: read from top to bottom)\n"""\n'


def file(name: str, length: int, head: str = "") -> object:
    return lines.File(Path(name), head + "\n" * (length - head.count("\n")))


def test_no_file_is_over_its_budget() -> None:
    files = lines.tracked()
    assert len(files) > 400
    assert [found for found in map(lines.excess, files) if found] == []


@pytest.mark.parametrize(
    ("name", "budget"), [("agentc/a.py", 300), ("passes/A.cpp", 400), ("dialects/A.td", 400)]
)
def test_one_line_more_than_the_budget_is_too_long(name: str, budget: int) -> None:
    assert lines.excess(file(name, budget)) is None
    assert f"has {budget + 1} lines" in lines.excess(file(name, budget + 1))


def test_a_reason_at_the_top_allows_a_longer_file_and_nothing_else() -> None:
    assert lines.excess(file("agentc/a.py", 301, REASON)) is None
    assert "remove it" in lines.excess(file("agentc/a.py", 300, REASON))
    assert lines.excess(file("agentc/a.py", 301, "\n" * 20 + REASON)), "a reason far down is unread"
    empty = REASON.replace("read from top to bottom", "")
    assert lines.excess(file("agentc/a.py", 301, empty)), "a reason says something"


def test_the_table_sums_sources_and_tests() -> None:
    files = [
        file("agentc/cli/run.py", 40),
        file("agentc/frontend/form/base.py", 20),
        file("tests/python/cost_models/test_units.py", 30),
        file("tests/passes/normalize/basic.mlir", 6),
    ]
    rows = [row.split() for row in lines.table(files).splitlines()]
    assert ["agentc/cli", "1", "40"] in rows
    assert ["agentc/frontend", "1", "20"] in rows
    assert ["tests/python/cost_models", "1", "30"] in rows
    assert ["all", "4", "60", "36"] in rows
    assert rows[-1][-1] == "0.60"
