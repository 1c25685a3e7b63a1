"""The specification, the checks in C++ and the negative tests speak of the same constraints."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from agentc.opt import find_opt

ROOT = Path(__file__).resolve().parents[3]
DIALECTS = {"agent": ("Agent", "spec.md"), "stage": ("Stage", "spec-stage.md")}
LABEL = re.compile(r"\b([a-z][a-z_]*_c\d+)(?!\d)")


def _sources(dialect: str) -> str:
    folder = ROOT / "dialects" / DIALECTS[dialect][0]
    return "\n".join(p.read_text() for p in sorted(folder.iterdir()) if p.suffix in {".td", ".cpp"})


def _negative_tests(dialect: str) -> str:
    folder = ROOT / "tests/dialects" / DIALECTS[dialect][0]
    return "\n".join(p.read_text() for p in sorted(folder.glob("invalid*.mlir")))


def _spec(dialect: str) -> str:
    return (ROOT / "docs" / DIALECTS[dialect][1]).read_text()


def _subjects(dialect: str) -> list[tuple[str, str]]:
    """(what a part of the specification is about, its text), in order."""
    heading = re.compile(
        rf"^(?:#+ ([!#]?{dialect}[. ][a-z_.]+)$|(?:\* )?`([!#]{dialect}\.[a-z_]+))", re.MULTILINE
    )
    text = re.sub(r"```mlir.*?```", "", _spec(dialect), flags=re.DOTALL)
    starts = [(m.group(1) or m.group(2), m.start()) for m in heading.finditer(text)]
    ends = [start for _, start in starts[1:]] + [len(text)]
    return [(name, text[start:end]) for (name, start), end in zip(starts, ends, strict=True)]


def _label(subject: str, number: str) -> str:
    kind = {"!": "_type", "#": "_attr"}.get(subject[0], "")
    return re.sub(r"[^a-z]", "_", subject.lstrip("!#")) + kind + "_c" + number


def _spec_labels(dialect: str) -> set[str]:
    return {
        _label(subject, number)
        for subject, text in _subjects(dialect)
        for number in re.findall(r"^\* (?:.*)?\(C(\d+)\)", text, re.MULTILINE)
    }


def _short_forms(label: str) -> set[str]:
    """Labels of the stage dialect leave out its name, and may leave out `kv`."""
    short = re.sub(r"_(?:type|attr)_c", "_c", label.removeprefix("stage_"))
    return {label, short, short.removeprefix("kv_")}


def _missing(labels: set[str], text: str) -> list[str]:
    found = set(LABEL.findall(text))
    return sorted(label for label in labels if not _short_forms(label) & found)


def _ops(dialect: str) -> set[str]:
    text = _sources(dialect)
    return {
        f"{dialect}.{name}"
        for name in re.findall(
            r"^def \w+Op\b[^<{]*:?\s*\w+Op<\s*\"([a-z_.]+)\"", text, re.MULTILINE
        )
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_constraint_of_the_spec_is_checked_in_the_sources(dialect: str) -> None:
    labels = _spec_labels(dialect)
    assert len(labels) > 30
    assert _missing(labels, _sources(dialect)) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_constraint_of_the_spec_has_a_negative_test(dialect: str) -> None:
    assert _missing(_spec_labels(dialect), _negative_tests(dialect)) == []


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("where", [_sources, _negative_tests])
def test_every_label_in_use_stands_in_the_spec(dialect: str, where) -> None:
    known = set().union(*(_short_forms(label) for label in _spec_labels(dialect)))
    assert sorted(set(LABEL.findall(where(dialect))) - known) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_operation_has_a_section_and_every_section_an_operation(dialect: str) -> None:
    ops = _ops(dialect)
    assert len(ops) > 15
    pattern = rf"^#+ ({dialect}\.[a-z_.]+)$"
    sections = set(re.findall(pattern, _spec(dialect), re.MULTILINE))
    assert sections == ops


# Examples


def _examples() -> list[tuple[str, str]]:
    parts = re.split(r"^## ", _spec("agent"), flags=re.MULTILINE)
    return [
        (part.split("\n", 1)[0], block)
        for part in parts[1:]
        for block in re.findall(r"```mlir\n(.*?)```", part, re.DOTALL)
    ]


def _as_module(example: str) -> str:
    """The example alone when it declares symbols, else in the graph that the spec describes."""
    if re.match(r"agent\.(model|tool|index|schema|graph) ", example):
        return example
    spec = _spec("agent")
    prelude = re.search(r"```mlir prelude\n(.*?)```", spec, re.DOTALL)
    arguments = re.search(r"have the graph's arguments (.*?)\.\n\n", spec, re.DOTALL)
    assert prelude and arguments
    names = arguments.group(1).replace("`", "")
    return f"{prelude.group(1)}agent.graph @example({names}) -> () {{\n{example}agent.return\n}}\n"


def test_every_operation_of_agent_has_one_example() -> None:
    assert sorted(name for name, _ in _examples()) == sorted(_ops("agent"))


def test_the_examples_are_valid_and_show_their_operation() -> None:
    modules = [_as_module(example) for _, example in _examples()]
    for (name, example), module in zip(_examples(), modules, strict=True):
        assert name in example
        assert module.strip()
    run = subprocess.run(
        [find_opt(), "-", "--split-input-file"],
        input="\n// -----\n".join(modules),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
