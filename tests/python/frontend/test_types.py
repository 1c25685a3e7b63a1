"""Types, templates and places: text forms and back."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc._mlir import ir
from agentc.frontend import types as t
from agentc.frontend.places import Place, here, parse_place, relative_to
from agentc.frontend.templates import format_value, pieces, placeholders
from agentc.interpreter import prompts

scalars = st.sampled_from([t.TEXT, t.I1, t.I64, t.F64, t.DOCS, t.SESSION])
field_names = st.text(string.ascii_letters + " _-é", min_size=1, max_size=6)
tensors = st.builds(
    t.Tensor,
    st.lists(st.none() | st.integers(0, 9), max_size=3).map(tuple),
    st.sampled_from(t.TENSOR_DTYPES),
)
leaves = scalars | tensors | st.integers(1, 4096).map(t.Embedding)
any_type = st.recursive(
    leaves,
    lambda inner: (
        inner.map(t.ListOf)
        | st.builds(
            t.Record,
            st.text(max_size=5),
            st.dictionaries(field_names, inner, max_size=3).map(lambda d: tuple(d.items())),
        )
    ),
    max_leaves=6,
)


@given(any_type)
def test_a_type_is_read_back_from_both_forms(type_: t.Type) -> None:
    assert t.parse_type(str(type_)) == type_
    assert t.parse_type(type_.mlir()) == type_


def mlir_safe(type_: t.Type) -> bool:
    """Whether the dialect accepts the type: records need a name and plain text."""
    if isinstance(type_, t.ListOf):
        return mlir_safe(type_.element) and type_.element != t.SESSION
    if isinstance(type_, t.Record):
        return bool(type_.name.isascii() and type_.name.isprintable() and type_.name) and all(
            name.isascii() and mlir_safe(f) and f != t.SESSION for name, f in type_.fields
        )
    return True


@given(any_type.filter(mlir_safe))
def test_the_dialect_reads_and_prints_the_same_type(type_: t.Type) -> None:
    with ir.Context():
        assert t.parse_type(str(ir.Type.parse(type_.mlir()))) == type_


@pytest.mark.parametrize(
    "text",
    ["", "txt", "list", "list<", "list<text", "list<text>>", "record<x>", "text text", "?", "§"],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a type|Expecting value"):
        t.parse_type(text)


def test_lists_of_passages_are_docs() -> None:
    assert t.list_of(t.PASSAGE) == t.DOCS
    assert t.element_of(t.DOCS) == t.PASSAGE
    assert t.list_of(t.TEXT) == t.ListOf(t.TEXT)
    assert t.element_of(t.TEXT) is None


literals = st.text("ab {}\n", max_size=6).map(lambda s: s.replace("{", "{{").replace("}", "}}"))
templates = st.lists(literals | st.sampled_from(["{x}", "{y}", "{|}"]), max_size=8).map("".join)


@given(templates, st.text("ab ", max_size=3), st.text("ab ", max_size=3))
def test_pieces_are_those_of_the_reference_interpreter(template: str, x: str, y: str) -> None:
    values = {"x": x, "y": y}
    expected = [piece.text for piece in prompts.pieces(template, values)]
    assert list(pieces(template, values)) == expected


def test_trailing_spaces_belong_to_the_next_piece() -> None:
    assert pieces("Q: {q} A:{|} end", {"q": "why"}) == ("Q:", " why", " A:", " end")
    assert pieces("{a}{b}", {"a": "", "b": "x"}) == ("x",)
    assert placeholders("{b} {a} {b} {{c}} {|}") == ["b", "a"]


def test_values_are_shown_as_the_run_time_shows_them() -> None:
    docs = [{"id": "1", "source": "a.md", "text": "x", "score": 1.0}]
    assert format_value(docs) == "[1] (a.md) x"
    assert format_value([1, 0.5, True, "a"]) == "1\n0.5\ntrue\na"
    assert format_value({"ü": [1, "b"]}) == '{"ü":[1,"b"]}'


@given(st.text(string.printable, min_size=1), st.integers(0, 999), st.integers(0, 99))
def test_a_place_is_read_back(file: str, line: int, column: int) -> None:
    place = Place(file, line, column)
    assert parse_place(place.text("/nowhere")) == place


def test_here_is_the_line_and_column_of_the_call() -> None:
    first = test_here_is_the_line_and_column_of_the_call.__code__.co_firstlineno
    place = here()
    assert (place.file, place.line, place.column) == (__file__, first + 2, 13)


def test_files_outside_the_folder_stay_as_they_are() -> None:
    assert relative_to("/a/b/c.py", "/a") == "b/c.py"
    assert relative_to("/a/b/c.py", "/x") == "/a/b/c.py"
    assert parse_place("graph.py") == Place("graph.py")
    assert parse_place("graph.py:3") == Place("graph.py", 3)
