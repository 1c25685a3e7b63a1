"""docs/generated is what its generator would write now, and the examples in it are tests."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


def tool(name: str) -> ModuleType:
    """Loads a file of tools/, which is no package; imports among them are by name."""
    sys.path.insert(0, str(ROOT / "tools"))
    return importlib.import_module(name)


lit_to_doc = tool("lit_to_doc")
gen_pass_docs = tool("gen_pass_docs")
DOCTESTS = sorted((ROOT / "tests" / "passes").glob("*/doctest.mlir"))
DECLARATION = """def {name}Pass : Pass<"agentc-x", "::mlir::ModuleOp"> {{
  let summary = "{summary}";
  let description = [{{
    Does it.
  }}];
  let options = [
    // Because.
    Option<"n", "n", "unsigned", "3", "How many">];
  let statistics = [Statistic<"num", "count", "Things">];
}}
"""


def test_the_page_of_passes_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "gen_pass_docs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DOCTESTS, ids=lambda path: path.parent.name)
def test_an_example_shows_input_and_output_without_checks(path: Path) -> None:
    text = lit_to_doc.lit_to_doc(path)
    assert text.startswith("Command:\n\n```sh\nagentc-opt --agentc-")
    assert re.search(r"Output:\n\n```mlir\n(module|doctest.mlir:\d+:\d+: error)", text)
    assert "RUN:" not in text and "CHECK" not in text


def test_a_declaration_is_read_with_its_reasons() -> None:
    (doc,) = gen_pass_docs.read_passes(DECLARATION.format(name="Do", summary="Does it."))
    assert (doc.flag, doc.summary, doc.description) == ("agentc-x", "Does it.", "Does it.")
    assert doc.options == (("n", "3", "How many", "Because."),)
    assert doc.statistics == (("count", "Things"),)


@pytest.mark.parametrize("lost", ['Does it.";', "// Because.", "Statistic<", "    Does it.\n"])
def test_a_declaration_that_says_too_little_is_refused(lost: str) -> None:
    text = DECLARATION.format(name="Do", summary="Does it.")
    assert lost in text
    with pytest.raises(lit_to_doc.DocError, match="agentc-x"):
        gen_pass_docs.read_passes(text.replace(lost, '";' if lost.endswith('";') else ""))


def test_every_pass_has_its_four_tests() -> None:
    declared = (ROOT / "passes" / "Passes.td").read_text(encoding="utf-8")
    for folder in (path.parent for path in DOCTESTS):
        assert f'"agentc-{folder.name}"' in declared
        have = {path.stem for path in folder.glob("*.mlir")}
        assert {"doctest", "basic", "invalid", "idempotent"} <= have, folder


def test_comments_that_are_not_checks_stay() -> None:
    test = "// RUN: agentc-opt --x %s | FileCheck %s\n\n// Why.\n  // CHECK-SAME: y\nop\n"
    assert lit_to_doc.program_of(test) == "// Why.\nop"
    assert lit_to_doc.command_of(test, Path("t.mlir")) == ["agentc-opt", "--x", "%s"]


@pytest.mark.parametrize("test", ["op\n", "// RUN: mlir-opt %s\n"])
def test_a_file_that_cannot_be_shown_is_refused(test: str) -> None:
    with pytest.raises(lit_to_doc.DocError, match=r"t\.mlir"):
        lit_to_doc.command_of(test, Path("t.mlir"))
