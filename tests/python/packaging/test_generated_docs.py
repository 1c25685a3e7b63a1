"""docs/generated is what its generator would write now, and the examples in it are tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))

from lit_to_doc import DocError, command_of, lit_to_doc, program_of  # noqa: E402

DOCTESTS = sorted((ROOT / "tests" / "passes").glob("*/doctest.mlir"))
needs_opt = pytest.mark.skipif(
    not Path(os.environ.get("AGENTC_OPT", "")).is_file(), reason="AGENTC_OPT names no agentc-opt"
)


@needs_opt
def test_the_page_of_passes_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "gen_pass_docs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_opt
@pytest.mark.parametrize("path", DOCTESTS, ids=lambda path: path.parent.name)
def test_an_example_shows_input_and_output_without_checks(path: Path) -> None:
    text = lit_to_doc(path)
    assert text.startswith("Command:\n\n```sh\nagentc-opt --agentc-")
    assert "Output:\n\n```mlir\nmodule {" in text
    assert "RUN:" not in text and "CHECK" not in text


def test_every_pass_has_its_four_tests() -> None:
    declared = (ROOT / "passes" / "Passes.td").read_text(encoding="utf-8")
    for folder in (path.parent for path in DOCTESTS):
        assert f'"agentc-{folder.name}"' in declared
        have = {path.stem for path in folder.glob("*.mlir")}
        assert {"doctest", "basic", "invalid", "idempotent"} <= have, folder


def test_comments_that_are_not_checks_stay() -> None:
    test = "// RUN: agentc-opt --x %s | FileCheck %s\n\n// Why.\n  // CHECK-SAME: y\nop\n"
    assert program_of(test) == "// Why.\nop"
    assert command_of(test, Path("t.mlir")) == ["agentc-opt", "--x", "%s"]


@pytest.mark.parametrize("test", ["op\n", "// RUN: mlir-opt %s\n"])
def test_a_file_that_cannot_be_shown_is_refused(test: str) -> None:
    with pytest.raises(DocError, match="t.mlir"):
        command_of(test, Path("t.mlir"))
