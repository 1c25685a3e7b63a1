"""The types and attributes of the agent dialect in Python, and its builders."""

from __future__ import annotations

import io
import math
from statistics import NormalDist

import pytest

from agentc._mlir import ir
from agentc._mlir.dialects import agent

# mean = p50 exp(s^2 / 2), s = ln(p95 / p50) / z(0.95)
LOGNORMAL_MEAN = 90 * math.exp((math.log(220 / 90) / NormalDist().inv_cdf(0.95)) ** 2 / 2)


@pytest.fixture
def context():
    with ir.Context() as made, ir.Location.unknown():
        yield made


def test_types_give_back_what_they_are_made_of(context: ir.Context) -> None:
    text = agent.TextType.get()
    record = agent.RecordType.get("Answer", [("text", text), ("score", ir.F64Type.get())])
    assert str(record) == '!agent.record<"Answer", text: !agent.text, score: f64>'
    assert (record.name, record.fields) == (
        "Answer",
        [("text", text), ("score", ir.F64Type.get())],
    )
    assert agent.ListType.get(record).element_type == record
    assert agent.EmbeddingType.get(384).dim == 384
    assert [name for name, _ in agent.DocsType.get().element_type.fields] == [
        "id",
        "source",
        "text",
        "score",
    ]
    assert isinstance(ir.Type.parse("!agent.session"), agent.SessionType)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: agent.EmbeddingType.get(0), "dimension is 0"),
        (lambda: agent.ListType.get(ir.F32Type.get()), "element type 'f32'"),
        (
            lambda: agent.RecordType.get("R", [("a", ir.F64Type.get())] * 2),
            "names that are not empty and differ",
        ),
        (lambda: agent.DistAttr.get("gamma", [1.0]), "unknown distribution 'gamma'"),
        (lambda: agent.DistAttr.get("uniform", [2.0, 1.0]), "ascending order"),
        (lambda: agent.SlaAttr.get(), "sla is empty"),
        (lambda: agent.BudgetAttr.get(tokens=0), "tokens = 0"),
    ],
)
def test_what_is_invalid_is_refused_with_its_reason(context, make, message: str) -> None:
    with pytest.raises(ir.MLIRError, match=message):
        make()


def test_attributes_give_back_what_they_are_made_of(context: ir.Context) -> None:
    dist = agent.DistAttr.get("categorical", [1.0, 3.0], [1.0, 3.0], "imported")
    assert (dist.kind, dist.values, dist.weights) == ("categorical", [1.0, 3.0], [1.0, 3.0])
    assert dist.provenance == "imported"
    assert agent.DistAttr.get("constant", [2.0]).weights is None
    assert agent.SlaAttr.get(p95_s=6.0, availability=0.99).values == {
        "p95_s": 6.0,
        "availability": 0.99,
    }
    assert agent.BudgetAttr.get(usd=0.5, tokens=100).values == {"usd": 0.5, "tokens": 100}


@pytest.mark.parametrize(
    ("kind", "values", "weights", "mean", "p50", "p95"),
    [
        ("constant", [4.0], None, 4.0, 4.0, 4.0),
        ("uniform", [2.0, 4.0], None, 3.0, 3.0, 3.9),
        ("lognormal", [90.0, 220.0], None, LOGNORMAL_MEAN, 90.0, 220.0),
        ("categorical", [5.0, 1.0], [1.0, 3.0], 2.0, 1.0, 5.0),
        ("empirical", [0.0, 1.0, 10.0], None, 3.0, 1.0, 9.1),
    ],
)
def test_distributions(context, kind, values, weights, mean, p50, p95) -> None:
    dist = agent.DistAttr.get(kind, values, weights)
    assert dist.mean == pytest.approx(mean, rel=1e-6)
    assert dist.quantile(0.5) == pytest.approx(p50, rel=1e-9)
    assert dist.quantile(0.95) == pytest.approx(p95, rel=1e-9)
    assert dist.quantile(0.0) <= dist.quantile(0.3) <= dist.quantile(1.0)


def test_a_graph_built_in_python_survives_text_and_bytecode(context: ir.Context) -> None:
    module = ir.Module.create()
    text = agent.TextType.get()
    with ir.InsertionPoint(module.body):
        model = agent.model("smol", agent.ModelKind.LLM, "smollm2-135m-instruct")
        graph = agent.GraphOp("ask", ir.TypeAttr.get(ir.FunctionType.get([text], [text])))
    block = graph.body.blocks.append(text)
    with ir.InsertionPoint(block):
        prompt = agent.prompt("Q: {q}", ["q"], [block.arguments[0]])
        answer = agent.generate("smol", prompt, 8, site=0)
        agent.return_([answer])
    assert module.operation.verify()
    assert str(agent.ModelKind(model.kind.value)) == "llm"
    assert str(ir.Module.parse(str(module))) == str(module)
    buffer = io.BytesIO()
    module.operation.write_bytecode(buffer)
    assert str(ir.Module.parse(buffer.getvalue())) == str(module)


def test_an_error_has_the_line_of_the_text(context: ir.Context) -> None:
    with pytest.raises(ir.MLIRError, match=r"2:1.*empty source"):
        ir.Module.parse('agent.model @a llm source("a")\nagent.model @b llm source("")')
