"""Precisions from the model's file to the placement: candidates, their work, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from staged import staged

from agentc import models, plan
from agentc._mlir import ir
from agentc.codegen.targets import TargetSpec
from agentc.compiler import compile_graph, place_graph
from agentc.compiler.lower_plan import walk, work_record
from agentc.compiler.precisions import in_precision, offered
from agentc.compiler.shape import op_id
from agentc.compiler.stages import stage_specs
from agentc.cost_models.cluster import load_cluster
from agentc.cost_models.work import WorkBand
from agentc.errors import CompileError
from agentc.models.program import Footprint
from agentc.plan import Work

SMOL = "smollm2-135m-instruct"
SAMPLES = Path(__file__).parents[3] / "samples"
CLUSTER = SAMPLES / "cluster.yaml"
MIXED = """
agentc: cluster/v1
name: mixed
device_classes:
  cpu: {kind: cpu, iree: {device: local-task, arch: host}, memory: 8GiB, bandwidth: 50GB/s,
        compute: {fp32: 400GFLOP/s}, efficiency: {compute: 0.8, bandwidth: 0.5, launch: 100us}}
  gpu: {kind: gpu, iree: {device: vulkan}, memory: 8GiB, bandwidth: 60GB/s,
        compute: {fp32: 400GFLOP/s}, efficiency: {compute: 0.8, bandwidth: 0.5, launch: 100us}}
nodes:
  box: {count: 1, devices: {cpu: 1, gpu: 1}}
prices:
  cpu: {on_demand: $0.1/h}
  gpu: {on_demand: $0.1/h}
"""
GRAPH = """
import agentc as ag

@ag.llm(model="smollm2-135m-instruct", max_tokens=8)
def say(text: str) -> str:
    '''{text}'''

@ag.graph
def small(text: str) -> str:
    return say(text)
"""
ENCODING = """
import agentc as ag

@ag.embed(model="all-minilm-l6-v2")
def vector_of(text: str) -> ag.Embedding[384]: ...

@ag.graph
def vector(text: str) -> ag.Embedding[384]:
    return vector_of(text)
