"""The meaning of a plan's control flow and integer data, evaluated directly and one after another.

Written from docs/spec.md without any code of the runtime, as its oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from agentc.plan import Op, Plan, Region


class Thrown(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind, self.message = kind, message


class _Break(Exception):
    def __init__(self, values: list[Any]) -> None:
        self.values = values


def evaluate(plan: Plan, inputs: list[Any], tools: dict[str, Callable[..., Any]]) -> list[Any]:
    return _region(plan.body, dict(zip(plan.body.args, inputs, strict=True)), tools)


def _region(region: Region, env: dict[int, Any], tools: dict[str, Callable[..., Any]]) -> list[Any]:
    for op in region.ops:
        operands = [env[v] for v in op.operands]
        env.update(zip(op.results, _op(op, operands, env, tools), strict=True))
    ends = [env[v] for v in region.yields]
    if region.end == "throw":
        raise Thrown(region.end_attrs["kind"], ends[0])
    return ends


def _op(op: Op, operands: list[Any], env: dict[int, Any], tools: dict[str, Any]) -> list[Any]:
    def run(number: int, *args: Any) -> list[Any]:
        region = op.regions[number]
        return _region(region, {**env, **dict(zip(region.args, args, strict=True))}, tools)

    name = op.kind.partition(".")[2]
    if name == "constant":
        return [op.attrs["value"]]
    if name == "binary":
        left, right = operands
        if op.attrs["kind"] == "mod" and right == 0:
            raise Thrown("arithmetic", f"mod of {left} by zero")
        return [{"add": left + right, "sub": left - right}.get(op.attrs["kind"]) if
                op.attrs["kind"] != "mod" else left % right]  # fmt: skip
    if name == "compare":
        return [operands[0] < operands[1]]
    if name == "make_list":
        return [operands]
    if name == "length":
        return [len(operands[0])]
    if name == "get_item":
        if not 0 <= operands[1] < len(operands[0]):
            raise Thrown("index", f"index {operands[1]} of a list of {len(operands[0])}")
        return [operands[0][operands[1]]]
    if name == "get_field":
        return [operands[0][op.attrs["field"]]]
    if name == "call":
        return [tools[op.attrs["tool"]](*operands)]
    if name == "await":
        return [operands[0]]
    if name == "break_if":
        if operands[0]:
            raise _Break(operands[1:])
        return []
    if name == "cond":
        return run(0 if operands[0] else 1)
    if name == "switch":
        cases = op.attrs["cases"]
        return run(1 + cases.index(operands[0]) if operands[0] in cases else 0)
    if name == "loop":
        for i in range(op.attrs["max_iters"]):
            try:
                operands = run(0, i, *operands)
            except _Break as taken:
                return taken.values
        return operands
    if name == "map":
        rows = [run(0, i, item) for i, item in enumerate(operands[0])]
        return [[row[c] for row in rows] for c in range(len(op.results))]
    if name == "parallel":
        return [value for number in range(len(op.regions)) for value in run(number)]
    if name == "vote":
        return [_vote([run(0, i)[0] for i in range(op.attrs["n"])], op.attrs)]
    if name == "race":
        for number in range(len(op.regions)):
            try:
                return run(number)
            except Thrown as error:
                last = error
        raise last
    assert name == "try", op.kind
    try:
        return run(0)
    except Thrown as error:
        return run(1, {"kind": error.kind, "message": error.message})


def _vote(samples: list[Any], attrs: dict[str, Any]) -> Any:
    if attrs["reduce"] == "median":
        return sorted(samples)[(len(samples) - 1) // 2]
    votes: Counter[Any] = Counter()
    for sample in samples:
        votes[sample] += 1
        if attrs.get("quorum") and votes[sample] >= attrs["quorum"]:
            return sample
    return max(votes, key=lambda v: (votes[v], -samples.index(v)))
