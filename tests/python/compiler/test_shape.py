"""The planner's tree: what follows, accompanies or excludes what, how often, and from where."""

from __future__ import annotations

import pytest
from staged import ids, staged

from agentc.compiler.shape import CATCH_PROBABILITY, shape_of
from agentc.compiler.stages import edge_specs, stage_specs
from agentc.cost_models.tree import (
    Branch,
    Dag,
    Leaf,
    Loop,
    Map,
    Node,
    Par,
    Race,
    Seq,
    children_of,
    leaves,
    problems_of,
)

CALL = '%{0} = agent.generate @m(%{1}) max_tokens(4) {{label = "{0}", site = {2} : i64}}'
RETURN = "agent.return %{} : !agent.text"


def call(name: str, prompt: str, site: int) -> str:
    return CALL.format(name, prompt, site)


def find(node: Node, kind: type[Node]) -> Node:
    """Returns the only node of a kind below `node`."""
    found = [node] if isinstance(node, kind) else []
    for child in children_of(node):
        try:
            found.append(find(child, kind))
        except LookupError:
            continue
    if len(found) != 1:
        raise LookupError(kind)
    return found[0]


def test_calls_that_share_no_value_run_together_and_others_follow() -> None:
    with staged(
        f"""{call("a", "q", 0)}
        %b = agent.generate @n(%q) max_tokens(4) {{label = "b", site = 1 : i64}}
        %both = agent.concat %a, %b : !agent.text
        {call("d", "both", 2)} {RETURN.format("d")}"""
    ) as (_, graph):
        tree = shape_of(graph).tree
        assert isinstance(tree, Dag)
        a, b, d = (ids(graph, "decode", label)[0] for label in "abd")
        before = _ancestors(tree)
        assert a not in before[b] and b not in before[a]
        assert {a, b} <= before[d]
        assert problems_of(tree, frozenset(leaves(tree))) == []


def _ancestors(tree: Dag) -> dict[int, set[int]]:
    """Returns by leaf the leaves that must have run before it, over all paths."""
    before: list[set[int]] = []
    for number, _ in enumerate(tree.children):
        direct = [a for a, b in tree.deps if b == number]
        stages = (set(leaves(tree.children[a])) | before[a] for a in direct)
        before.append(set().union(*stages))
    return {leaf: before[n] for n, child in enumerate(tree.children) for leaf in leaves(child)}


def test_a_switch_has_its_default_first_and_its_weight_last() -> None:
    with staged(
        f"""%r = agent.switch %q : !agent.text cases ["x", "y"] weights [0.6, 0.3, 0.1]
          -> (!agent.text) {{ {call("x", "q", 0)} agent.yield %x : !agent.text
        }}, {{ {call("y", "q", 1)} agent.yield %y : !agent.text
        }} default {{ {call("z", "q", 2)} agent.yield %z : !agent.text }}
        {RETURN.format("r")}"""
    ) as (_, graph):
        branch = find(shape_of(graph).tree, Branch)
        share = {
            label: probability
            for child, probability in zip(branch.children, branch.probabilities, strict=True)
            for label in "xyz"
            if ids(graph, "decode", label)[0] in leaves(child)
        }
        assert share == pytest.approx({"x": 0.6, "y": 0.3, "z": 0.1})
        assert not branch.assumed


@pytest.mark.parametrize(("p", "shares"), [("p_true(0.8)", (0.8, 0.2)), ("", (0.5, 0.5))])
def test_a_cond_is_assumed_even_unless_declared(p: str, shares: tuple[float, float]) -> None:
    with staged(
        f"""%r = agent.cond %c {p} -> (!agent.text) {{ {call("x", "q", 0)}
          agent.yield %x : !agent.text }} else {{ agent.yield %q : !agent.text }}
        {RETURN.format("r")}"""
    ) as (_, graph):
        branch = find(shape_of(graph).tree, Branch)
        assert branch.probabilities == pytest.approx(shares)
        assert branch.assumed == (not p)
        assert [bool(list(leaves(child))) for child in branch.children] == [True, False]


