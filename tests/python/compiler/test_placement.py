"""Writing a placement: what the planner chose, and what follows from it also in control flow."""

from __future__ import annotations

from staged import ids, staged

from agentc._mlir import ir
from agentc.compiler.lower_plan import own_id, walk
from agentc.compiler.passes import run_pipeline
from agentc.compiler.placement import write_placement
from agentc.compiler.shape import PLACEABLE
from agentc.cost_models.problem import ORCHESTRATOR
from agentc.cost_models.promise import Placement

SESSIONS = """
%s = agent.open_session @m "talk" -> !agent.session
%t = agent.call_tool @ask(%q) {label = "ask"} : (!agent.text) -> !agent.text
%s1 = agent.append_session %s, %t role("tool") -> !agent.session
%r:2 = agent.loop (%i, %x = %q : !agent.text, %k = %s1 : !agent.session) max_iters(3)
    -> (!agent.text, !agent.session) {
  %a, %k1 = agent.generate @m(%x) session(%k) max_tokens(4) {label = "a", site = 0 : i64}
  agent.break_if %c, %a, %k1 : !agent.text, !agent.session
  agent.yield %a, %k1 : !agent.text, !agent.session
}
%both:2 = agent.parallel -> (!agent.text, !agent.text) {
  %b, %k2 = agent.generate @m(%q) session(%r#1) max_tokens(4) {label = "b", site = 1 : i64}
  agent.yield %b : !agent.text
}, {
  %d = agent.generate @n(%r#0) max_tokens(4) {label = "d", site = 2 : i64}
  agent.yield %d : !agent.text
}
%e = agent.concat %both#0, %both#1 : !agent.text
agent.return %e : !agent.text
"""


def placed(module: ir.Module, graph: ir.OpView) -> dict[str, set[str]]:
    """Places @m on "left", @n on "right", tools in the orchestrator; returns device classes by op
    name, after the transfers are in and the C++ gate has passed."""
    device = {"m": "left", "n": "right"}
    taken = {}
    for op in walk(graph.regions[0].blocks[0]):
        if op.operation.name in PLACEABLE:
            model = op.attributes["model"].value if "model" in op.attributes else None
            taken[own_id(op)] = Placement(device.get(model, ORCHESTRATOR), "f32" if model else "")
    write_placement(module, graph, taken)
    run_pipeline(module, "agentc-finalize-placement")
    found: dict[str, set[str]] = {}
    for op in walk(graph.regions[0].blocks[0]):
        if op.operation.name.startswith("stage."):
            found.setdefault(op.operation.name, set()).add(op.attributes["placement"].device)
    return found


def test_a_sequence_stays_with_its_model_whatever_text_went_into_it() -> None:
    """A tool's answer is appended to the session: its KV is on the model's device class, not where
    the tool runs, through a loop, its breaks and a fork."""
    with staged(SESSIONS) as (module, graph):
        found = placed(module, graph)
        for kind in ("stage.kv.append", "stage.kv.fork", "stage.kv.close", "stage.kv.open"):
            assert found.get(kind, {"left"}) <= {"left", "right"}, kind
        assert found["stage.kv.append"] >= {"left"}
        assert found["stage.call"] == found["stage.await"] == {ORCHESTRATOR}
        assert found["stage.decode"] == {"left", "right"}


def test_text_that_crosses_is_transferred_and_a_sequence_does_not_move() -> None:
    with staged(SESSIONS) as (module, graph):
        found = placed(module, graph)
        assert "stage.kv.move" not in found


def test_the_module_names_the_classes_in_use() -> None:
    with staged(SESSIONS) as (module, graph):
        placed(module, graph)
        names = [name.value for name in module.operation.attributes["agentc.device_classes"]]
        assert names == sorted({"left", "right", ORCHESTRATOR})


def test_engines_batch_and_others_do_not() -> None:
    with staged(SESSIONS) as (module, graph):
        placed(module, graph)
        decode = set(ids(graph, "decode"))
        for op in walk(graph.regions[0].blocks[0]):
            if own_id(op) in decode:
                assert op.attributes["placement"].max_batch > 1
            elif op.operation.name == "stage.call":
                assert op.attributes["placement"].max_batch == 1
