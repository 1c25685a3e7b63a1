"""The command line: answers on stdout, one line for a mistake, the documented exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agentc import api
from agentc.cli import main as command_line

HERE = Path(__file__).parent
CLUSTER = HERE.parents[2] / "samples" / "cluster.yaml"
PROGRAM = """
import agentc as ag

@ag.tool(effects="pure")
def double(number: int) -> int:
    '''Doubles.'''
    if number < 0:
        raise ValueError("negative")
    return 2 * number

@ag.llm(model="smollm2-135m-instruct", max_tokens=2)
def say(text: str, number: int) -> str:
    '''{text} {number}'''

@ag.graph(%s)
def small(text: str, number: int, rest: list[str]) -> tuple[str, int, list[str]]:
    return say(text, number), double(number), rest
"""
ASKING = """
import agentc as ag

@ag.graph
def asking(text: str) -> tuple[bool, str]:
    return ag.interrupt(text, schema=bool, name="sure"), ag.interrupt(text, name="why")
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to go wrong with, and two packages: small.agentpkg and asking.agentpkg."""
    folder = tmp_path_factory.mktemp("cli")
    cluster = CLUSTER.read_text()
    files = {
        "small.py": PROGRAM % "",
        "hasty.py": PROGRAM % 'sla=ag.SLA(p95="1ms")',
        "asking.py": ASKING,
        "cluster.yaml": cluster,
        "unit.yaml": cluster.replace("8GiB", "8 apples"),
        "key.yaml": cluster.replace("cores:", "coers:"),
        "device.yaml": cluster.replace("devices: {local-cpu: 1}", "devices: {local-cpy: 1}"),
        "tight.yaml": cluster.replace("memory: 8GiB", "memory: 8MiB"),
        "broken.py": "def f(:",
        "empty.py": "x = 1",
        "broken.json": "{",
        "notes.txt": "hello",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "binary.json").write_bytes(b"\xff\xfe{")
    for name in ("small", "asking"):
        api.compile(folder / f"{name}.py", CLUSTER, folder / f"{name}.agentpkg")
    shutil.copytree(folder / "small.agentpkg", folder / "damaged.agentpkg")
    with (folder / "damaged.agentpkg" / "plan.json").open("a") as plan:
        plan.write(" ")
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `agentc <arguments>` in this process; returns exit code, stdout, stderr."""
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["agentc", *arguments])
        code: int | str | None = 0
        try:
            command_line.main()
        except SystemExit as exit_:
            code = exit_.code
        out, err = capsys.readouterr()
        return int(code or 0), out, err

    return run


