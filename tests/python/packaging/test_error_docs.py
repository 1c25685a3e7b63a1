"""docs/errors.md is what its generator would write now: every error has a failing example."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from agentc import errors

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))
docs = importlib.import_module("gen_error_docs")

TEXT = """Wrong.

Causes: one.

Fix: another.

`a/b.txt`
```text
words
```
```sh
agentc first
agentc second
```
"""


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "gen_error_docs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("error", docs.public_errors(), ids=lambda error: error.__name__)
def test_every_error_has_its_own_page(error: type[errors.AgentcError]) -> None:
    assert "__doc__" in vars(error), "an inherited docstring is not a page"
    example = docs.read_example(error.__name__, inspect.getdoc(error))
    assert example.files and example.commands[-1].startswith("agentc ")


def test_an_example_is_files_and_commands() -> None:
    example = docs.read_example("E", TEXT)
    assert example == docs.Example({"a/b.txt": "words\n"}, ("agentc first", "agentc second"))


@pytest.mark.parametrize("lost", ["Causes: ", "Fix: ", "```sh"])
def test_a_page_that_says_too_little_is_refused(lost: str) -> None:
    with pytest.raises(docs.DocError, match=r"^E "):
        docs.read_example("E", TEXT.replace(lost, ""))


@pytest.mark.parametrize("codes", [(0, 0), (2, 2), (0, 3)])
def test_an_example_that_does_not_fail_as_it_should_is_refused(codes: tuple[int, int]) -> None:
    answers = iter(codes)
    with pytest.raises(docs.DocError, match="ended with"):
        docs.message_of("ClusterError", docs.read_example("E", TEXT), lambda _: (next(answers), ""))


def test_a_message_names_no_folder_of_this_machine() -> None:
    example = docs.Example({"x": ""}, ("agentc",))
    said = docs.message_of("ClusterError", example, lambda _: (2, f"error: {Path.cwd()}/x: no\n"))
    assert said == "error: x: no"
