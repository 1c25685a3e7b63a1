"""Types as ports spell them, and values checked against them."""

from dataclasses import dataclass

import numpy as np
import pytest

from agentc.runtime.types import conform, parse_type


def test_nested_types_are_read_with_and_without_prefix():
    plain = parse_type('record<"P", a: list<docs>, "b c": embedding<3>, d: tensor<2x?xf32>>')
    dialect = parse_type(
        '!agent.record<"P", a: !agent.list<!agent.docs>, "b c": !agent.embedding<3>, '
        "d: tensor<2x?xf32>>"
    )
    for type_ in (plain, dialect):
        assert [name for name, _ in type_.fields] == ["a", "b c", "d"]
        kinds = [field.kind for _, field in type_.fields]
        assert kinds == ["list", "embedding", "tensor"]
        assert type_.fields[0][1].element.kind == "docs"
    with pytest.raises(ValueError, match="left over"):
        parse_type("text text")


@dataclass
class _Point:
    y: int
    x: int


GOOD = [
    ("a", "text", "a"),
    (np.bool_(True), "i1", True),
    (np.int32(3), "i64", 3),
    (3, "f64", 3.0),
    (np.float32(0.5), "f64", 0.5),
    ((1, 2), "list<f64>", [1.0, 2.0]),
    (_Point(y=1, x=2), 'record<"P", x: f64, y: i64>', {"x": 2.0, "y": 1}),
    ({"a": {"b": 1}}, 'record<"P", a: record<"Q", b: f64>>', {"a": {"b": 1.0}}),
]


@pytest.mark.parametrize("value, type_, expected", GOOD)
def test_values_are_brought_into_form(value, type_, expected):
    made = conform(value, parse_type(type_), "v")
    assert made == expected and type(made) is type(expected)
    if isinstance(made, dict):
        assert list(made) == list(expected)


@pytest.mark.parametrize(
    "value, type_, said",
    [
        (1, "text", "v is int 1, expected text"),
        (1, "i1", "v is int 1, expected i1"),
        (True, "i64", "v is bool True, expected i64"),
        (2**63, "i64", "expected i64"),
        (1.5, "i64", "expected i64"),
        ("1", "f64", "expected f64"),
        ("ab", "list<text>", "expected list<text>"),
        ([1, "a"], "list<i64>", r"v\[1\] is str 'a'"),
        ({"a": 1}, 'record<"P", a: i64, b: i64>', "add b"),
        ({"a": 1, "c": 1}, 'record<"P", a: i64>', "remove c"),
        ({"a": "x"}, 'record<"P", a: i64>', "v.a is str 'x'"),
        ([1.0, 2.0], "embedding<3>", r"shape \(2,\), expected \(3,\)"),
        (["a"], "embedding<1>", "expected embedding<1>"),
        ("x" * 200, "i64", r"\.\.\."),
    ],
)
def test_other_values_are_refused(value, type_, said):
    with pytest.raises(TypeError, match=said):
        conform(value, parse_type(type_), "v")


def test_arrays():
    made = conform([1, 2, 3], parse_type("embedding<3>"), "v")
    assert made.dtype == np.float32 and made.tolist() == [1, 2, 3]
    assert conform([[1, 2]], parse_type("tensor<1x2xi64>"), "v").shape == (1, 2)


def test_half_a_surrogate_pair_is_no_text():
    with pytest.raises(TypeError, match=r"x is no Unicode text: .* at character 1"):
        conform("a\udcff", parse_type("text"), "x")
