"""Random programs of sequences in nested regions, on a real engine: whatever happens (results,
errors, lost races, cancellation at any moment), no page stays in use, and runs repeat."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runtime_plans import Builder, make_app
from tiny_models import TinyDevices, llm_plan

from agentc.errors import RuntimeFault
from agentc.plan import Plan
from agentc.runtime.clock import WallClock

ON_CPU = {"model": "tiny", "device": "cpu"}


class _Author:
    """Writes a program over sequences; `kvs` are those in sight that are still open."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.b = Builder()
        self.site = 0

    def small(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def pick(self, kvs: list[int]) -> int:
        return self.draw(st.sampled_from(kvs))

    def tokens(self) -> int:
        text = self.draw(st.text(alphabet="abc ", min_size=1, max_size=30))
        return self.b.op("stage.tokenize", model="tiny", template=text, arg_names=[])

    def decode(self, kv: int) -> tuple[int, int]:
        self.site += 1
        attrs = {"max_tokens": self.small(1, 6), "temperature": 1.0, "site": self.site}
        made = self.b.ops("stage.decode", kv, results=2, **ON_CPU, **attrs)
        return made[0], made[1]

    def start(self) -> int:
        kv = self.b.op("stage.kv.open", **ON_CPU)
        return self.b.op("stage.prefill", kv, self.tokens(), **ON_CPU)

    def block(self, kvs: list[int], depth: int) -> list[int]:
        """Adds up to 4 operations; returns the sequences in sight."""
        kvs = list(kvs) or [self.start()]
        closed = self.b.blocks[-1]
        for _ in range(self.small(1, 4)):
            names = ["start", "extend", "append", "fork", "decode", "park"]
            names += ["cond", "loop", "race", "vote", "try"] if depth else []
            kvs.append(self.operation(self.draw(st.sampled_from(names)), kvs, depth))
        forks = [kv for op in closed if op.kind == "stage.kv.fork" for kv in op.results]
        mine = [kv for kv in forks if kv in kvs]
        if mine and self.small(0, 2) == 0 and len(kvs) > 1:
            kvs.remove(mine[-1])
            self.b.ops("stage.kv.close", mine[-1], results=0)
        return kvs

    def operation(self, name: str, kvs: list[int], depth: int) -> int:
        b, kv = self.b, self.pick(kvs)
        if name == "start":
            return self.start()
        if name == "extend":
            return b.op("stage.prefill", kv, self.tokens(), **ON_CPU)
        if name == "append":
            return b.op("stage.kv.append", kv, self.tokens())
        if name == "fork":
            return b.op("stage.kv.fork", kv)
        if name == "decode":
            return self.decode(kv)[1]
        if name == "park":
            return b.op("stage.kv.resume", b.op("stage.kv.park", b.op("stage.kv.fork", kv)))
        if name == "loop":
            region = b.region(lambda i, a: [self.pick(self.block([*kvs, a], depth - 1))], args=2)
            return b.op("agent.loop", kv, max_iters=self.small(1, 3), regions=[region])
        if name == "cond":
            regions = [self.region(kvs, depth) for _ in range(2)]
            return b.op("agent.cond", b.const(bool(self.small(0, 1))), regions=regions)
        if name == "try":
            catch = b.region(lambda error: [self.pick(self.block(kvs, depth - 1))], args=1)
            return b.op("agent.try", regions=[self.region(kvs, depth, may_throw=True), catch])
        return self.contest(name, kvs, depth)

    def contest(self, name: str, kvs: list[int], depth: int) -> int:
        """A race or a vote over texts; the losers' sequences are nobody's afterwards."""

        def says(*_: int) -> list[int]:
            return [self.decode(self.pick(self.block(kvs, depth - 1)))[0]]

        if name == "race":
            self.b.op("agent.race", regions=[self.b.region(says) for _ in range(2)])
        else:
            attrs = {"n": 3, "reduce": "majority", "quorum": 1, "cancel_rest": True}
            self.b.op("agent.vote", regions=[self.b.region(says, args=1)], **attrs)
        return self.start()

    def region(self, kvs: list[int], depth: int, may_throw: bool = False):  # type: ignore[no-untyped-def]
        throws = may_throw and self.small(0, 1) == 1

        def body() -> list[int]:
            seen = self.block(kvs, depth - 1)
            return [self.b.const("thrown") if throws else self.pick(seen)]

        return self.b.region(body, end="throw" if throws else "yield", kind="mine")


@st.composite
def programs(draw: Any) -> Plan:
    author = _Author(draw)
    kvs = author.block([], 2)
    text, _ = author.decode(author.pick(kvs))
    if author.small(0, 4) == 0:
        bad = author.b.op("agent.get_item", author.b.op("agent.make_list"), author.b.const(0))
        return llm_plan(author.b, text, bad)
    return llm_plan(author.b, text)


async def _settled(devices: TinyDevices) -> None:
    limit_s = time.monotonic() + 5
    while devices.pages_in_use() and time.monotonic() < limit_s:
        await asyncio.sleep(0.001)
    assert devices.pages_in_use() == 0


@given(plan=programs(), patience_s=st.sampled_from([None, None, 0.0, 0.001, 0.004]))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_page_outlives_its_run(plan: Plan, patience_s: float | None) -> None:
    devices = TinyDevices(pages=512)

    async def once(app: Any) -> Any:
        try:
            result = await app.run(seed=1, timeout_s=patience_s)
        except RuntimeFault as error:
            return error.kind
        finally:
            await _settled(devices)
        return result.outputs

    async def main() -> None:
        async with make_app(plan, WallClock(), devices=devices) as app:
            first, second = await once(app), await once(app)
            races = any(op.kind == "agent.race" for op in plan.body.ops)
            assert races or "timeout" in (first, second) or first == second

    asyncio.run(main())
