"""Random small problems for property tests, drawn by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from agentc.cost_models.distributions import Band
from agentc.cost_models.problem import (
    ORCHESTRATOR,
    Candidate,
    DeviceLimit,
    Edge,
    LatencyLimit,
    Limits,
    LinkSpec,
    Objective,
    Problem,
    Stage,
)
from agentc.cost_models.tree import Branch, Dag, Leaf, Loop, Map, Node, Par, Race, Seq

DEVICES = ("cpu", "gpu", "asic")
SECONDS = st.sampled_from([0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 1.0, 2.5, 7.0])


@st.composite
def bands(draw: st.DrawFn) -> Band:
    """A time with ascending percentiles and a mean among them."""
    p50, p95, p99 = sorted(draw(st.tuples(SECONDS, SECONDS, SECONDS)))
    return Band(draw(st.sampled_from([p50, p95])), p50, p95, p99)


@st.composite
def counts(draw: st.DrawFn) -> Band:
    """A whole count with ascending percentiles."""
    p50, p95, p99 = sorted(draw(st.tuples(*[st.integers(0, 4)] * 3)))
    return Band(draw(st.floats(0, 4)), p50, p95, p99)


@st.composite
def trees(draw: st.DrawFn, stages: list[int]) -> Node:
    """A tree in which each of `stages` stands once."""
    if not stages:
        return Seq(())
    if len(stages) == 1 and draw(st.booleans()):
        return Leaf(stages[0])
    kind = draw(st.sampled_from(["seq", "par", "dag", "branch", "loop", "map", "race"]))
    if kind == "loop":
        return Loop(draw(inner_trees(stages)), draw(counts()))
    if kind == "map":
        parallel = draw(st.sampled_from([None, 1, 2]))
        return Map(draw(inner_trees(stages)), draw(counts()), parallel)
    cut = draw(st.integers(0 if len(stages) == 1 else 1, max(len(stages) - 1, 1)))
    parts = [part for part in (stages[:cut], stages[cut:]) if part]
    children = tuple(draw(inner_trees(part)) for part in parts)
    if kind == "branch":
        first = draw(st.sampled_from([0.0, 0.2, 0.5, 1.0])) if len(children) == 2 else 1.0
        return Branch(children, (first, 1 - first)[: len(children)])
    if kind == "dag":
        deps = ((0, 1),) if len(children) == 2 and draw(st.booleans()) else ()
        return Dag(children, deps)
    return {"seq": Seq, "par": Par, "race": Race}[kind](children)


def inner_trees(stages: list[int]) -> st.SearchStrategy[Node]:
    """Mostly leaves and sequences, so that trees end."""
    if len(stages) == 1:
        return st.just(Leaf(stages[0])) | trees(stages)
    return trees(stages)


@st.composite
def candidates(draw: st.DrawFn, device: str, precision: str) -> Candidate:
    """A candidate with any time, cost and memory, zero included."""
    return Candidate(
        device=device,
        precision=precision,
        time_s=draw(bands()),
        cost_usd=draw(st.sampled_from([0.0, 1e-6, 1e-4, 0.003, 0.02])),
        weights_bytes=draw(st.sampled_from([0.0, 1e9, 3e9, 7.5e9])),
        state_bytes=draw(st.sampled_from([0.0, 5e8, 2e9])),
    )


@st.composite
def stages(draw: st.DrawFn, number: int) -> Stage:
    """A stage with some candidates; now and then one that runs in the orchestrator."""
    if draw(st.integers(0, 5)) == 0:
        only = Candidate(ORCHESTRATOR, draw(bands()), cost_usd=draw(st.sampled_from([0.0, 0.01])))
        return Stage(number, f"tool{number}", (only,))
    keys = [(device, p) for device in DEVICES for p in ("f32", "i8")]
    taken = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4, unique=True))
    return Stage(
        id=number,
        label=f"stage{number}",
        candidates=tuple(draw(candidates(*key)) for key in taken),
        weights=draw(st.sampled_from([None, "small", "large"])),
        state_group=draw(st.sampled_from([None, "main"])),
        colocate=draw(st.sampled_from([None, None, None, "session"])),
        first_output_fraction=draw(st.sampled_from([1.0, 0.1])),
    )


@st.composite
def limits(draw: st.DrawFn, count: int) -> Limits:
    """Some of the limits, loose or tight."""
    latency = []
    for level in draw(st.lists(st.sampled_from(["p50", "p95", "p99"]), max_size=2, unique=True)):
        value = draw(st.sampled_from([0.05, 0.5, 2.0, 9.0, 40.0]))
        latency.append(LatencyLimit(f"sla {level}_s", level, value))
    if draw(st.integers(0, 2)) == 0:
        stop = draw(st.integers(0, count - 1))
        latency.append(LatencyLimit("sla ttft_p95_s", "p95", draw(SECONDS) + 0.1, until=stop))
    return Limits(
        latency=tuple(latency),
        run_usd=draw(st.sampled_from([None, None, 0.001, 0.05])),
        hourly_usd=draw(st.sampled_from([None, None, 1.0, 5.0])),
    )


@st.composite
def problems(draw: st.DrawFn, most_stages: int = 5) -> Problem:
    """A small problem, feasible or not, in which everything can occur."""
    count = draw(st.integers(1, most_stages))
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.lists(ends.filter(lambda e: e[0] != e[1]), max_size=4, unique=True))
    sizes = st.sampled_from([0.0, 1e3, 1e6, 2e8])
    linked = draw(st.lists(st.sampled_from([(0, 1), (0, 2), (1, 2)]), unique=True, max_size=3))
    return Problem(
        stages=tuple(draw(stages(number)) for number in range(count)),
        tree=draw(trees(list(range(count)))),
        devices=tuple(
            DeviceLimit(
                name,
                draw(st.sampled_from([None, 4e9, 9e9, 30e9])),
                draw(st.sampled_from([1, 1, 2])),
                draw(st.sampled_from([0.5, 2.0, 4.0])),
            )
            for name in DEVICES
        ),
        edges=tuple(Edge(a, b, size := draw(sizes), 2 * size) for a, b in pairs),
        links=tuple(
            LinkSpec(
                f"link{a}{b}",
                (DEVICES[a], DEVICES[b]),
                draw(st.sampled_from([1e8, 1e9, 5e10])),
                draw(st.sampled_from([0.0, 1e-5, 1e-3])),
                draw(st.sampled_from([0.0, 1e-11])),
            )
            for a, b in linked
        ),
        limits=draw(limits(count)),
        objective=draw(
            st.sampled_from([Objective("cost"), Objective("latency"), Objective("hourly")])
        ),
    )
