"""The shape of a graph for the planner: a tree over its placeable stages, from regions and uses.

A block is a dataflow (`Dag`): its children are the stages and the control operations that hold
stages; one depends on another when a value reaches it, directly or through data operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agentc._mlir import ir
from agentc._mlir.dialects import agent
from agentc.compiler.lower_plan import distribution, source_line
from agentc.cost_models.distributions import Band, constant_band, count_band, loop_band
from agentc.cost_models.tree import Branch, Dag, Leaf, Loop, Map, Node, Par, Race, Seq, leaves
from agentc.plan import Distribution

# Stages with work of their own; all other stage ops follow one of these.
PLACEABLE = {
    "stage.prefill",
    "stage.decode",
    "stage.encode",
    "stage.search",
    "stage.score",
    "stage.call",
    "stage.module",
}
CATCH_PROBABILITY = 0.05  # nobody can declare it; `explain` prints that it is assumed
MAP_WIDTH = Distribution("uniform", (1.0, 8.0))  # likewise


@dataclass
class Shape:
    """`tree` over `op_id`s, and for every SSA value the stages that it may come from."""

    tree: Node
    origins: dict[ir.Value, frozenset[int]] = field(default_factory=dict)


def shape_of(graph: ir.OpView) -> Shape:
    """Returns the shape of an `agent.graph` at stage level."""
    shape = Shape(Seq(()))
    shape.tree = _block(graph.regions[0].blocks[0], shape.origins)
    return shape


def op_id(op: ir.OpView) -> int:
    """Returns the number that `split-calls` gave a stage op."""
    return int(op.attributes["op_id"].value)


def captured(op: ir.OpView) -> Iterator[ir.Value]:
    """Yields the operands of `op` and of everything inside its regions."""
    yield from op.operands
    for region in op.regions:
        for block in region.blocks:
            for inner in block.operations:
                yield from captured(inner)


def _block(block: ir.Block, origins: dict[ir.Value, frozenset[int]]) -> Node:
    """Returns the dataflow of a block. `before` maps a value to the children that it waits for."""
    children: list[Node] = []
    dependencies: set[tuple[int, int]] = set()
    before: dict[ir.Value, frozenset[int]] = {}
    barrier = frozenset[int]()  # what stands behind a break_if runs only when it is not taken
    for op in block.operations:
        waits = barrier.union(*(before.get(value, frozenset()) for value in captured(op)))
        if op.operation.name == "agent.break_if":
            barrier = waits
        if _writes(op):  # anything before it may throw, and then it must not have happened
            waits = frozenset(range(len(children)))
        node = _node(op, origins)
        if node is not None:
            dependencies |= {(child, len(children)) for child in waits}
            waits = frozenset({len(children)})
            children.append(node)
        before |= dict.fromkeys(op.results, waits)
    if len(children) == 1:
        return children[0]
    return Dag(tuple(children), tuple(sorted(dependencies)))


def _writes(op: ir.OpView) -> bool:
    """Whether `op`, or anything inside, calls a tool that changes the world."""
    if op.operation.name == "stage.call":
        root = op.operation
        while root.parent is not None:
            root = root.parent.operation
        tool = ir.SymbolTable(root)[op.attributes["tool"].value]
        is_pure = agent.ToolClass(tool.attributes["tool_class"].value) == agent.ToolClass.Pure
        reads, writes = "reads" in tool.attributes, "writes" in tool.attributes
        return not is_pure and (writes or not reads)
    inner = (child for region in op.regions for block in region for child in block.operations)
    return any(_writes(child) for child in inner)


def _node(op: ir.OpView, origins: dict[ir.Value, frozenset[int]]) -> Node | None:
    """Returns the child that `op` is in its block, or None for what takes no time."""
    kind = op.operation.name
    if kind in PLACEABLE:
        origins |= {result: frozenset({op_id(op)}) for result in op.results}
        return Leaf(op_id(op))
    if kind in CONTROL:
        _bind_arguments(op, origins)
        bodies = [_block(region.blocks[0], origins) for region in op.regions]
        while kind == "agent.loop" and _bind_carried(op, origins):
            bodies = [_block(op.regions[0].blocks[0], origins)]
        _bind_results(op, origins)
        has_stages = any(True for body in bodies for _ in leaves(body))
        return CONTROL[kind](op, bodies) if has_stages else None
    through = frozenset[int]().union(*(origins.get(value, frozenset()) for value in op.operands))
    origins |= dict.fromkeys(op.results, through)
    return None


def _bind_arguments(op: ir.OpView, origins: dict[ir.Value, frozenset[int]]) -> None:
    """Block arguments of loops and maps come from the operands, after the index."""
    for region in op.regions:
        for argument, operand in zip(
            list(region.blocks[0].arguments)[1:], op.operands, strict=False
        ):
            origins[argument] = origins.get(operand, frozenset())


def _bind_carried(loop: ir.OpView, origins: dict[ir.Value, frozenset[int]]) -> bool:
    """What a loop's body yields comes in again; returns whether that was news."""
    block = loop.regions[0].blocks[0]
    news = False
    for argument, value in zip(list(block.arguments)[1:], _handed_on(block)[0], strict=False):
        found = origins.get(argument, frozenset()) | origins.get(value, frozenset())
        news = news or found != origins.get(argument)
        origins[argument] = found
    return news


