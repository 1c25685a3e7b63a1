"""Which operations of a region must wait for an earlier one that they share no value with.

A plan runs as a dataflow, but what the world sees must be what program order would show. So:

1. what stands after a `break_if` waits for it: it would not run if the loop ended there;
2. two operations whose effects conflict keep their order. An effect is a read or a write of a
   named resource; a tool that is not pure and declares no resources touches all of them, and so
   does a person who is asked (`await_event`);
3. a sequence is closed or parked after all that uses it, and resumed after all that stands
   between its `park` and its `resume`, since that is what it waited for;
4. what writes waits for all work before it in its region, since any of it may throw, and then
   the write would not have happened. Only pure calls and reads may run ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentc.plan import Op, Region, Tool

ANYTHING = "*"
_PURE_DATA = (
    "constant get_field make_record make_list length concat flatten compare and or not prompt"
)
_CANNOT_FAIL = frozenset(f"agent.{name}" for name in _PURE_DATA.split(" "))


@dataclass(frozen=True)
class Effects:
    """What an operation, with all its regions, does to the world."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def __or__(self, other: Effects) -> Effects:
        return Effects(self.reads | other.reads, self.writes | other.writes)

    def conflicts(self, other: Effects) -> bool:
        """True if swapping the two could be noticed."""
        return _meet(self.writes, other.writes | other.reads) or _meet(other.writes, self.reads)


NONE = Effects()


def _meet(left: frozenset[str], right: frozenset[str]) -> bool:
    if not left or not right:
        return False
    return ANYTHING in left or ANYTHING in right or not left.isdisjoint(right)


def effects_of(op: Op, tools: Mapping[str, Tool]) -> Effects:
    """Returns the effects of `op`: its own and those of the operations in its regions."""
    if op.kind == "agent.await_event":
        return Effects(writes=frozenset({ANYTHING}))
    if op.kind == "stage.call":
        return _tool_effects(tools[op.attrs["tool"]])
    total = NONE
    for region in op.regions:
        for inner in region.ops:
            total |= effects_of(inner, tools)
    return total


def _tool_effects(tool: Tool) -> Effects:
    if tool.tool_class == "pure":
        return NONE
    if not tool.reads and not tool.writes:
        return Effects(writes=frozenset({ANYTHING}))
    return Effects(frozenset(tool.reads), frozenset(tool.writes))


def order_edges(region: Region, tools: Mapping[str, Tool]) -> list[tuple[int, ...]]:
    """Returns, for each operation of `region`, the indices of earlier ones it must wait for."""
    effects = [effects_of(op, tools) for op in region.ops]
    edges: list[tuple[int, ...]] = []
    last_break: int | None = None
    for index, op in enumerate(region.ops):
        before = {
            earlier
            for earlier in range(index)
            if effects[index].conflicts(effects[earlier])
            or (effects[index].writes and region.ops[earlier].kind not in _CANNOT_FAIL)
        }
        before |= _kv_order(region.ops, index)
        if last_break is not None:
            before.add(last_break)
        if op.kind == "agent.break_if":
            last_break = index
        edges.append(tuple(sorted(before)))
    return edges


def _kv_order(ops: tuple[Op, ...], index: int) -> set[int]:
    """Returns what a `close`, `park` or `resume` must follow."""
    op = ops[index]
    if op.kind in ("stage.kv.close", "stage.kv.park"):
        return {i for i in range(index) if _uses(ops[i], op.operands[0])}
    if op.kind == "stage.kv.resume":
        parked = [i for i in range(index) if op.operands[0] in ops[i].results]
        return set(range(parked[0] + 1, index)) if parked else set()
    return set()


def _uses(op: Op, value: int) -> bool:
    """True if `op`, or anything in its regions, takes `value`."""
    return value in op.operands or any(
        value in region.yields or any(_uses(inner, value) for inner in region.ops)
        for region in op.regions
    )
