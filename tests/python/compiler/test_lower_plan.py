"""The last lowering: values, numbers, attributes, types and lines of a plan."""

from __future__ import annotations

import json

from staged import module_of, staged

from agentc import plan
from agentc._mlir import ir
from agentc.compiler.lower_plan import PlanBuilder, source_line
from agentc.compiler.tables import json_schema, ports, schemas, tools


def lowered(body: str, results: str = "!agent.text") -> plan.Region:
    with staged(body, results) as (_, graph):
        return PlanBuilder({}).body(graph)


def _ops(region: plan.Region) -> list[plan.Op]:
    return [op for own in region.ops for op in (own, *(o for r in own.regions for o in _ops(r)))]


LOOP = """
%r = agent.loop (%i, %t = %q : !agent.text) max_iters(3) p_stop(0.25) -> (!agent.text) {
  %x = agent.generate @m(%t) max_tokens(4) temperature(0.5) top_k(3) stop(["\\0A", "."])
    {label = "x", site = 0 : i64}
  %d = agent.compare contains %x, %q : !agent.text
  agent.break_if %d, %x : !agent.text
  agent.yield %x : !agent.text
}
agent.return %r : !agent.text
"""


def test_every_value_is_made_once_before_it_is_used() -> None:
    def check(region: plan.Region, known: set[int]) -> None:
        known = known | set(region.args)
        for op in region.ops:
            assert set(op.operands) <= known
            for inner in op.regions:
                check(inner, known)
            assert not set(op.results) & known
            known |= set(op.results)
        assert set(region.yields) <= known

    check(lowered(LOOP), set())


def test_numbers_of_operations_differ_and_stages_keep_theirs() -> None:
    with staged(LOOP) as (_, graph):
        body = PlanBuilder({}).body(graph)
        numbers = [op.id for op in _ops(body)]
        assert len(set(numbers)) == len(numbers)
        highest = max(op.id for op in _ops(body) if op.kind.startswith("stage."))
        assert all(op.id > highest for op in _ops(body) if op.kind.startswith("agent."))


def test_attributes_are_plain_json_under_their_names() -> None:
    ops = {op.kind: op for op in _ops(lowered(LOOP))}
    decode = ops["stage.decode"]
    assert decode.label == "x" and decode.attrs["model"] == "m"
    assert (decode.attrs["max_tokens"], decode.attrs["temperature"]) == (4, 0.5)
    assert (decode.attrs["stop"], decode.attrs["top_k"]) == (["\n", "."], 3)
    assert decode.attrs["result_types"] == ["text", "kv"]
    assert ops["agent.compare"].attrs["predicate"] == "contains"
    assert (ops["agent.loop"].attrs["max_iters"], ops["agent.loop"].attrs["p_stop"]) == (3, 0.25)
    assert "template" in ops["stage.tokenize"].attrs
    for op in ops.values():
        assert not {"op_id", "label", "work", "placement"} & set(op.attrs)
        assert json.loads(json.dumps(op.attrs)) == op.attrs


def test_estimates_go_to_the_stage_of_their_number() -> None:
    with staged(LOOP) as (_, graph):
        decode = next(op for op in _ops(PlanBuilder({}).body(graph)) if op.kind == "stage.decode")
        estimate = plan.Estimate(1.0, 0.5, 2.0, "memory", "datasheet")
        ops = _ops(PlanBuilder({decode.id: estimate}).body(graph))
        assert [op.kind for op in ops if op.estimate is not None] == ["stage.decode"]


def test_constants_and_records_keep_the_order_of_their_fields() -> None:
    record = '!agent.record<"R", z: i64, a: !agent.list<!agent.text>, on: i1>'
    region = lowered(
        f'%r = agent.constant {{a = ["x", "y"], on = true, z = 3}} : {record}\n'
        f"agent.return %r : {record}",
        record,
    )
    (constant,) = region.ops
    assert list(constant.attrs["value"].items()) == [("z", 3), ("a", ["x", "y"]), ("on", True)]


def test_regions_end_as_written_and_the_default_comes_first() -> None:
    region = lowered(
        """%r = agent.switch %q : !agent.text cases ["a", "b"] -> (!agent.text) {
          agent.yield %q : !agent.text
        }, { %x = agent.generate @m(%q) max_tokens(4) {site = 0 : i64}
          agent.yield %x : !agent.text
        } default { agent.throw %q kind("odd") }
        agent.return %r : !agent.text"""
    )
    switch = next(op for op in region.ops if op.kind == "agent.switch")
    assert [inner.end for inner in switch.regions] == ["throw", "yield", "yield"]
    assert switch.regions[0].end_attrs["kind"] == "odd"
    assert switch.attrs["cases"] == ["a", "b"]
    assert region.end == "return"


def test_lines_are_those_of_the_file() -> None:
    with module_of("agent.return %q : !agent.text") as (module, _), module.context:
        place = ir.Location.file("graph.py", 42, 7)
        for location, expected in (
            (place, "graph.py:42"),
            (ir.Location.name("x", place), "graph.py:42"),
            (ir.Location.fused([ir.Location.unknown(), place]), "graph.py:42"),
            (ir.Location.unknown(), ""),
        ):
            op = ir.Operation.create("agent.yield", loc=location)
            assert source_line(op) == expected


def test_tables_say_what_goes_in_and_out() -> None:
    with module_of("agent.return %q, %l : !agent.text, !agent.list<!agent.text>",
                   "!agent.text, !agent.list<!agent.text>") as (module, graph):  # fmt: skip
        inputs, outputs = ports(graph)
        assert [(p.name, p.type) for p in inputs] == [
            ("q", "text"), ("c", "i1"), ("l", "list<text>"),
        ]  # fmt: skip
        assert [p.name for p in outputs] == ["result0", "result1"]
        assert outputs[1].schema == {"type": "array", "items": {"type": "string"}}
        ask, mail = tools(module)
        assert (ask.name, ask.tool_class, ask.cost_usd, ask.retries) == ("ask", "pure", 0.5, 0)
        assert (mail.tool_class, mail.timeout_s, mail.latency) == ("irreversible", None, None)
        assert schemas(module) == {}


def test_a_graph_without_inputs_has_no_ports() -> None:
    with ir.Context(), ir.Location.unknown():
        module = ir.Module.parse(
            'agent.graph @g() -> !agent.text { %t = agent.constant "x" : !agent.text '
            "agent.return %t : !agent.text }"
        )
        inputs, outputs = ports(module.body.operations[0])
        assert (inputs, [p.type for p in outputs]) == ((), ["text"])


def test_schemas_of_types() -> None:
    with ir.Context():
        for spelled, expected in {
            "!agent.embedding<3>": {
                "type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3,
            },
            "tensor<2x?xf32>": {
                "type": "array", "minItems": 2, "maxItems": 2,
                "items": {"type": "array", "items": {"type": "number"}},
            },
            "tensor<i64>": {"type": "integer"},
            "f64": {"type": "number"},
        }.items():  # fmt: skip
            assert json_schema(ir.Type.parse(spelled)) == expected
