"""Operations with regions, and how a region ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from agentc.frontend.form.base import (
    Attr,
    Body,
    Count,
    Flag,
    Form,
    MaybeCount,
    MaybeDist,
    Op,
    Operand,
    Probability,
    Str,
    Value,
    ValueName,
    ValueNames,
)

if TYPE_CHECKING:
    from agentc.frontend.form.document import AnyOp  # document.py closes the circle


class Block(Form):
    """A region: the values it receives and its operations, a terminator last.

    A region may use values of the regions around it.
    """

    args: list[Value] = []
    ops: list[AnyOp]


Region = Annotated[Block, Body()]
Regions = Annotated[list[Block], Body()]


class Cond(Op):
    """One of two regions, by a truth value."""

    op: Literal["cond"] = "cond"
    condition: ValueName
    then: Region
    else_: Region = Field(alias="else")
    p_true: Probability = None


class Switch(Op):
    """The region whose case equals the selector, or the default."""

    op: Literal["switch"] = "switch"
    selector: ValueName
    cases: Annotated[list[str] | list[int], Attr("cases")]
    weights: Annotated[list[float] | None, Attr("f64s")] = None
    default: Region
    regions: Regions


class Loop(Op):
    """A bounded loop with carried values; the body's first argument is the iteration (i64)."""

    op: Literal["loop"] = "loop"
    init: ValueNames
    max_iters: Count
    p_stop: Probability = None
    iters: MaybeDist = None
    body: Region


class Map(Op):
    """The body for each item of a list, in any order; body arguments: index, item."""

    op: Literal["map"] = "map"
    list_: ValueName = Field(alias="list")
    width: MaybeDist = None
    max_parallel: MaybeCount = None
    body: Region


class Parallel(Op):
    """All regions; results are their yields one after the other."""

    op: Literal["parallel"] = "parallel"
    regions: Regions


class Vote(Op):
    """`n` samples of the body reduced to one value; body argument: the sample's index."""

    op: Literal["vote"] = "vote"
    n: Count
    reduce: Annotated[Literal["majority", "mean", "median"], Attr("enum", "VoteReduce")]
    quorum: MaybeCount = None
    cancel_rest: Flag = False
    body: Region


class Race(Op):
    """The regions run at once; the first to yield wins."""

    op: Literal["race"] = "race"
    regions: Regions


class Try(Op):
    """The body, or the handler with the error record if the body throws."""

    op: Literal["try"] = "try"
    body: Region
    catch: Region


class BreakIf(Op):
    """Ends the loop around it with these values when the condition holds."""

    op: Literal["break_if"] = "break_if"
    condition: ValueName
    values: ValueNames


class Yield(Op):
    """Ends a region with these values."""

    op: Literal["yield"] = "yield"
    values: ValueNames = []


class Throw(Op):
    """Ends a region with an error."""

    op: Literal["throw"] = "throw"
    message: ValueName
    kind: Str


class Return(Op):
    """Ends the graph."""

    op: Literal["return"] = "return"
    values: ValueNames = []


ControlOp = (
    Cond | Switch | Loop | Map | Parallel | Vote | Race | Try | BreakIf | Yield | Throw | Return
)
TERMINATORS = (Yield, Throw, Return)
__all__ = ["TERMINATORS", "Block", "ControlOp", "Operand"]
