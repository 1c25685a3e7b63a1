"""Templates: the pieces of a prompt, and how each type is written into it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc.errors import PackageError
from agentc.plan import ChatFormat
from agentc.runtime.templates import Piece, format_value, pieces

CHAT = ChatFormat(
    begin={"system": "<S>", "user": "<U>", "assistant": "<A>"},
    end={"system": "</S>", "user": "</U>", "assistant": ""},
    default_system="be kind",
    end_tokens=(),
)


def _texts(template, **arguments):
    return [p.text for p in pieces(template, arguments, CHAT)]


@pytest.mark.parametrize(
    "template, arguments, expected",
    [
        ("Question: {q}", {"q": "why"}, ["Question:", " why"]),
        ("a {|}b", {}, ["a", " b"]),
        ("a  {|} b", {}, ["a", "   b"]),
        ("{a} {b}", {"a": "1", "b": "2"}, ["1", " 2"]),
        ("{a} {b} ", {"a": "", "b": ""}, [" ", " "]),
        ("{a}{b}", {"a": "", "b": ""}, []),
        ("end ", {}, ["end "]),
        ("{{x}} {{{y}}}", {"y": "1"}, ["{x} {", "1", "}"]),
        ("line\n{q}", {"q": "1"}, ["line\n", "1"]),
        ("{q}", {"q": "{not} a {|} template"}, ["{not} a {|} template"]),
        ("{<user}Hi {user>}{<assistant}", {}, ["<U>", "Hi ", "</U>", "<A>"]),
        ("{<user}Hi {q} {user>}", {"q": "1"}, ["<U>", "Hi", " 1", " ", "</U>"]),
        ("{<user}a {|}{user>}", {}, ["<U>", "a", " ", "</U>"]),
        ("{<default>}x", {}, ["<S>", "be kind", "</S>", "x"]),
        ("{assistant>}x", {}, ["x"]),
        ("", {}, []),
    ],
)
def test_pieces(template, arguments, expected):
    assert _texts(template, **arguments) == expected


FOLDED = ChatFormat(
    begin={"system": "<U>", "user": "<U>", "assistant": "<A>"},
    end={"system": "--</U>", "user": "</U>", "assistant": ""},
    default_system="",
    end_tokens=(),
    opening="<day>",
    system_to_user="--",
)


@pytest.mark.parametrize(
    "template, expected",
    [
        ("{<system}be{system>}{<user}hi{user>}", ["<U>", "be", "--", "hi", "</U>"]),
        ("{<system}be {system>}{<user} hi{user>}", ["<U>", "be ", "--", " hi", "</U>"]),
        ("{<system}be{system>}", ["<U>", "be", "--</U>"]),
        ("{<system}be{system>}{<assistant}", ["<U>", "be", "--</U>", "<A>"]),
        ("{<default>}{<user}hi{user>}", ["<day>", "<U>", "hi", "</U>"]),
        ("{<user}hi{user>}{<user}ho{user>}", ["<U>", "hi", "</U>", "<U>", "ho", "</U>"]),
    ],
)
def test_a_system_message_may_share_the_turn_of_the_user_message_behind_it(template, expected):
    made = pieces(template, {}, FOLDED)
    assert [p.text for p in made] == expected
    assert all(p.scaffold == ("<" in p.text or "--" in p.text) for p in made)


def test_only_scaffold_is_scaffold():
    made = pieces("{<user}{q}{user>}", {"q": "<U>"}, CHAT)
    assert made == [Piece("<U>", True), Piece("<U>", False), Piece("</U>", True)]


@pytest.mark.parametrize("template", ["a { b", "a } b", "{}", "{a"])
def test_a_lone_brace_is_an_error(template):
    with pytest.raises(PackageError, match="lone"):
        pieces(template, {})


def test_a_role_that_the_model_lacks_is_an_error():
    with pytest.raises(PackageError, match="role 'tool'"):
        pieces("{<tool}", {}, CHAT)
    with pytest.raises(PackageError, match="role 'user'"):
        pieces("{<user}", {}, None)


@given(st.lists(st.text(alphabet="ab {}\n", max_size=6), max_size=5))
def test_pieces_lose_and_invent_nothing(literals):
    """The text of the pieces is the template with its marks filled in, whatever the cuts."""
    escaped = [t.replace("{", "{{").replace("}", "}}") for t in literals]
    made = pieces("{|}".join(escaped), {})
    assert "".join(p.text for p in made) == "".join(literals)
    assert all(p.text for p in made)


PASSAGE = {"id": "1", "source": "a.md", "text": "the text", "score": 0.5}


@pytest.mark.parametrize(
    "value, type_, expected",
    [
        ("as it is", "text", "as it is"),
        (True, "i1", "true"),
        (-3, "i64", "-3"),
        (2.0, "f64", "2.0"),
        (2, "f64", "2.0"),
        (1e300, "f64", "1e+300"),
        (["a", "b"], "list<text>", "a\nb"),
        ([1, 2], "list<f64>", "1.0\n2.0"),
        ([[True], [False]], "list<list<i1>>", "true\nfalse"),
        ([PASSAGE, PASSAGE], "docs", "[1] (a.md) the text\n[2] (a.md) the text"),
        ([], "docs", ""),
        ({"b": 1, "a": "é"}, 'record<"P", b: i64, a: text>', '{"b":1,"a":"é"}'),
        (
            [PASSAGE],
            'list<record<"Passage", id: text, source: text, text: text, score: f64>>',
            '{"id":"1","source":"a.md","text":"the text","score":0.5}',
        ),
    ],
)
def test_formats(value, type_, expected):
    assert format_value(value, type_) == expected
    assert format_value(value, f"!agent.{type_}" if type_[0] not in "if" else type_) == expected


def test_formats_without_types_follow_the_value():
    assert format_value([PASSAGE]) == "[1] (a.md) the text"
    assert format_value([1, "a", False]) == "1\na\nfalse"