"""


@pytest.fixture
def graph(tmp_path: Path) -> str:
    (tmp_path / "small.py").write_text(GRAPH)
    return str(tmp_path / "small.py")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    (tmp_path / "mixed.yaml").write_text(MIXED)
    return tmp_path / "mixed.yaml"


def decode_of(placed):
    (op,) = (o for o in walk(placed.graph.regions[0].blocks[0]) if o.name == "stage.decode")
    return op


def test_a_quantised_model_is_planned_in_its_own_precision(graph: str) -> None:
    placed = place_graph(graph, CLUSTER)
    (offer,) = models.precisions(models.resolve(SMOL), [TargetSpec("local-task", "host")])
    with placed.traced.module.context, ir.Location.unknown():
        op = decode_of(placed)
        assert op.attributes["placement"].precision == "i4"
        work = work_record(op.attributes["work"])
        number = op_id(op)
    stage = placed.problem.stage(number)
    assert {c.precision for c in stage.candidates} == {"i4", "f32"}
    seconds = {c.precision: c.time_s.mean for c in stage.candidates}
    assert seconds["i4"] < seconds["f32"]
    chosen = next(c for c in stage.candidates if c.precision == "i4")
    assert chosen.weights_bytes == offer.footprints["i4"].weight_bytes
    assert work.state_bytes == pytest.approx(chosen.state_bytes, rel=0.5)
    assert work.bytes_read > work.calls * chosen.weights_bytes
    assert work.bytes_read < work.calls * chosen.weights_bytes * 1.5


@pytest.mark.parametrize(("asked", "found"), [("f32", "f32"), ("i8", "i8"), ("int8", "i8")])
def test_the_user_may_choose(graph: str, asked: str, found: str) -> None:
    placed = place_graph(graph, CLUSTER, precision=asked)
    with placed.traced.module.context:
        assert decode_of(placed).attributes["placement"].precision == found
        numbers = [op_id(decode_of(placed))]
    assert {c.precision for c in placed.problem.stage(numbers[0]).candidates} == {found}


def test_a_class_without_the_precision_says_so(graph: str, mixed: Path) -> None:
    placed = place_graph(graph, mixed, precision="i4")
    with placed.traced.module.context:
        assert decode_of(placed).attributes["placement"].device == "cpu"
        number = op_id(decode_of(placed))
    rejected = placed.problem.stage(number).rejected
    assert rejected == {"gpu": "no code can be generated for it in i4"}


def test_by_default_each_class_has_its_own(graph: str, mixed: Path) -> None:
    placed = place_graph(graph, mixed)
    with placed.traced.module.context:
        number = op_id(decode_of(placed))
    found = {(c.device, c.precision) for c in placed.problem.stage(number).candidates}
    assert found == {("cpu", "i4"), ("cpu", "f32"), ("gpu", "f32")}


def test_a_model_without_the_precision_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vector.py"
    file.write_text(ENCODING)
    with pytest.raises(CompileError, match=r"has no precision 'i4' on any .* only i8, f32"):
        place_graph(str(file), CLUSTER, precision="i4")
    with pytest.raises(CompileError, match="unknown precision 'i5'; expected one of: f16, f32, i4"):
        place_graph(str(file), CLUSTER, precision="i5")


def test_the_binary_is_of_the_planned_precision(graph: str) -> None:
    for precision, page_dtype in (("", "f16"), ("f32", "f32")):
        compiled = compile_graph(graph, CLUSTER, precision=precision)
        (model,) = compiled.plan.models
        (binary,) = model.binaries.values()
        (parameters,) = model.parameters.values()
        assert (binary.precision, binary.page_dtype) == (precision or "i4", page_dtype)
        assert parameters.size_bytes < (1.1e8 if not precision else 5.5e8)
        decode = next(op for op in ops(compiled.plan.body) if op.kind == "stage.decode")
        assert decode.work.bytes_read < decode.work.calls * parameters.size_bytes * 1.5


def ops(region: plan.Region):
    for op in region.ops:
        yield op
        for inner in op.regions:
            yield from ops(inner)


def test_a_fallback_is_told(graph: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("agentc.codegen.kernels.folders", lambda: [tmp_path / "nothing"])
    found = offered({"m": models.resolve(SMOL)}, load_cluster(CLUSTER))["m"]
    assert list(found.footprints()) == ["f32"]
    (precisions,) = found.by_class.values()
    assert "runs in f32 on local-task, not in the precision of its file" in precisions.note
    asked = offered({"m": models.resolve(SMOL)}, load_cluster(CLUSTER), "f32")["m"]
    assert next(iter(asked.by_class.values())).note == ""


def test_work_in_another_precision() -> None:
    """Weights once a call, and of a decode all other traffic and the state are KV."""
    reference, narrow = Footprint(4000, 64.0, True), Footprint(600, 32.0, True)
    work = Work(flops=10, bytes_read=3 * 4000 + 640, bytes_written=192, state_bytes=640, calls=3)
    band = WorkBand(work, work)
    found = in_precision(band, "stage.decode", reference, narrow).mean
    assert found == Work(10, 3 * 600 + 320, 96, 320, 0, 3)
    assert in_precision(band, "stage.decode", reference, reference) == band
    found = in_precision(band, "stage.encode", reference, narrow).p95
    assert found == Work(10, 3 * 600 + 640, 192, 640, 0, 3)


def test_models_without_an_offer_keep_the_reference() -> None:
    with staged("%a = agent.generate @m(%q) max_tokens(4) {site = 0 : i64}\n"
                "agent.return %a : !agent.text") as (module, graph):  # fmt: skip
        specs = [s for s in stage_specs(module, graph, {}) if s.model]
        assert specs and all(set(s.work) == {"f32"} and not s.precisions for s in specs)
