"""The five programs that must not compile: each is refused with line, finding and fix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from cases import SAMPLES

from agentc import api
from agentc.errors import FrontendError

REJECTS = SAMPLES / "patterns" / "rejects"


@dataclass(frozen=True)
class Reject:
    """A file, the line it is refused at (the text that stands there), and words of the message."""

    name: str
    line: str
    found: str
    fix: str

    @property
    def file(self) -> Path:
        return REJECTS / f"{self.name}.py"

    @property
    def number(self) -> int:
        lines = self.file.read_text(encoding="utf-8").splitlines()
        (number,) = (n for n, text in enumerate(lines, 1) if text.strip() == self.line)
        return number


CASES = [
    Reject(
        "undefined_variable",
        "@ag.llm(model=MODEL)",
        "prompt of 'ask' has an unknown placeholder '{context}': expected one of 'question'",
        "or write {{context}} for the text itself",
    ),
    Reject(
        "bad_memory_space",
        '@ag.retrieve(index="episodes", k=4)',
        "retrieve 'recall' names an unknown index 'episodes'",
        'declare it in the same file: ag.index("episodes", path="docs/"',
    ),
    Reject(
        "empty_capability",
        '@ag.tool(name="", effects="pure")',
        "the tool has no name: found '', expected a text",
        'drop name= to call it "nameless"',
    ),
    Reject(
        "empty_prompt",
        "@ag.llm(model=MODEL)",
        "prompt of 'ask' is empty: found no docstring, expected the prompt template there",
        "under the def line, or pass prompt=",
    ),
    Reject(
        "switch_without_cases",
        "return ag.switch(question, {}, default=lambda: ask(question))",
        "switch has no cases: found an empty dict, expected at least one case",
        'write ag.switch(value, {"a": fn, ...}, default=fn)',
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_is_refused_at_compile_time_with_its_line(case: Reject, tmp_path: Path) -> None:
    output = tmp_path / "app.agentpkg"
    with pytest.raises(FrontendError) as caught:
        api.compile(case.file, SAMPLES / "cluster.yaml", output)
    error = caught.value
    assert error.source is not None
    assert Path(error.source.file).resolve() == case.file
    assert error.source.line == case.number
    assert case.found in error.message and case.fix in error.message
    assert not output.exists()


def test_every_file_of_the_folder_is_a_case() -> None:
    assert {file.stem for file in REJECTS.glob("*.py")} == {case.name for case in CASES}