def _handed_on(block: ir.Block) -> list[list[ir.Value]]:
    """The values that a block gives: those that it yields (none when it throws), then those of
    each break_if."""
    *body, last = block.operations
    yielded = list(last.operands) if last.operation.name == "agent.yield" else []
    breaks = [op for op in body if op.operation.name == "agent.break_if"]
    return [yielded, *(list(op.operands)[1:] for op in breaks)]


def _bind_results(op: ir.OpView, origins: dict[ir.Value, frozenset[int]]) -> None:
    """A result comes from what any region hands on in its place; a loop runs at least once."""
    offset = 0
    for region in op.regions:
        handed_on = _handed_on(region.blocks[0])
        for values in handed_on:
            for number, value in enumerate(values, offset):
                result = op.results[number]
                origins[result] = origins.get(result, frozenset()) | origins.get(value, frozenset())
        if op.operation.name == "agent.parallel":
            offset += len(handed_on[0])


def _named(op: ir.OpView) -> dict[str, Any]:
    return {"label": op.operation.name.removeprefix("agent."), "source": source_line(op)}


def _cond(op: ir.OpView, bodies: list[Node]) -> Node:
    declared = "p_true" in op.attributes
    p = op.attributes["p_true"].value if declared else 0.5
    return Branch(tuple(bodies), (p, 1 - p), **_named(op), assumed=not declared)


def _switch(op: ir.OpView, bodies: list[Node]) -> Node:
    """Regions are the default and then the cases; `weights` are the cases and then the default."""
    declared = "weights" in op.attributes and sum(op.attributes["weights"]) > 0
    weights = list(op.attributes["weights"]) if declared else [1.0] * len(bodies)
    shares = [weights[-1], *weights[:-1]]
    total = sum(shares)
    return Branch(
        tuple(bodies), tuple(s / total for s in shares), **_named(op), assumed=not declared
    )


def _loop(op: ir.OpView, bodies: list[Node]) -> Node:
    at_most = op.attributes["max_iters"].value
    p_stop = op.attributes["p_stop"].value if "p_stop" in op.attributes else None
    count: Band = loop_band(at_most, p_stop)
    if "iters" in op.attributes:
        count = count_band(dist_record(op.attributes["iters"]), at_most)
    assumed = p_stop is None and "iters" not in op.attributes
    return Loop(bodies[0], count, **_named(op), assumed=assumed)


def _map(op: ir.OpView, bodies: list[Node]) -> Node:
    declared = "width" in op.attributes
    width = dist_record(op.attributes["width"]) if declared else MAP_WIDTH
    limit = op.attributes["max_parallel"].value if "max_parallel" in op.attributes else None
    return Map(bodies[0], count_band(width), limit, **_named(op), assumed=not declared)


def _vote(op: ir.OpView, bodies: list[Node]) -> Node:
    return Map(bodies[0], constant_band(float(op.attributes["n"].value)), **_named(op))


def _try(op: ir.OpView, bodies: list[Node]) -> Node:
    shares = (CATCH_PROBABILITY, 1 - CATCH_PROBABILITY)
    handler = Branch((bodies[1], Seq(())), shares, **_named(op), assumed=True)
    return Seq((bodies[0], handler), **_named(op))


def dist_record(attribute: agent.DistAttr) -> Distribution:
    """Returns `#agent.dist` as the plan's record."""
    record = distribution(attribute)
    return Distribution(
        record["kind"], tuple(record["values"]), tuple(record["weights"]), record["provenance"]
    )


CONTROL: dict[str, Callable[[ir.OpView, list[Node]], Node]] = {
    "agent.cond": _cond,
    "agent.switch": _switch,
    "agent.loop": _loop,
    "agent.map": _map,
    "agent.vote": _vote,
    "agent.try": _try,
    "agent.parallel": lambda op, bodies: Par(tuple(bodies), **_named(op)),
    "agent.race": lambda op, bodies: Race(tuple(bodies), **_named(op)),
}
