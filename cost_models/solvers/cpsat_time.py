"""The latency of a tree as linear constraints: the table of evaluate.py, one rule a method.

Only lower bounds are needed, because latency is limited from above or minimised: "max" becomes a
variable that is at least each of its terms. The one "min", a race, picks its winner by a Boolean.
Every term carries the largest value that it can take, so that variables have tight domains.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentc.cost_models.evaluate import waves
from agentc.cost_models.tree import Branch, Dag, Leaf, Loop, Map, Node, Par, Race, Seq

UNCUT = 1 << 40
"""A cap above every scaled time, for terms that need not be cut."""


@dataclass(frozen=True)
class Term:
    """A linear expression of the solver (or an integer) and the most it can be, in steps."""

    expression: Any
    most: int

    def times(self, factor: int) -> Term:
        """Returns `factor` times this term, for a factor >= 0."""
        return Term(factor * self.expression, factor * self.most)


ZERO = Term(0, 0)


def total(terms: list[Term]) -> Term:
    """Returns the sum of `terms`."""
    return Term(sum(t.expression for t in terms), sum(t.most for t in terms))


@dataclass(frozen=True)
class Span:
    """Time of a node, and work by device class below it."""

    time: Term
    loads: dict[str, Term] = field(default_factory=dict)


class TimeModel:
    """Adds the constraints of one latency (a level, up to some stage) to a model."""

    def __init__(
        self, model: Any, level: str, leaf: Mapping[int, Span], slots: Mapping[str, int]
    ) -> None:
        self.model, self.level, self.leaf, self.slots = model, level, leaf, slots
        self._names = itertools.count()

    def span(self, node: Node) -> Span:
        """Returns time and loads of `node`, with the constraints that define them added."""
        rules: dict[type, Callable[[Any], Span]] = {
            Seq: self._seq,
            Par: self._par,
            Dag: self._dag,
            Branch: self._branch,
            Loop: self._loop,
            Map: self._map,
            Race: self._race,
        }
        if isinstance(node, Leaf):
            return self.leaf[node.stage]
        return rules[type(node)](node)

    def _seq(self, node: Seq) -> Span:
        below = [self.span(child) for child in node.children]
        return Span(total([span.time for span in below]), _summed(below))

    def _par(self, node: Par) -> Span:
        below = [self.span(child) for child in node.children]
        return self._at_least([span.time for span in below], _summed(below))

    def _dag(self, node: Dag) -> Span:
        below = [self.span(child) for child in node.children]
        ends: list[Term] = []
        for index, span in enumerate(below):
            starts = [ends[a] for a, b in node.deps if b == index]
            ends.append(total([self._largest(starts), span.time]))
        return self._at_least(ends, _summed(below))

    def _branch(self, node: Branch) -> Span:
        pairs = zip(node.children, node.probabilities, strict=True)
        below = [self.span(child) for child, probability in pairs if probability > 0]
        devices = sorted({device for span in below for device in span.loads})
        loads = {
            device: self._largest([s.loads[device] for s in below if device in s.loads])
            for device in devices
        }
        return Span(self._largest([span.time for span in below]), loads)

    def _loop(self, node: Loop) -> Span:
        count = int(node.count.at(self.level))
        body = self.span(node.body)
        return Span(body.time.times(count), {d: t.times(count) for d, t in body.loads.items()})

    def _map(self, node: Map) -> Span:
        body = self.span(node.body)
        width = int(node.width.at(self.level))
        loads = {device: load.times(width) for device, load in body.loads.items()}
        return self._at_least([body.time.times(int(waves(node, self.level)))], loads)

    def _race(self, node: Race) -> Span:
        below = [self.span(child) for child in node.children]
        shortest = self._variable(min(span.time.most for span in below))
        wins = [self.model.new_bool_var(f"wins_{next(self._names)}") for _ in below]
        self.model.add_exactly_one(wins)
        for win, span in zip(wins, below, strict=True):
            self.model.add(shortest.expression >= span.time.expression).only_enforce_if(win)
        return Span(shortest, _summed(below))

    def _at_least(self, times: list[Term], loads: dict[str, Term]) -> Span:
        """A node that runs things together: the longest, and no less than any class's work."""
        work = [-(-load.most // self.slots[device]) for device, load in loads.items()]
        end = self._largest(times, *work)
        for device, load in loads.items():
            self.model.add(self.slots[device] * end.expression >= load.expression)
        return Span(end, loads)

    def _largest(self, terms: list[Term], *others: int) -> Term:
        """Returns a variable that is at least each of `terms`, with room for `others`."""
        if not terms and not others:
            return ZERO
        if len(terms) == 1 and not others:
            return terms[0]
        made = self._variable(max([*(term.most for term in terms), *others]))
        for term in terms:
            self.model.add(made.expression >= term.expression)
        return made

    def _variable(self, most: int) -> Term:
        name = f"time_{self.level}_{next(self._names)}"
        return Term(self.model.new_int_var(0, most, name), most)


def _summed(below: list[Span]) -> dict[str, Term]:
    devices = sorted({device for span in below for device in span.loads})
    return {d: total([span.loads[d] for span in below if d in span.loads]) for d in devices}
