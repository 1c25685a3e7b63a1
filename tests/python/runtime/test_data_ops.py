"""Data operations: each one's meaning, and its errors."""

import pytest
from runtime_plans import Builder, outputs, run_plan

from agentc.errors import RuntimeFault
from agentc.plan import Op
from agentc.runtime.ops.data import DATA


def _do(name, *operands, **attrs):
    return DATA[f"agent.{name}"](Op(1, f"agent.{name}", attrs=attrs), list(operands))


@pytest.mark.parametrize(
    "name, operands, attrs, expected",
    [
        ("get_field", [{"a": 1}], {"field": "a"}, 1),
        ("make_record", [1, "x"], {"fields": ["b", "a"]}, {"b": 1, "a": "x"}),
        ("make_list", [1, 2], {}, [1, 2]),
        ("get_item", [["a", "b"], 1], {}, "b"),
        ("length", ["häß"], {}, 3),
        ("length", [[1, 2]], {}, 2),
        ("concat", ["a", "b", ""], {}, "ab"),
        ("concat", [[1], [], [2]], {}, [1, 2]),
        ("flatten", [[[1], [], [2, 3]]], {}, [1, 2, 3]),
        ("compare", [1, 2], {"predicate": "lt"}, True),
        ("compare", ["b", "a"], {"predicate": "le"}, False),
        ("compare", ["banana", "nan"], {"predicate": "contains"}, True),
        ("compare", [{"a": 1}, {"a": 1}], {"predicate": "eq"}, True),
        ("compare", [1.5, 1.5], {"predicate": "ne"}, False),
        ("binary", [7, -2], {"kind": "div"}, -4),
        ("binary", [7, -2], {"kind": "mod"}, -1),
        ("binary", [7.0, 2.0], {"kind": "div"}, 3.5),
        ("binary", [2, 3], {"kind": "mul"}, 6),
        ("binary", [2, 3], {"kind": "sub"}, -1),
        ("and", [True, False], {}, False),
        ("or", [True, False], {}, True),
        ("not", [True], {}, False),
    ],
)
def test_meaning(name, operands, attrs, expected):
    made = _do(name, *operands, **attrs)
    assert made == expected and type(made) is type(expected)


@pytest.mark.parametrize(
    "name, operands, attrs, kind, said",
    [
        ("get_item", [[1], 1], {}, "index", "index 1 of a list of 1"),
        ("get_item", [[1], -1], {}, "index", "index -1"),
        ("binary", [1, 0], {"kind": "div"}, "arithmetic", "div of 1 by zero"),
        ("binary", [1.0, 0.0], {"kind": "mod"}, "arithmetic", "by zero"),
        ("binary", [2**62, 2], {"kind": "mul"}, "arithmetic", "outside of i64"),
    ],
)
def test_errors_can_be_caught(name, operands, attrs, kind, said):
    with pytest.raises(RuntimeFault, match=said) as caught:
        _do(name, *operands, **attrs)
    assert caught.value.kind == kind


def test_constants_take_the_form_of_their_type():
    record = 'record<"P", b: f64, a: list<i64>>'
    made = _do("constant", value={"a": [1], "b": 2}, result_types=[record])
    assert list(made.items()) == [("b", 2.0), ("a", [1])]


def test_a_prompt_in_a_plan():
    b = Builder()
    n, xs = b.input("n", "f64"), b.input("xs", "list<text>")
    prompt = b.op(
        "agent.prompt", n, xs, template="{n}: {{{xs}}}", arg_names=["n", "xs"],
        operand_types=["f64", "list<text>"],
    )  # fmt: skip
    assert outputs(run_plan(b.plan(prompt), {"n": 2, "xs": ["a", "b"]})) == ["2.0: {a\nb}"]
