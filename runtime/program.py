"""A plan made ready to run: for every operation, where its operands live and what it waits for.

Computed once per package. Values are numbered uniquely over the plan, so the region that defines
a value is known before any run, and finding it at run time is a fixed number of steps outwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agentc.errors import PackageError
from agentc.plan import Op, Plan, Region, Tool
from agentc.runtime.effects import order_edges

Needs = tuple[tuple[int, int], ...]  # (value, how many regions outwards it is defined)


@dataclass(frozen=True)
class OpCode:
    """An operation in its region. `needs` are its distinct operands, `waits` how many operands
    and earlier operations it waits for, `followers` the later operations that wait for it."""

    op: Op
    index: int
    needs: Needs
    waits: int
    followers: tuple[int, ...]
    regions: tuple[RegionCode, ...]
    hops: dict[int, int]


@dataclass(frozen=True)
class RegionCode:
    """A region. `needs` are the values that its terminator yields."""

    region: Region
    ops: tuple[OpCode, ...]
    needs: Needs
    hops: dict[int, int]


@dataclass
class _Defined:
    """The values in sight: value -> depth of the region that defines it."""

    depth_of: dict[int, int] = field(default_factory=dict)

    def needs(self, values: Iterable[int], depth: int, where: str) -> Needs:
        """Returns the distinct `values` with their distance; PackageError on an unknown one."""
        distinct = dict.fromkeys(values)
        for value in distinct:
            if value not in self.depth_of:
                raise PackageError(
                    f"plan: {where} uses value {value}, which nothing before it defines; "
                    "compile the graph again"
                )
        return tuple((value, depth - self.depth_of[value]) for value in distinct)

    def define(self, values: Iterable[int], depth: int, where: str) -> None:
        """Brings values into sight; PackageError if one is there already."""
        for value in values:
            if value in self.depth_of:
                raise PackageError(f"plan: {where} defines value {value} a second time")
            self.depth_of[value] = depth


def prepare(plan: Plan) -> RegionCode:
    """Returns the plan's body ready to run. Raises PackageError on values out of order, a value
    defined twice, or two operations with one id."""
    tools = {tool.name: tool for tool in plan.tools}
    return _region(plan.body, tools, _Defined(), 0, set())


def _region(
    region: Region, tools: dict[str, Tool], defined: _Defined, depth: int, ids: set[int]
) -> RegionCode:
    outer = dict(defined.depth_of)
    defined.define(region.args, depth, "a region")
    edges = _checked_edges(region, tools)
    followers: list[list[int]] = [[] for _ in region.ops]
    ops = []
    for index, op in enumerate(region.ops):
        where = f"op {op.id} ({op.kind})"
        if op.id in ids:
            raise PackageError(f"plan: {where} has the id of another operation")
        ids.add(op.id)
        needs = defined.needs(op.operands, depth, where)
        inner = tuple(_region(r, tools, defined, depth + 1, ids) for r in op.regions)
        defined.define(op.results, depth, where)
        for earlier in edges[index]:
            followers[earlier].append(index)
        waits = len(needs) + len(edges[index])
        ops.append((op, index, needs, waits, inner))
    needs = defined.needs(region.yields, depth, "the end of a region")
    codes = tuple(
        OpCode(op, index, n, waits, tuple(followers[index]), inner, dict(n))
        for op, index, n, waits, inner in ops
    )
    defined.depth_of = outer
    return RegionCode(region, codes, needs, dict(needs))


def _checked_edges(region: Region, tools: dict[str, Tool]) -> list[tuple[int, ...]]:
    try:
        return order_edges(region, tools)
    except KeyError as error:
        raise PackageError(f"plan: tool {error} is called but not declared") from error
