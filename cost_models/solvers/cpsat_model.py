"""The variables and constraints of cpsat.py's program, one method a group.

OR-Tools is not imported here: the model to fill is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.problem import ORCHESTRATOR, Edge, Problem
from agentc.cost_models.solvers.cpsat_time import UNCUT, Span, Term, TimeModel, total
from agentc.cost_models.solvers.scaling import Scale, scale_for
from agentc.cost_models.transfer import Transfer
from agentc.cost_models.tree import until


class PlacementModel:
    """The model of one problem: one method for each group of constraints."""

    def __init__(self, model: Any, problem: Problem, evaluator: Evaluator) -> None:
        self.model = model
        self.problem = problem
        self.evaluator = evaluator
        self.place: dict[tuple[int, int], Any] = {}
        self.moves: dict[tuple[Edge, str, str], Any] = {}

    # --- variables and assignment -------------------------------------------------------------

    def add_assignment(self) -> None:
        """Every stage takes one candidate; colocated stages take the same class and precision."""
        together: dict[str, list[int]] = {}
        for stage in self.problem.stages:
            for index, c in enumerate(stage.candidates):
                name = f"place_{stage.label}_on_{c.device}_{c.precision}"
                self.place[stage.id, index] = self.model.new_bool_var(name)
            self.model.add_exactly_one(self._of_stage(stage.id))
            if stage.colocate is not None:
                together.setdefault(stage.colocate, []).append(stage.id)
        for group in together.values():
            for other in group[1:]:
                self._add_equal(group[0], other)

    def _add_equal(self, first: int, second: int) -> None:
        tables = [
            {
                (c.device, c.precision): self.place[stage, index]
                for index, c in enumerate(self.evaluator.stages[stage].candidates)
            }
            for stage in (first, second)
        ]
        for key in sorted({*tables[0], *tables[1]}):
            self.model.add(tables[0].get(key, 0) == tables[1].get(key, 0))

    def _of_stage(self, stage: int) -> list[Any]:
        return [var for (owner, _), var in self.place.items() if owner == stage]

    def _on(self, stage: int, device: str) -> Any:
        """Returns the expression that is 1 when `stage` stands on `device`."""
        candidates = enumerate(self.evaluator.stages[stage].candidates)
        return sum(self.place[stage, index] for index, c in candidates if c.device == device)

    def _devices(self, stage: int) -> list[str]:
        return sorted({c.device for c in self.evaluator.stages[stage].candidates})

    # --- transfers ----------------------------------------------------------------------------

    def add_moves(self) -> None:
        """Ties each edge to the pair of classes at its ends, and forbids pairs without a link."""
        for edge in self.problem.edges:
            pairs = dict(self._pairs(edge))
            allowed = {pair: t for pair, t in pairs.items() if t is not None}
            if any(t.seconds or t.usd for t in allowed.values()):
                self._add_pair_variables(edge, list(allowed))
                continue
            for a, b in pairs.keys() - allowed.keys():
                self.model.add(self._on(edge.producer, a) + self._on(edge.consumer, b) <= 1)

    def _pairs(self, edge: Edge) -> Iterator[tuple[tuple[str, str], Transfer | None]]:
        for a in self._devices(edge.producer):
            for b in self._devices(edge.consumer):
                yield (a, b), self.evaluator.links.transfer(edge.bytes_p95, a, b)

    def _add_pair_variables(self, edge: Edge, allowed: list[tuple[str, str]]) -> None:
        label = "_".join(self.evaluator.stages[s].label for s in (edge.producer, edge.consumer))
        made = {
            pair: self.model.new_bool_var(f"move_{label}_{pair[0]}_{pair[1]}") for pair in allowed
        }
        for a in self._devices(edge.producer):
            leaving = sum(var for pair, var in made.items() if pair[0] == a)
            self.model.add(leaving == self._on(edge.producer, a))
        for b in self._devices(edge.consumer):
            arriving = sum(var for pair, var in made.items() if pair[1] == b)
            self.model.add(arriving == self._on(edge.consumer, b))
        self.moves |= {(edge, *pair): var for pair, var in made.items()}

    # --- limits -------------------------------------------------------------------------------

    def add_limits(self) -> None:
        """Latency, memory, cost per run and price per hour."""
        limits = self.problem.limits
        for limit in limits.latency:
            scale = scale_for(min(limit.limit_s, self._worst(limit.level)))
            most = scale.down(limit.limit_s)
            self.model.add(self._time(limit.level, limit.until, scale, most + 1) <= most)
        for device in self.problem.devices:
            if device.memory_bytes is not None:
                scale = scale_for(device.memory_bytes)
                most = scale.down(device.memory_bytes)
                self.model.add(self._memory(device.name, scale, most + 1)[0] <= most)
        for value, terms in (
            (limits.run_usd, self._cost_terms),
            (limits.hourly_usd, self._hourly_terms),
        ):
            if value is not None:
                scale = scale_for(value)
                most = scale.down(value)
                self.model.add(_sum(terms(), scale, most + 1) <= most)

    def add_objective(self, largest: float | None) -> tuple[float, int]:
        """Sets what is minimised, scaled to `largest` (None: to what no placement exceeds). Terms
        above a given `largest` are cut to it: they are worse than what is known. Returns the value
        that was scaled to and how many rounded terms a placement sums."""
        objective = self.problem.objective
        terms = len(self.problem.stages) + len(self.problem.edges)
        if objective.kind == "latency":
            scaled_to = largest or self._worst(objective.level)
            scale = scale_for(scaled_to)
            cap = UNCUT if largest is None else scale.up(largest) + 1
            expression = self._time(objective.level, objective.until, scale, cap)
            counts = self.evaluator.counts(objective.level)
            moves = [self.evaluator.charged_to(edge) for edge in self.problem.edges]
            terms = int(2 * sum(counts.values()) + sum(counts[stage] for stage in moves))
        elif objective.kind == "memory":
            scaled_to = largest or self._most_memory(objective.device)
            scale = scale_for(scaled_to)
            cap = UNCUT if largest is None else scale.up(largest) + 1
            expression, terms = self._memory(objective.device, scale, cap)
        else:
            listed = self._cost_terms() if objective.kind == "cost" else self._hourly_terms()
            scaled_to = largest or sum(usd for _, usd in listed)
            scale = scale_for(scaled_to)
            cap = UNCUT if largest is None else scale.up(largest) + 1
            expression = _sum(listed, scale, cap)
        self.model.minimize(expression)
        return scaled_to, terms

    def _cost_terms(self) -> list[tuple[Any, float]]:
        """Returns (variable, expected USD) of every candidate and every move."""
        evaluator = self.evaluator
        terms = []
        for (stage, index), var in self.place.items():
            usd = evaluator.stages[stage].candidates[index].cost_usd
            assert usd is not None, "check() refuses unpriced candidates"
            terms.append((var, evaluator.multiplicity[stage].expected * usd))
        for (edge, a, b), var in self.moves.items():
            transfer = evaluator.links.transfer(edge.bytes, a, b)
            assert transfer is not None
            moved = evaluator.multiplicity[evaluator.charged_to(edge)].expected
            terms.append((var, moved * transfer.usd))
        return terms

    def _hourly_terms(self) -> list[tuple[Any, float]]:
        """Returns (is the class in use, USD per hour) of every class that a stage could take."""
        terms = []
        for device in self.problem.devices:
            takers = [v for (s, i), v in self.place.items() if self._device(s, i) == device.name]
            if not takers:
                continue
            if device.price_usd_per_hour is None:
                raise ValueError(f"device class '{device.name}' has no price")
            used = self.model.new_bool_var(f"use_{device.name}")
            self.model.add_max_equality(used, takers)
            terms.append((used, device.price_usd_per_hour))
        return terms

    def _device(self, stage: int, index: int) -> str:
        return self.evaluator.stages[stage].candidates[index].device

    def _most_memory(self, device: str) -> float:
        """Returns the bytes that a class would hold if everything stood on it."""
        return sum(
            c.weights_bytes + c.state_bytes * self.evaluator.multiplicity[stage.id].parallel
            for stage in self.problem.stages
            for c in stage.candidates
            if c.device == device
        )

    def _memory(self, device: str, scale: Scale, cap: int) -> tuple[Any, int]:
        """Returns the bytes in use on a class and how many rounded terms they sum."""
        parts: dict[object, list[tuple[Any, float]]] = {}
        for (stage_id, index), var in self.place.items():
            stage = self.evaluator.stages[stage_id]
            candidate = stage.candidates[index]
            if candidate.device != device:
                continue
            held = candidate.state_bytes * self.evaluator.multiplicity[stage_id].parallel
            weights = ("weights", stage.weights or stage_id, candidate.precision)
            state = ("state", stage.state_group or stage_id)
            parts.setdefault(weights, []).append((var, candidate.weights_bytes))
            parts.setdefault(state, []).append((var, held))
        sized = [[(v, min(scale.up(size), cap)) for v, size in part] for part in parts.values()]
        return sum(self._largest(device, part) for part in sized), len(parts)

    def _largest(self, device: str, part: list[tuple[Any, int]]) -> Any:
        """Returns the largest of `variable * size`: what stages share counts once."""
        sizes = {size for _, size in part}
        if len(part) == 1:
            return part[0][0] * part[0][1]
        if len(sizes) == 1:
            held = self.model.new_bool_var(f"held_on_{device}")
            for var, _ in part:
                self.model.add_implication(var, held)
            return held * part[0][1]
        largest = self.model.new_int_var(0, max(sizes), f"held_on_{device}")
        for var, size in part:
            self.model.add(largest >= size * var)
        return largest

    # --- time ---------------------------------------------------------------------------------

    def _time(self, level: str, stop: int | None, scale: Scale, cap: int) -> Any:
        """Returns the latency at `level`, up to the first output of `stop`, as an expression.

        Terms above `cap` are cut: they break the limit all the same. The cut is higher by the
        largest number of slots, since a class's work is divided by it.
        """
        tree = self.problem.tree
        if stop is not None:
            cut = until(tree, stop)
            assert cut is not None
            tree = cut
        cap = min(cap * max(self.evaluator.slots.values(), default=1), UNCUT)
        leaf = {s.id: self._leaf(s.id, level, stop, scale, cap) for s in self.problem.stages}
        times = TimeModel(self.model, level, leaf, self.evaluator.slots)
        return times.span(tree).time.expression

    def _leaf(self, stage: int, level: str, stop: int | None, scale: Scale, cap: int) -> Span:
        """Execution by candidate, and the moves that are charged to this stage."""
        owner = self.evaluator.stages[stage]
        fraction = owner.first_output_fraction if stage == stop else 1.0
        steps = [
            min(scale.up(fraction * candidate.time_s.at(level)), cap)
            for candidate in owner.candidates
        ]
        by_device: dict[str, list[tuple[Any, int]]] = {}
        for index, candidate in enumerate(owner.candidates):
            placed = (self.place[stage, index], steps[index])
            by_device.setdefault(candidate.device, []).append(placed)
        work = {device: _one_of(placed) for device, placed in by_device.items()}
        execution = Term(sum(load.expression for load in work.values()), max(steps, default=0))
        moves = [self._move(edge, fraction, scale, cap) for edge in self.evaluator.charged[stage]]
        work.pop(ORCHESTRATOR, None)
        return Span(total([execution, *moves]), work)

    def _move(self, edge: Edge, fraction: float, scale: Scale, cap: int) -> Term:
        """Returns the time of one edge's transfer: one pair of classes is chosen."""
        pairs = []
        for (moved, a, b), var in self.moves.items():
            if moved is edge:
                transfer = self.evaluator.links.transfer(edge.bytes_p95, a, b)
                assert transfer is not None
                pairs.append((var, min(scale.up(fraction * transfer.seconds), cap)))
        return _one_of(pairs)

    def _worst(self, level: str) -> float:
        """Returns a time that no placement exceeds: everything one after the other."""
        longest = {}
        for stage in self.problem.stages:
            moves = [self._pairs(edge) for edge in self.evaluator.charged[stage.id]]
            slowest = [max((t.seconds for _, t in pairs if t), default=0.0) for pairs in moves]
            longest[stage.id] = sum(slowest) + max(c.time_s.at(level) for c in stage.candidates)
        counts = self.evaluator.counts(level)
        return sum(counts[stage] * seconds for stage, seconds in longest.items())

    # --- read back ----------------------------------------------------------------------------

    def choices(self, solver: Any) -> dict[int, int]:
        """Returns the candidate of every stage."""
        return {stage: index for (stage, index), v in self.place.items() if solver.boolean_value(v)}


def _one_of(choices: list[tuple[Any, int]]) -> Term:
    """Returns the value of a choice of which at most one is taken."""
    most = max((steps for _, steps in choices), default=0)
    return Term(sum(steps * variable for variable, steps in choices), most)


def _sum(listed: list[tuple[Any, float]], scale: Scale, cap: int = UNCUT) -> Any:
    """Returns the scaled sum of (variable, value) terms, each cut at `cap`."""
    return sum(min(scale.up(value), cap) * variable for variable, value in listed)
