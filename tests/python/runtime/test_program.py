"""Plans made ready: what waits for what, and plans that cannot be."""

import msgspec
import pytest
from runtime_plans import Builder

from agentc.errors import PackageError
from agentc.plan import Plan, decode, encode
from agentc.runtime.effects import Effects, effects_of, order_edges
from agentc.runtime.program import prepare


def _edges(build):
    """The order edges of a plan's body by operation kind and number: {later: {earlier, ...}}."""
    b = Builder()
    b.tool("pure", [], "text")
    b.tool("read", [], "text", "idempotent", reads=("db",))
    b.tool("write", [], "text", "stageable", writes=("db",))
    b.tool("send", [], "text", "irreversible")
    build(b)
    plan = b.plan()
    edges = order_edges(plan.body, {tool.name: tool for tool in plan.tools})
    return dict(enumerate(edges))


def _call(b, name):
    return b.op("stage.call", tool=name)


def test_pure_calls_wait_for_nothing():
    assert _edges(lambda b: [_call(b, "pure"), _call(b, "pure"), _call(b, "read")]) == {
        0: (), 1: (), 2: (),
    }  # fmt: skip


def test_a_write_waits_for_all_that_may_throw_and_a_read_for_the_write():
    def build(b):
        _call(b, "pure")  # 0
        b.const("x")  # 1 cannot throw
        _call(b, "read")  # 2
        _call(b, "write")  # 3
        _call(b, "read")  # 4
        _call(b, "pure")  # 5

    assert _edges(build) == {0: (), 1: (), 2: (), 3: (0, 2), 4: (3,), 5: ()}


def test_a_region_has_the_effects_of_what_is_in_it():
    def build(b):
        _call(b, "pure")
        inner = b.region(lambda: [_call(b, "write")])
        other = b.region(lambda: [_call(b, "pure")])
        b.op("agent.cond", b.const(True), regions=[inner, other])
        _call(b, "read")

    assert _edges(build) == {0: (), 1: (), 2: (0,), 3: (2,)}


def test_people_are_asked_in_order():
    def build(b):
        b.op("agent.await_event", event="a")
        _call(b, "send")
        b.op("agent.await_event", event="b")

    assert _edges(build) == {0: (), 1: (0,), 2: (0, 1)}


def test_what_follows_a_break_waits_for_it():
    b = Builder()

    def body(i, a):
        one = b.const("x")
        b.ops("agent.break_if", b.const(True), a, results=0)
        return [b.op("agent.concat", one, b.const("y"))]

    region = b.region(body, args=2)
    assert order_edges(region, {}) == [(), (), (), (2,), (2,)]


def test_sequences_are_closed_after_use_and_resumed_after_the_wait():
    b = Builder()
    b.tool("pure", [], "text")
    kv = b.op("stage.kv.open", model="m")  # 0
    inner = b.region(lambda: [b.op("stage.kv.fork", kv)])
    b.op("agent.parallel", regions=[inner])  # 1
    handle = b.op("stage.call", tool="pure")  # 2
    parked = b.op("stage.kv.park", kv)  # 3
    b.op("stage.await", handle)  # 4
    resumed = b.op("stage.kv.resume", parked)  # 5
    b.op("stage.kv.fork", resumed)  # 6
    b.ops("stage.kv.close", resumed, results=0)  # 7
    plan = b.plan()
    edges = order_edges(plan.body, {tool.name: tool for tool in plan.tools})
    assert edges == [(), (), (), (1,), (), (4,), (), (6,)]


def test_undeclared_effects_touch_everything():
    anything, read = Effects(writes=frozenset("*")), Effects(reads=frozenset({"x"}))
    assert anything.conflicts(read) and read.conflicts(anything)
    assert not read.conflicts(read) and not Effects().conflicts(anything)
    b = Builder()
    b.tool("t", [], "text", "idempotent")
    b.op("stage.call", tool="t")
    plan = b.plan()
    assert effects_of(plan.body.ops[0], {"t": plan.tools[0]}) == anything


def test_needs_count_regions_outwards():
    b = Builder()
    x = b.input("x", "i64")

    def body(i, a):
        inner = b.region(lambda: [b.op("agent.binary", x, a, kind="add")])
        return [b.op("agent.parallel", regions=[inner])]

    b.op("agent.loop", x, max_iters=2, regions=[b.region(body, args=2)])
    code = prepare(b.plan())
    loop_body = code.ops[0].regions[0]
    innermost = loop_body.ops[0].regions[0].ops[0]
    assert innermost.hops == {x: 2, loop_body.region.args[1]: 1}
    assert innermost.waits == 2


def _broken(change):
    b = Builder()
    first = b.op("agent.constant", value=1)
    b.op("agent.not", first)
    plan = b.plan()
    return msgspec.structs.replace(
        plan, body=msgspec.structs.replace(plan.body, ops=change(*plan.body.ops))
    )


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda a, b: (b, a), "uses value 0, which nothing before it defines"),
        (lambda a, b: (a, a), "has the id of another operation"),
        (
            lambda a, b: (a, msgspec.structs.replace(b, results=a.results)),
            "defines value 0 a second time",
        ),
        (
            lambda a, b: (msgspec.structs.replace(a, kind="stage.call", attrs={"tool": "x"}), b),
            "tool 'x' is called but not declared",
        ),
    ],
)
def test_broken_plans_are_package_errors(change, said):
    with pytest.raises(PackageError, match=said):
        prepare(_broken(change))


def test_a_value_of_a_region_is_not_seen_outside():
    b = Builder()
    seen = []
    inner = b.region(lambda: [seen.append(b.const(1)) or seen[0]])
    b.op("agent.parallel", regions=[inner])
    b.op("agent.not", seen[0])
    with pytest.raises(PackageError, match="which nothing before it defines"):
        prepare(b.plan())


def test_a_plan_on_paper_keeps_the_order_of_schemas():
    schema = {"properties": {"z": {}, "a": {}}}
    plan: Plan = Builder().plan(schemas={"S": schema})
    back = decode(encode(plan))
    assert back == plan and encode(back) == encode(plan)
    assert list(back.schemas["S"]["properties"]) == ["z", "a"]
