"""From documents to passages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentc.errors import CompileError, SourceLine
from agentc.indexing import read_passages

LINE = SourceLine("graph.py", 7)


def words(text: str) -> int:
    return len(text.split())


def read(path: Path, chunk_tokens: int = 6) -> list[dict[str, object]]:
    return read_passages(path, chunk_tokens, words, source=LINE)


def test_paragraphs_are_packed_up_to_the_limit_and_a_long_one_stays_whole(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one two three\n\nfour five\nsix\n \nseven " + "eight " * 9)
    texts = [passage["text"] for passage in read(tmp_path)]
    assert texts == ["one two three\nfour five six", "seven" + " eight" * 9]


def test_a_heading_goes_with_what_follows_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# House\n\n## Keys\n\nAt the desk.\n\n# End")
    texts = [passage["text"] for passage in read(tmp_path, 4)]
    assert texts == ["House: Keys: At the desk.", "End"]


def test_files_are_read_in_the_order_of_their_names_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "a.md", "sub/c.rst", "skip.pdf"):
        (tmp_path / name).write_text(f"text of {name}")
    found = read(tmp_path)
    assert [passage["source"] for passage in found] == ["a.md", "b.txt", "sub/c.rst"]
    assert [passage["id"] for passage in found] == ["a.md#0", "b.txt#0", "sub/c.rst#0"]


def test_json_lines_may_name_themselves(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text('{"text": "a\u2028b", "id": 3, "source": "x"}\n\n{"text": "ü"}\n', "utf-8")
    assert read(file) == [
        {"id": "3", "source": "x", "text": "a\u2028b", "score": 0.0},
        {"id": "3", "source": "notes.jsonl", "text": "ü", "score": 0.0},
    ]


@pytest.mark.parametrize("line", ["{", "[1]", '"text"', "{}", '{"text": 5}', '{"text": "\\ud800"}'])
def test_a_line_that_is_no_passage_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text('{"text": "good"}\n' + line)
    with pytest.raises(CompileError, match=r"notes\.jsonl:2: not a passage"):
        read(file)


@pytest.mark.parametrize("files", [{}, {"a.pdf": b"x"}, {"a.md": b"\n \n"}, {"a.jsonl": b"\n"}])
def test_nothing_to_read_is_an_error_at_the_line_that_asked(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / "a.jsonl" if "a.jsonl" in files else tmp_path
    with pytest.raises(CompileError, match=r"graph\.py:7: the index has no documents"):
        read(path)
    with pytest.raises(CompileError, match="correct the path"):
        read(tmp_path / "missing")


def test_what_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff")
    with pytest.raises(CompileError, match=r"a\.txt: a document is not UTF-8 text"):
        read(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(paragraphs=st.lists(st.text("abc #.", min_size=1), max_size=8), limit=st.integers(1, 8))
def test_no_word_is_lost_and_packing_keeps_the_limit(
    paragraphs: list[str], limit: int, tmp_path: Path
) -> None:
    paragraphs = [p for p in paragraphs if p.strip() and not p.strip().startswith("#")]
    if not paragraphs:
        return
    (tmp_path / "a.txt").write_text("\n\n".join(paragraphs))
    texts = [str(passage["text"]) for passage in read(tmp_path, limit)]
    assert " ".join(texts).split() == " ".join(paragraphs).split()
    assert all("\n" not in text or words(text) <= limit for text in texts)