def test_a_try_runs_its_handler_rarely() -> None:
    with staged(
        f"""%r = agent.try -> (!agent.text) {{
          %t = agent.call_tool @ask(%q) {{label = "ask"}} : (!agent.text) -> !agent.text
          agent.yield %t : !agent.text
        }} catch {{ ^bb0(%e: !agent.record<"Error", kind: !agent.text, message: !agent.text>):
          {call("x", "q", 0)} agent.yield %x : !agent.text }}
        {RETURN.format("r")}"""
    ) as (_, graph):
        tree = find(shape_of(graph).tree, Seq) if isinstance(shape_of(graph).tree, Dag) else None
        tree = tree or shape_of(graph).tree
        body, handler = tree.children
        assert list(leaves(body)) == ids(graph, "call")
        assert handler.probabilities == (CATCH_PROBABILITY, 1 - CATCH_PROBABILITY)
        assert set(leaves(handler.children[0])) >= set(ids(graph, "decode", "x"))
        assert handler.assumed


def test_loops_maps_votes_and_races_count() -> None:
    with staged(
        f"""%r = agent.loop (%i, %t = %q : !agent.text) max_iters(3) p_stop(1.0) -> (!agent.text) {{
          {call("x", "t", 0)}
          %d = agent.compare eq %x, %t : !agent.text
          agent.break_if %d, %x : !agent.text
          agent.yield %x : !agent.text }}
        %v = agent.vote n(5) majority -> (!agent.text) {{ ^bb0(%i: i64):
          %y = agent.generate @m(%r) max_tokens(4) temperature(1.0) {{label = "y", site = 1 : i64}}
          agent.yield %y : !agent.text }}
        %w = agent.race -> (!agent.text) {{ {call("s", "v", 2)} agent.yield %s : !agent.text
        }}, {{ {call("u", "q", 3)} agent.yield %u : !agent.text }}
        {RETURN.format("w")}"""
    ) as (_, graph):
        tree = shape_of(graph).tree
        assert find(tree, Loop).count.mean == 1.0
        assert find(tree, Map).width.p99 == 5.0
        race = find(tree, Race)
        assert [bool(list(leaves(child))) for child in race.children] == [True, True]
        with pytest.raises(LookupError):
            find(tree, Par)


def test_a_map_is_as_wide_as_declared() -> None:
    with staged(
        f"""%r = agent.map %l : !agent.list<!agent.text> width(#agent.dist<constant [7.0] declared>)
          max_parallel(2) -> (!agent.list<!agent.text>) {{ ^bb0(%i: i64, %t: !agent.text):
          {call("x", "t", 0)} agent.yield %x : !agent.text }}
        agent.return %r : !agent.list<!agent.text>""",
        "!agent.list<!agent.text>",
    ) as (_, graph):
        node = find(shape_of(graph).tree, Map)
        assert (node.width.mean, node.max_parallel, node.assumed) == (7.0, 2, False)


def test_what_stands_behind_a_break_waits_for_its_condition() -> None:
    with staged(
        f"""%r = agent.loop (%i, %t = %q : !agent.text) max_iters(3) -> (!agent.text) {{
          {call("x", "t", 0)}
          %d = agent.compare eq %x, %q : !agent.text
          agent.break_if %d, %x : !agent.text
          %y = agent.generate @n(%t) max_tokens(4) {{label = "y", site = 1 : i64}}
          agent.yield %y : !agent.text }}
        {RETURN.format("r")}"""
    ) as (_, graph):
        body = find(shape_of(graph).tree, Loop).body
        (x,), (y,) = (ids(graph, "decode", label) for label in "xy")
        assert x in _ancestors(body)[y]


