"""`agent.parse` and the schemas of inputs: what fits passes in the type's form, the rest throws."""

import pytest
from runtime_plans import Builder, outputs, run_plan

from agentc.errors import RuntimeFault
from agentc.plan import Plan, Port, Region
from agentc.runtime.inputs import check_inputs
from agentc.runtime.ops.parse import first_problem

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "number", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "age", "tags"],
}
TYPE = 'record<"Person", name: text, age: f64, tags: list<text>>'


def _plan(caught=False):
    b = Builder()
    text = b.input("text", "text")

    def parsed():
        return [b.op("agent.parse", text, schema="Person", result_types=[TYPE], source="g.py:9")]

    if not caught:
        return b.plan(parsed()[0], types=["record"], schemas={"Person": SCHEMA})
    catch = b.region(lambda error: [error], args=1)
    out = b.op("agent.try", regions=[b.region(parsed), catch])
    return b.plan(out, types=["record"], schemas={"Person": SCHEMA})


def test_a_valid_text_becomes_a_record_in_the_order_of_its_type():
    text = '{"tags": ["x"], "age": 3, "name": "Ada", "more": 1}'
    made = outputs(run_plan(_plan(), {"text": text}))[0]
    assert list(made.items()) == [("name", "Ada"), ("age", 3.0), ("tags", ["x"])]


@pytest.mark.parametrize(
    "text, said",
    [
        ("Ada is 3", "text is not a 'Person': Expecting value"),
        ('{"name": "Ada", "age": 3', 'found \'{"name": "Ada", "age": 3\''),
        ('{"name": "Ada", "age": 3}', "'tags' is a required property"),
        ('{"name": "Ada", "age": -1, "tags": []}', "age: -1 is less than the minimum"),
        ('{"name": "", "age": 1, "tags": []}', "name: "),
        ('{"name": "Ada", "age": 1, "tags": [2]}', r"tags\[0\]: 2 is not of type 'string'"),
        ("[1]", "is not of type 'object'"),
        ("x" * 500, r"x\.\.\.'"),
    ],
)
def test_anything_else_throws_parse_with_the_line(text, said):
    with pytest.raises(RuntimeFault, match=said) as caught:
        run_plan(_plan(), {"text": text})
    assert caught.value.kind == "parse" and str(caught.value.source) == "g.py:9"


def test_the_program_can_catch_it():
    made = outputs(run_plan(_plan(caught=True), {"text": "no"}))[0]
    assert made["kind"] == "parse" and made["message"].startswith("text is not a 'Person'")


def test_first_problem_says_nothing_when_all_is_well():
    assert first_problem({"name": "a", "age": 1, "tags": []}, SCHEMA) == ""
    assert first_problem(1, {}) == ""


@pytest.mark.parametrize(
    "value, said",
    [(5, "input 'n': 5 is greater than the maximum"), ("5", "input 'n' is str '5', expected i64")],
)
def test_inputs_obey_type_and_schema(value, said):
    port = Port("n", "i64", {"type": "integer", "maximum": 4})
    plan = Plan("p", "", (port,), (), Region((0,), (), (), "return"))
    assert check_inputs(plan, {"n": 4}) == {"n": 4}
    with pytest.raises(RuntimeFault, match=said):
        check_inputs(plan, {"n": value})


def test_a_throw_points_at_its_line():
    b = Builder()
    region = b.region(lambda: [b.const("stop")], end="throw", kind="mine")
    region.end_attrs["source"] = "g.py:12"
    plan = b.plan(b.op("agent.parallel", regions=[region]))
    with pytest.raises(RuntimeFault, match=r"g\.py:12: stop") as caught:
        run_plan(plan)
    assert caught.value.source is not None and caught.value.source.line == 12
