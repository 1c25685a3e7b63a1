"""The evaluator: regions, control flow, and the table of handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentc._mlir import ir
from agentc._mlir.dialects import agent
from agentc.interpreter import calls, data
from agentc.interpreter.prompts import pieces
from agentc.interpreter.values import Thrown, format_value, majority, median
from agentc.interpreter.world import Piece, World


@dataclass(frozen=True)
class Frame:
    """Where evaluation stands: the values known, the iteration path, and what is constant.

    `values` maps an SSA value to its Python value; a region gets a copy, so nothing it defines
    is seen outside. `prompts` remembers the pieces of values that an `agent.prompt` made.
    """

    module: ir.Module
    world: World
    seed: int
    values: dict[ir.Value, Any]
    prompts: dict[ir.Value, list[Piece]] = field(default_factory=dict)
    path: tuple[int, ...] = ()

    def inside(self, *path: int) -> Frame:
        return replace(
            self, values=dict(self.values), prompts=dict(self.prompts), path=self.path + path
        )

    def operands(self, op: ir.OpView) -> list[Any]:
        return [self.values[operand] for operand in op.operands]

    def symbol(self, name: str) -> ir.OpView:
        """Returns the module-level op called `name`."""
        for op in self.module.body.operations:
            if "sym_name" in op.attributes and op.attributes["sym_name"].value == name:
                return op
        raise KeyError(name)


class _Break(Exception):
    """A taken `break_if`, on its way to the loop around it."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values


def interpret(
    module: ir.Module, inputs: Mapping[str, Any], world: World, *, graph: str = "", seed: int = 0
) -> tuple[Any, ...]:
    """Runs the graph called `graph` (the only one, if empty) and returns its results in order.

    Raises `Thrown` when an error leaves the graph, `KeyError` for a missing input.
    """
    root = _find_graph(module, graph)
    block = root.regions[0].blocks[0]
    frame = Frame(module, world, seed, {})
    for argument, attributes in zip(block.arguments, root.arg_attrs, strict=True):
        frame.values[argument] = inputs[ir.DictAttr(attributes)["agent.name"].value]
    return tuple(run_block(block, frame))


def _find_graph(module: ir.Module, name: str) -> ir.OpView:
    graphs = [op for op in module.body.operations if op.operation.name == "agent.graph"]
    if name:
        graphs = [op for op in graphs if op.attributes["sym_name"].value == name]
    if len(graphs) != 1:
        raise KeyError(f"expected one graph{f' named {name}' if name else ''}, found {len(graphs)}")
    return graphs[0]


def run_block(block: ir.Block, frame: Frame, arguments: tuple[Any, ...] = ()) -> list[Any]:
    """Evaluates a block in `frame` and returns what its terminator yields."""
    frame.values.update(zip(block.arguments, arguments, strict=False))
    for op in block.operations:
        name = op.operation.name
        if name in ("agent.yield", "agent.return"):
            return frame.operands(op)
        if name == "agent.throw":
            raise Thrown(op.attributes["kind"].value, frame.operands(op)[0])
        results = HANDLERS[name](op, frame)
        frame.values.update(zip(op.results, results, strict=True))
    raise AssertionError("a block without a terminator does not verify")


def run_region(op: ir.OpView, number: int, frame: Frame, *arguments: Any) -> list[Any]:
    return run_block(op.regions[number].blocks[0], frame, arguments)


def _prompt(op: ir.OpView, frame: Frame) -> list[Any]:
    names = [name.value for name in op.attributes["arg_names"]]
    formatted = {
        name: format_value(frame.values[operand], operand.type)
        for name, operand in zip(names, op.operands, strict=True)
    }
    made = pieces(op.attributes["template_text"].value, formatted)
    frame.prompts[op.results[0]] = made
    return ["".join(piece.text for piece in made)]


def _cond(op: ir.OpView, frame: Frame) -> list[Any]:
    taken = 0 if frame.operands(op)[0] else 1
    return run_region(op, taken, frame.inside())


def _switch(op: ir.OpView, frame: Frame) -> list[Any]:
    """The case regions follow the default region in the op's list of regions."""
    cases = [case.value for case in op.attributes["cases"]]
    selector = frame.operands(op)[0]
    chosen = 1 + cases.index(selector) if selector in cases else 0
    return run_region(op, chosen, frame.inside())


def _loop(op: ir.OpView, frame: Frame) -> list[Any]:
    carried = frame.operands(op)
    for iteration in range(op.attributes["max_iters"].value):
        try:
            carried = run_region(op, 0, frame.inside(iteration), iteration, *carried)
        except _Break as taken:
            return taken.values
    return carried


def _break_if(op: ir.OpView, frame: Frame) -> list[Any]:
    condition, *values = frame.operands(op)
    if condition:
        raise _Break(values)
    return []


def _map(op: ir.OpView, frame: Frame) -> list[Any]:
    rows = [
        run_region(op, 0, frame.inside(number), number, item)
        for number, item in enumerate(frame.operands(op)[0])
    ]
    return [[row[column] for row in rows] for column in range(len(op.results))]


def _parallel(op: ir.OpView, frame: Frame) -> list[Any]:
    return [
        value
        for number in range(len(op.regions))
        for value in run_region(op, number, frame.inside())
    ]


def _vote(op: ir.OpView, frame: Frame) -> list[Any]:
    count = op.attributes["n"].value
    samples = [run_region(op, 0, frame.inside(i), i)[0] for i in range(count)]
    reduce = str(agent.VoteReduce(op.attributes["reduce"].value))
    if reduce == "majority":
        quorum = op.attributes["quorum"].value if "quorum" in op.attributes else None
        return [majority(samples, quorum)]
    if reduce == "mean":
        return [sum(samples) / count]
    return [median(samples)]


def _race(op: ir.OpView, frame: Frame) -> list[Any]:
    """With no clock, the first region in order that does not throw has won."""
    for number in range(len(op.regions)):
        try:
            return run_region(op, number, frame.inside())
        except Thrown as error:
            last = error
    raise last


def _try(op: ir.OpView, frame: Frame) -> list[Any]:
    try:
        return run_region(op, 0, frame.inside())
    except Thrown as error:
        return run_region(op, 1, frame.inside(), {"kind": error.kind, "message": error.message})


Handler = Callable[[ir.OpView, Frame], list[Any]]

HANDLERS: dict[str, Handler] = {
    "agent.prompt": _prompt,
    "agent.cond": _cond,
    "agent.switch": _switch,
    "agent.loop": _loop,
    "agent.break_if": _break_if,
    "agent.map": _map,
    "agent.parallel": _parallel,
    "agent.vote": _vote,
    "agent.race": _race,
    "agent.try": _try,
    **{f"agent.{name}": handler for name, handler in data.HANDLERS.items()},
    **{f"agent.{name}": handler for name, handler in calls.HANDLERS.items()},
}
