"""Between calls whose order can be told from outside a dependency is left: every run keeps it.

The interpreter runs one operation after the other, so it cannot see a missing edge. This test walks
the split programs: whatever `after` and data leave open may run in any order.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from programs import random_program

from agentc._mlir import ir
from agentc._mlir.passmanager import PassManager

READS = {"read": {"db"}}
WRITES = {"write": {"db"}, "mail": {"outbox"}}
THROWS = ("agent.throw", "agent.parse", "agent.get_item", "stage.await")


def tool(call: ir.Operation) -> str:
    return call.attributes["tool"].value


def conflict(a: str, b: str) -> bool:
    """As docs/spec.md says; `any` declares nothing."""
    if "pure" in (a, b):
        return False
    if "any" in (a, b):
        return True
    touched_a = READS.get(a, set()) | WRITES.get(a, set())
    touched_b = READS.get(b, set()) | WRITES.get(b, set())
    return bool(WRITES.get(a, set()) & touched_b or WRITES.get(b, set()) & touched_a)


def walk(op: ir.Operation) -> Iterator[ir.Operation]:
    yield op
    for region in op.regions:
        for block in region.blocks:
            for inner in block.operations:
                yield from walk(inner.operation)


def before(op: ir.Operation) -> Iterator[ir.Operation]:
    """The operations in front of `op` in its block and in the blocks around it."""
    while op.name != "agent.graph":
        for other in op.block.operations:
            if other.operation == op:
                break
            yield other.operation
        op = op.parent.operation


def waited_for(call: ir.Operation) -> set[ir.Operation]:
    """What is surely done when `call` starts."""
    done: set[ir.Operation] = set()
    open_ = [call]
    while open_:
        for value in open_.pop().operands:
            owner = value.owner
            if isinstance(owner, ir.Block) or owner.operation in done:
                continue
            done.add(owner.operation)
            open_.append(owner.operation)
    return done


def sequential_programs(count: int) -> list[str]:
    """Programs without `agent.parallel`, whose regions have no order among each other."""
    texts = [random_program(number) for number in range(count)]
    return [text for text in texts if "agent.parallel" not in text]


def reason_to_wait(call: ir.Operation, other: ir.Operation) -> bool:
    """Whether `call` must not start before `other` is done."""
    inside = list(walk(other))
    calls = [op for op in inside if op.name == "stage.call"]
    if any(conflict(tool(call), tool(earlier)) for earlier in calls):
        return True
    # An await of an ordered call adds nothing: its call is compared above or independent.
    throws = any(op.name in THROWS for op in inside if op.name != "stage.await")
    return throws and tool(call) in ("write", "mail", "any")


@pytest.mark.parametrize("passes", ["agentc-split-calls,agentc-prune-false-edges", "lower"])
def test_every_reason_to_wait_has_an_edge(passes: str) -> None:
    pipeline = "agentc-lower-to-stage" if passes == "lower" else passes
    reasons = 0
    for text in sequential_programs(300):
        with ir.Context():
            module = ir.Module.parse(text)
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
            calls = [op for op in walk(module.operation) if op.name == "stage.call"]
            for call in calls:
                done = waited_for(call)
                for other in before(call):
                    if tool(call) != "pure" and reason_to_wait(call, other):
                        reasons += 1
                        assert other in done, f"{call}\n\ndoes not wait for\n\n{other}\n\n{module}"
    assert reasons > 200


def test_pruning_leaves_fewer_edges() -> None:
    """Otherwise the pass, and the test above, would hold by doing nothing."""

    def edges(pipeline: str) -> int:
        total = 0
        for text in sequential_programs(150):
            with ir.Context():
                module = ir.Module.parse(text)
                PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
                calls = [op for op in walk(module.operation) if op.name == "stage.call"]
                total += sum(len(call.operands) - 1 for call in calls)
        return total

    assert edges("agentc-split-calls,agentc-prune-false-edges") < 0.85 * edges("agentc-split-calls")