COMPILE_MISTAKES = {
    "missing.py -t cluster.yaml -o a": (2, "no such file 'missing.py'"),
    "small.py:nope -t cluster.yaml -o a": (2, "no graph 'nope': found 'small'"),
    "broken.py -t cluster.yaml -o a": (2, "broken.py:1: the file cannot be imported"),
    "empty.py -t cluster.yaml -o a": (2, "decorate a function with @ag.graph"),
    "broken.json -t cluster.yaml -o a": (2, "broken.json: not a graph"),
    "binary.json -t cluster.yaml -o a": (2, "expected a JSON graph in UTF-8"),
    "notes.txt -t cluster.yaml -o a": (2, "not a Python file: found 'notes.txt'"),
    "small.py -t missing.yaml -o a": (2, "missing.yaml: cannot be read"),
    "small.py -t unit.yaml -o a": (2, "unit.yaml:10: device_classes.local-cpu.memory"),
    "small.py -t key.yaml -o a": (2, "unknown key 'coers'; did you mean 'cores'?"),
    "small.py -t device.yaml -o a": (2, "'local-cpy'; did you mean 'local-cpu'?"),
    "small.py -t tight.yaml -o a": (3, "no device class can run 'say'"),
    "hasty.py -t cluster.yaml -o a": (3, "no placement satisfies sla p95_s = 1 ms; raise p95_s to"),
    "small.py -t cluster.yaml -o a --objective speed": (2, "expected cost or latency"),
    "small.py -t cluster.yaml -o notes.txt": (2, "notes.txt exists and is not a package"),
    "small.py -t cluster.yaml -o notes.txt/a": (2, "notes.txt/a cannot be written"),
}
RUN_MISTAKES = {
    "missing.agentpkg": (2, "no package at missing.agentpkg; run agentc compile first"),
    "notes.txt": (2, "notes.txt is not a readable package"),
    "damaged.agentpkg --tools small.py": (2, "'plan.json' is damaged: found"),
    "small.agentpkg": (2, "tools double have no function, found none"),
    "small.agentpkg --tools missing.py": (2, "no such file 'missing.py'"),
    "small.agentpkg --tools small.py": (2, "add text, number, rest"),
    "small.agentpkg --tools small.py -i text": (2, "not an input: found 'text'"),
    "small.agentpkg --tools small.py -i txet=a": (2, "no input 'txet'; did you mean 'text'?"),
    "small.agentpkg --tools small.py -i text=@none": (2, "input 'text' cannot be read"),
    "small.agentpkg --tools small.py -i text=a -i rest=[] -i number=two": (2, "expected JSON"),
    "small.agentpkg --tools small.py -i text=a -i rest=[] -i number=2.5": (2, "expected i64"),
    "small.agentpkg --tools small.py -i text=a -i rest=[1] -i number=2": (2, "expected text"),
    "small.agentpkg --tools small.py -i text=a -i rest=[] -i number=-2": (1, "negative"),
    "small.agentpkg --tools small.py --timeout 3x": (2, "found '3x', expected a number with a"),
    "small.agentpkg --tools small.py --trace no/dir.jsonl": (2, "no/dir.jsonl: No such file"),
}
OTHER_MISTAKES = {
    "explain small.py": (2, "add --target cluster.yaml"),
    "explain missing.agentpkg": (2, "no package at"),
    "explain small.agentpkg --analyze missing.jsonl": (2, "missing.jsonl is not a trace"),
    "explain small.agentpkg --analyze notes.txt": (2, "write one with agentc run --trace"),
    "ir small.py --after nope": (2, "'nope' does not refer to a registered pass"),
    "ir small.py --after agentc-lower-to-stage --after agentc-normalize": (2, "already a stage"),
    "target validate key.yaml": (2, "key.yaml:9: unknown key 'coers'"),
    "target show missing.yaml": (2, "cannot be read"),
}
MISTAKES = {
    **{f"compile {line}": expected for line, expected in COMPILE_MISTAKES.items()},
    **{f"run {line}": expected for line, expected in RUN_MISTAKES.items()},
    **OTHER_MISTAKES,
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line_and_an_exit_code(line: str, run: Run, folder: Path) -> None:
    code, said = MISTAKES[line]
    before = {path.name for path in folder.iterdir()} | {"__pycache__"}
    found, out, err = run(*line.split(" "))
    errors = [text for text in err.splitlines() if text.startswith("error: ")]
    assert found == code, err
    assert len(errors) == 1 and err.splitlines()[-1] == errors[0]
    assert said in errors[0] and "Traceback" not in out + err
    assert {path.name for path in folder.iterdir()} <= before


def test_a_run_answers_and_its_trace_explains_the_package(run: Run, folder: Path) -> None:
    inputs = ["-i", "text=@@home", "-i", "number=4", "-i", 'rest=["ü", "@"]']
    options = ["--tools", "small.py", "--trace", "run.jsonl", "--chrome-trace", "run.json"]
    code, out, err = run("run", "small.agentpkg", *inputs, *options, "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert list(answer) == ["result0", "result1", "result2"]
    assert (answer["result1"], answer["result2"]) == (8, ["ü", "@"])
    first = json.loads((folder / "run.jsonl").read_text().splitlines()[0])
    assert first["data"]["inputs"]["text"] == "@home"
    assert json.loads((folder / "run.json").read_text())["traceEvents"]
    code, out, _ = run("explain", "small.agentpkg", "--analyze", "run.jsonl", "--json")
    rows = [row for row in json.loads(out)["rows"] if row.get("measured_s")]
    assert code == 0 and {"say", "double"} <= {row["label"] for row in rows}


def test_questions_are_asked_at_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["maybe", "true", "because"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    code, out, err = run("run", "asking.agentpkg", "-i", "text=Sure?", "--json")
    assert (code, json.loads(out)) == (0, {"result0": True, "result1": "because"})
    assert "found 'maybe', expected JSON" in err


def test_nobody_at_the_terminal_is_an_error(folder: Path) -> None:
    """In a process of its own: it must also end by itself, and with the right code."""
    line = [sys.executable, "-c", "from agentc.cli.main import main; main()"]
    arguments = ["run", str(folder / "asking.agentpkg"), "-i", "text=Sure?"]
    done = subprocess.run(
        [*line, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "asks for 'sure' (i1) and standard input has ended" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_of_its_own_ends_with_zero(folder: Path) -> None:
    line = [sys.executable, "-c", "from agentc.cli.main import main; main()"]
    inputs = ["-i", "text=Hello", "-i", "number=1", "-i", "rest=[]"]
    arguments = ["run", str(folder / "small.agentpkg"), "--tools", str(folder / "small.py")]
    done = subprocess.run([*line, *arguments, *inputs], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "result1: 2" in done.stdout