def test_a_tool_that_acts_waits_for_all_before_it_and_a_pure_one_does_not() -> None:
    with staged(
        f"""{call("x", "q", 0)}
        %t = agent.call_tool @ask(%q) : (!agent.text) -> !agent.text
        %u = agent.cond %c -> (!agent.text) {{
          %m = agent.call_tool @mail(%q) : (!agent.text) -> !agent.text
          agent.yield %m : !agent.text
        }} else {{ agent.yield %q : !agent.text }}
        %r = agent.concat %x, %t, %u : !agent.text
        {RETURN.format("r")}"""
    ) as (_, graph):
        before = _ancestors(shape_of(graph).tree)
        ask, mail = ids(graph, "call")
        (x,) = ids(graph, "decode")
        assert not before[ask] & {x, mail}
        assert {x, ask} <= before[mail]


def test_values_come_round_a_loop_and_out_of_its_breaks() -> None:
    """What `@n` wrote in one iteration `@m` reads in the next; what `@e` reads behind the loop may
    come from either: all three are edges, over which a placement may have to move text."""
    with staged(
        """%r = agent.loop (%i, %t = %q : !agent.text) max_iters(3) -> (!agent.text) {
          %x = agent.generate @m(%t) max_tokens(4) {label = "x", site = 0 : i64}
          agent.break_if %c, %x : !agent.text
          %y = agent.generate @n(%x) max_tokens(4) {label = "y", site = 1 : i64}
          agent.yield %y : !agent.text }
        %v = agent.embed @e(%r) {label = "v"} : !agent.text -> !agent.embedding<8>
        agent.return %v : !agent.embedding<8>""",
        "!agent.embedding<8>",
    ) as (_, graph):
        shape = shape_of(graph)
        edges = {(edge.producer, edge.consumer) for edge in edge_specs(graph, shape, {})}
        (x,), (y,), (v,) = (
            ids(graph, "decode", "x"),
            ids(graph, "decode", "y"),
            ids(graph, "encode"),
        )
        into_x = set(ids(graph, "prefill", "x"))
        assert any((y, prefill) in edges for prefill in into_x)
        assert {(x, v), (y, v)} <= edges


def test_edges_say_what_they_carry_and_how_much() -> None:
    with staged(
        """%d = agent.retrieve @docs(%q) k(3) : !agent.text -> !agent.docs
        %r = agent.rerank @e(%q, %d) k(2) -> !agent.docs
        agent.return %r : !agent.docs""",
        "!agent.docs",
    ) as (module, graph):
        edges = {edge.what: edge for edge in edge_specs(graph, shape_of(graph), {})}
        assert edges["embedding<8>"].bytes == 4 * 8
        assert edges["docs"].bytes == 3 * 1024
        assert [spec.kind for spec in stage_specs(module, graph, {})] == [
            "stage.encode",
            "stage.search",
            "stage.score",
        ]


def test_stages_say_what_the_planner_needs() -> None:
    with staged(
        f"""%t = agent.call_tool @ask(%q) {{label = "ask"}} : (!agent.text) -> !agent.text
        {call("x", "t", 0)} {RETURN.format("x")}"""
    ) as (module, graph):
        specs = {(spec.kind, spec.label): spec for spec in stage_specs(module, graph, {})}
        tool, decode = specs["stage.call", "ask"], specs["stage.decode", "x"]
        assert (tool.cost_usd, tool.model, tool.fixed.kind) == (0.5, None, "lognormal")
        assert (decode.model, decode.colocate, decode.weights_bytes) == ("m", "m", {"f32": 4000.0})
        assert decode.state_group == "m" and decode.steps >= 1.0


def test_a_graph_without_stages_is_an_empty_tree() -> None:
    with staged(RETURN.format("q")) as (_, graph):
        assert list(leaves(shape_of(graph).tree)) == []


def test_one_stage_is_a_leaf() -> None:
    with staged(
        """%v = agent.embed @e(%q) : !agent.text -> !agent.embedding<8>
        agent.return %v : !agent.embedding<8>""",
        "!agent.embedding<8>",
    ) as (_, graph):
        assert shape_of(graph).tree == Leaf(ids(graph, "encode")[0])
