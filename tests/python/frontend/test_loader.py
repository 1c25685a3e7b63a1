"""Finding graphs in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentc.errors import FrontendError
from agentc.frontend import load_graph, load_program

from .test_json import QA

ONE = """
import agentc as ag

@ag.graph
def first(q: str) -> str:
    return q + "!"
"""
TWO = (
    ONE
    + """
@ag.graph(name="renamed")
def second(q: str) -> str:
    return q
"""
)


def write(folder: Path, text: str, name: str = "graph.py") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_the_only_graph_is_the_default(tmp_path: Path) -> None:
    graph = load_graph(write(tmp_path, ONE))
    assert graph.name == "first" and graph("a") == "a!"
    assert graph.trace().folder == str(tmp_path)


def test_a_graph_is_chosen_by_its_name_or_its_functions(tmp_path: Path) -> None:
    file = write(tmp_path, TWO)
    assert load_graph(f"{file}:first").name == "first"
    assert load_graph(f"{file}:renamed").name == "renamed"
    assert load_graph(f"{file}:second").name == "renamed"


def test_a_graph_imported_from_elsewhere_does_not_count(tmp_path: Path) -> None:
    write(tmp_path, ONE, "library.py")
    file = write(tmp_path, "from library import first\n" + TWO.replace("def first", "def main"))
    with pytest.raises(FrontendError, match="several graphs: found 'main', 'renamed'"):
        load_graph(file)


@pytest.mark.parametrize(
    ("text", "suffix", "problem"),
    [
        (TWO, "", "graph.py: the file has several graphs: found 'first', 'renamed'"),
        ("x = 1", "", "graph.py: the file has no graph: found nothing"),
        (TWO, ":frist", "no graph 'frist': found 'first', 'renamed'"),
        (TWO, ":frist", "did you mean 'first'?"),
        ("x = 1\ny = 1 / 0\n", "", "graph.py:2: the file cannot be imported: ZeroDivisionError"),
        ("def f(:\n", "", "graph.py:1: the file cannot be imported: SyntaxError"),
        ("import nowhere_to_be_found", "", "graph.py:1: the file cannot be imported: ModuleNot"),
    ],
)
def test_what_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, suffix: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, text)
    with pytest.raises(FrontendError) as caught:
        load_graph("graph.py" + suffix)
    assert problem in str(caught.value)


def test_a_missing_file_is_a_message() -> None:
    with pytest.raises(FrontendError, match=r"no such file 'nowhere.py'"):
        load_graph("nowhere.py:main")


def test_a_json_graph_needs_no_code(tmp_path: Path) -> None:
    program = load_program(write(tmp_path, json.dumps(QA), "qa.json"))
    assert program.name == "qa" and program.tools == {}
    assert "agent.graph @qa" in str(program.module)


def test_a_python_graph_is_traced(tmp_path: Path) -> None:
    assert load_program(write(tmp_path, ONE)).document.outputs[0].name == "result"
