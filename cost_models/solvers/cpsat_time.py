"""The latency of a tree as linear constraints: the table of evaluate.py, one rule a method.

Only lower bounds are needed, because latency is limited from above or minimised: "max" becomes a
variable that is at least each of its terms. The one "min", a race, picks its winner by a Boolean.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentc.cost_models.evaluate import waves
from agentc.cost_models.tree import Branch, Dag, Leaf, Loop, Map, Node, Par, Race, Seq

Expression = Any
"""A linear expression of the solver, or an integer."""

BIG = 1 << 45
"""Above every scaled time; far enough below 2^63 for sums."""


@dataclass(frozen=True)
class Span:
    """Time of a node, and work by device class below it, both in integer steps."""

    time: Expression
    loads: dict[str, Expression] = field(default_factory=dict)


class TimeModel:
    """Adds the constraints of one latency (a level, up to some stage) to a model."""

    def __init__(
        self, model: Any, level: str, leaf: Mapping[int, Span], slots: Mapping[str, int]
    ) -> None:
        self.model, self.level, self.leaf, self.slots = model, level, leaf, slots
        self._names = itertools.count()

    def span(self, node: Node) -> Span:
        """Returns time and loads of `node`, with the constraints that define them added."""
        rules = {
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
        return Span(sum(span.time for span in below), _summed(below))

    def _par(self, node: Par) -> Span:
        below = [self.span(child) for child in node.children]
        return self._at_least([span.time for span in below], _summed(below))

    def _dag(self, node: Dag) -> Span:
        below = [self.span(child) for child in node.children]
        ends: list[Expression] = []
        for index, span in enumerate(below):
            starts = [ends[a] for a, b in node.deps if b == index]
            start = starts[0] if len(starts) == 1 else self._variable(starts)
            ends.append(start + span.time)
        return self._at_least(ends, _summed(below))

    def _branch(self, node: Branch) -> Span:
        pairs = zip(node.children, node.probabilities, strict=True)
        below = [self.span(child) for child, probability in pairs if probability > 0]
        devices = sorted({device for span in below for device in span.loads})
        loads = {
            device: self._variable([s.loads[device] for s in below if device in s.loads])
            for device in devices
        }
        return Span(self._variable([span.time for span in below]), loads)

    def _loop(self, node: Loop) -> Span:
        count = int(node.count.at(self.level))
        body = self.span(node.body)
        return Span(count * body.time, {d: count * load for d, load in body.loads.items()})

    def _map(self, node: Map) -> Span:
        body = self.span(node.body)
        width = int(node.width.at(self.level))
        loads = {device: width * load for device, load in body.loads.items()}
        return self._at_least([int(waves(node, self.level)) * body.time], loads)

    def _race(self, node: Race) -> Span:
        below = [self.span(child) for child in node.children]
        shortest = self._variable([])
        wins = [self.model.new_bool_var(f"wins_{next(self._names)}") for _ in below]
        self.model.add_exactly_one(wins)
        for win, span in zip(wins, below, strict=True):
            self.model.add(shortest >= span.time).only_enforce_if(win)
        return Span(shortest, _summed(below))

    def _at_least(self, times: list[Expression], loads: dict[str, Expression]) -> Span:
        """A node that runs things together: the longest, and no less than any class's work."""
        end = self._variable(times)
        for device, load in loads.items():
            self.model.add(self.slots[device] * end >= load)
        return Span(end, loads)

    def _variable(self, terms: list[Expression]) -> Expression:
        """Returns a variable that is at least each of `terms`; 0 when there is none."""
        made = self.model.new_int_var(0, BIG, f"time_{self.level}_{next(self._names)}")
        for term in terms:
            self.model.add(made >= term)
        return made


def _summed(below: list[Span]) -> dict[str, Expression]:
    devices = sorted({device for span in below for device in span.loads})
    return {d: sum(span.loads[d] for span in below if d in span.loads) for d in devices}
