"""The shape of a run: which stages follow, accompany or exclude each other.

A tree of nodes over stages. `Seq`, `Par`, `Branch`, `Loop` and `Map` are series-parallel; `Dag`
holds what is not: children with dependencies between them, each starting when those it needs are
done. Latency at a percentile is read off the tree by `agentc.cost_models.evaluate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from agentc.cost_models.distributions import Band


class _Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="node"):
    """Base of all nodes. `label` and `source` are what `explain` prints for control nodes."""


class Leaf(_Node, frozen=True, tag="leaf"):
    """One stage, by its id."""

    stage: int


class Seq(_Node, frozen=True, tag="seq"):
    """Children one after the other. Time: the sum. `Seq(())` is the empty program."""

    children: tuple[Node, ...]
    label: str = ""
    source: str = ""


class Par(_Node, frozen=True, tag="par"):
    """Children at the same time, all awaited. Time: the longest, but never less than the work
    that lands on one device class divided by its slots."""

    children: tuple[Node, ...]
    label: str = ""
    source: str = ""


class Dag(_Node, frozen=True, tag="dag"):
    """Children as a dataflow: `deps` holds (before, after) pairs of child indices, before < after.
    Time: the longest chain, but never less than the work per device class, as in `Par`."""

    children: tuple[Node, ...]
    deps: tuple[tuple[int, int], ...] = ()
    label: str = ""
    source: str = ""


class Branch(_Node, frozen=True, tag="branch"):
    """Exactly one child runs. Mean time and cost are weighted by `probabilities` (sum 1); a
    percentile is the worst child that can happen at all, which errs on the safe side.
    `assumed` says that nobody declared the probabilities."""

    children: tuple[Node, ...]
    probabilities: tuple[float, ...]
    label: str = ""
    source: str = ""
    assumed: bool = False


class Loop(_Node, frozen=True, tag="loop"):
    """The body, `count` times in a row. Time: count at the level times body at the level."""

    body: Node
    count: Band
    label: str = ""
    source: str = ""
    assumed: bool = False


class Map(_Node, frozen=True, tag="map"):
    """The body `width` times at once, at most `max_parallel` together (None: all). Time:
    ceil(width / max_parallel) bodies, but never less than the work per device class. Votes are
    maps of constant width."""

    body: Node
    width: Band
    max_parallel: int | None = None
    label: str = ""
    source: str = ""
    assumed: bool = False


class Race(_Node, frozen=True, tag="race"):
    """All children start, the first to end wins. Time: the shortest; all are paid for in full,
    since how far a loser got is not known before the run."""

    children: tuple[Node, ...]
    label: str = ""
    source: str = ""


Node = Leaf | Seq | Par | Dag | Branch | Loop | Map | Race


def children_of(node: Node) -> tuple[Node, ...]:
    """Returns the direct children in program order."""
    if isinstance(node, Leaf):
        return ()
    if isinstance(node, Loop | Map):
        return (node.body,)
    return node.children


def leaves(node: Node) -> Iterator[int]:
    """Yields the stage ids in program order."""
    if isinstance(node, Leaf):
        yield node.stage
    for child in children_of(node):
        yield from leaves(child)


@dataclass(frozen=True)
class Multiplicity:
    """How often a stage runs in one run of the graph, read off the tree alone.

    `expected` weighs branches, loops and maps by their means (cost is paid for this many);
    `parallel` is how many executions can be under way together at p95 (state is held for this
    many).
    """

    expected: float
    parallel: float


def multiplicities(tree: Node) -> dict[int, Multiplicity]:
    """Returns the multiplicity of every stage in `tree`."""
    found: dict[int, Multiplicity] = {}
    _collect(tree, 1.0, 1.0, found)
    return found


def _collect(node: Node, expected: float, parallel: float, found: dict[int, Multiplicity]) -> None:
    if isinstance(node, Leaf):
        found[node.stage] = Multiplicity(expected, parallel)
    elif isinstance(node, Branch):
        for child, probability in zip(node.children, node.probabilities, strict=True):
            _collect(child, expected * probability, parallel, found)
    elif isinstance(node, Loop):
        _collect(node.body, expected * node.count.mean, parallel, found)
    elif isinstance(node, Map):
        together = min(node.width.p95, node.max_parallel or node.width.p95)
        _collect(node.body, expected * node.width.mean, parallel * max(together, 1.0), found)
    else:
        for child in node.children:
            _collect(child, expected, parallel, found)


def until(node: Node, stage: int) -> Node | None:
    """Returns the part of the tree that must have run when `stage` ends, `stage` included, or
    None when it is not in the tree. Used for the time to first token.

    A branch is taken towards the stage, a map gives its first wave, and a loop runs all but one of
    its iterations in full before the one that reaches the stage.
    """
    if isinstance(node, Leaf):
        return node if node.stage == stage else None
    parts = [until(child, stage) for child in children_of(node)]
    hit = next((i for i, part in enumerate(parts) if part is not None), None)
    if hit is None:
        return None
    reached = parts[hit]
    assert reached is not None
    if isinstance(node, Seq):
        return Seq((*node.children[:hit], reached), label=node.label, source=node.source)
    if isinstance(node, Dag):
        return _dag_until(node, hit, reached)
    if isinstance(node, Loop):
        count = node.count
        before = Band(*(max(count.at(p) - 1, 0.0) for p in ("mean", "p50", "p95", "p99")))
        first = Loop(node.body, before, label=node.label, source=node.source)
        return Seq((first, reached))
    return reached


def _dag_until(node: Dag, hit: int, reached: Node) -> Dag:
    """Keeps of `node` only the child `hit` and what it depends on."""
    needed = {hit}
    for before, after in sorted(node.deps, key=lambda dep: -dep[1]):
        if after in needed:
            needed.add(before)
    kept = sorted(needed)
    index = {old: new for new, old in enumerate(kept)}
    children = tuple(reached if old == hit else node.children[old] for old in kept)
    deps = tuple((index[a], index[b]) for a, b in node.deps if a in index and b in index)
    return Dag(children, deps, label=node.label, source=node.source)


def problems_of(tree: Node, stages: frozenset[int]) -> list[str]:
    """Returns what is wrong with the shape: unknown, missing or repeated stages, probabilities
    that do not sum to 1, dependencies that point backwards. Empty when all is well."""
    seen = list(leaves(tree))
    errors = [f"the tree names stage {s}, which does not exist" for s in {*seen} - stages]
    errors += [f"stage {s} is not in the tree" for s in stages - {*seen}]
    errors += [f"stage {s} stands in the tree twice" for s in {*seen} if seen.count(s) > 1]
    _shape_problems(tree, errors)
    return sorted(errors)


def _shape_problems(node: Node, errors: list[str]) -> None:
    if isinstance(node, Branch):
        total = sum(node.probabilities)
        if len(node.probabilities) != len(node.children) or abs(total - 1) > 1e-6:
            errors.append(
                f"branch '{node.label}' needs one probability per child with the sum 1, "
                f"found {list(node.probabilities)} for {len(node.children)}"
            )
        elif min(node.probabilities) < 0:
            errors.append(f"branch '{node.label}' has a negative probability")
    if isinstance(node, Branch | Race) and not node.children:
        errors.append(f"'{node.label}' has no children")
    if isinstance(node, Dag):
        for before, after in node.deps:
            if not 0 <= before < after < len(node.children):
                errors.append(f"dag '{node.label}' has the dependency ({before}, {after})")
    if isinstance(node, Loop | Map):
        _count_problems(node, errors)
    for child in children_of(node):
        _shape_problems(child, errors)


def _count_problems(node: Loop | Map, errors: list[str]) -> None:
    band = node.count if isinstance(node, Loop) else node.width
    for level in ("p50", "p95", "p99"):
        if band.at(level) < 0 or band.at(level) != int(band.at(level)):
            errors.append(f"'{node.label}' needs whole counts, found {level} = {band.at(level)}")
    if isinstance(node, Map) and node.max_parallel is not None and node.max_parallel < 1:
        errors.append(f"map '{node.label}' has max_parallel {node.max_parallel}, expected >= 1")
