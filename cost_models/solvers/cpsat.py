"""The placement problem as an integer program, solved by OR-Tools CP-SAT.

Variables
    x[s, c] in {0, 1}       stage s takes candidate c                  place_answer_on_l4_f16
    z[e, a, b] in {0, 1}    edge e goes from class a to class b        move_plan_answer_l4_cpu
    t[n] >= 0               time of a parallel node n at one level     time_p95_3
    u[d] in {0, 1}          device class d is in use                   use_l4
Constraints
    sum_c x[s, c] = 1                                                  one candidate per stage
    x[s, c] = x[r, c]                                                  colocated stages
    sum_b z[e, a, b] = sum of x of the producer on a                   pairwise transfers: both
    sum_a z[e, a, b] = sum of x of the consumer on b                   ends fix the pair
    time(tree, level) <= limit                                         cpsat_time.py
    weights once per (group, precision) + states <= memory             every class
    expected cost <= budget,  sum_d u[d] price[d] <= max_hourly_cost
Objective
    expected cost, time(tree, level), memory of a class, or price of the classes in use

z exists only for pairs that a link joins, and only for edges that can cost anything. With both
marginals fixed the relaxation is tight (a transportation polytope), unlike x + x - 1 <= z.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ortools.sat.python import cp_model

from agentc.cost_models.evaluate import Evaluator
from agentc.cost_models.problem import ORCHESTRATOR, Edge, Problem
from agentc.cost_models.solution import Answer
from agentc.cost_models.solvers.cpsat_time import BIG, Span, TimeModel
from agentc.cost_models.solvers.scaling import Scale, scale_for
from agentc.cost_models.transfer import Transfer
from agentc.cost_models.tree import Node, until

_STATUS = {
    cp_model.OPTIMAL: "optimal",
    cp_model.FEASIBLE: "feasible",
    cp_model.INFEASIBLE: "infeasible",
    cp_model.UNKNOWN: "unknown",
}


def solve_cpsat(problem: Problem, *, seed: int = 0, time_limit_s: float = 10.0) -> Answer:
    """Returns the answer of CP-SAT, with one worker so that equal seeds give equal answers."""
    if any(not stage.candidates for stage in problem.stages):
        return Answer("infeasible")
    built = _Model(problem)
    built.add_assignment()
    built.add_moves()
    built.add_limits()
    scale, terms = built.add_objective()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = time_limit_s
    status = solver.solve(built.model)
    assert status in _STATUS, f"the model is invalid: {built.model.validate()}"
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer(_STATUS[status])
    # every term was rounded up by less than one quantum, so the true bound is lower by that
    bound = scale.value(max(solver.best_objective_bound - terms, 0.0))
    return Answer(_STATUS[status], built.choices(solver), bound)


class _Model:
    """The model of one problem: one method for each group of constraints."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.evaluator = Evaluator(problem)
        self.model = cp_model.CpModel()
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
                scale = Scale(1.0)
                expression, _ = self._memory(device.name, scale)
                self.model.add(expression <= scale.down(device.memory_bytes))
        for value, terms in (
            (limits.run_usd, self._cost_terms),
            (limits.hourly_usd, self._hourly_terms),
        ):
            if value is not None:
                scale = scale_for(value)
                most = scale.down(value)
                self.model.add(_sum(terms(), scale, most + 1) <= most)

    def add_objective(self) -> tuple[Scale, int]:
        """Sets what is minimised. Returns its scale and how many rounded terms it sums."""
        objective = self.problem.objective
        if objective.kind == "latency":
            scale = scale_for(self._worst(objective.level))
            expression = self._time(objective.level, objective.until, scale, BIG)
            counts = self.evaluator.counts(objective.level)
            terms = int(sum(counts[s.id] for s in self.problem.stages) * 2)
            terms += int(sum(counts[self.evaluator.charged_to(e)] for e in self.problem.edges))
        elif objective.kind == "memory":
            scale = Scale(1.0)
            expression, terms = self._memory(objective.device, scale)
        else:
            listed = self._cost_terms() if objective.kind == "cost" else self._hourly_terms()
            scale = scale_for(sum(usd for _, usd in listed))
            expression, terms = _sum(listed, scale), len(self.problem.stages + self.problem.edges)
        self.model.minimize(expression)
        return scale, terms

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

    def _memory(self, device: str, scale: Scale) -> tuple[Any, int]:
        """Returns the bytes in use on a class and how many rounded terms they sum."""
        parts: dict[object, list[tuple[Any, int]]] = {}
        for (stage_id, index), var in self.place.items():
            stage = self.evaluator.stages[stage_id]
            candidate = stage.candidates[index]
            if candidate.device != device:
                continue
            held = candidate.state_bytes * self.evaluator.multiplicity[stage_id].parallel
            weights = ("weights", stage.weights or stage_id, candidate.precision)
            state = ("state", stage.state_group or stage_id)
            parts.setdefault(weights, []).append((var, scale.up(candidate.weights_bytes)))
            parts.setdefault(state, []).append((var, scale.up(held)))
        return sum(self._largest(device, part) for part in parts.values()), len(parts)

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
        Terms above `cap` are cut to it: they break the limit all the same."""
        tree: Node | None = self.problem.tree
        if stop is not None:
            tree = until(self.problem.tree, stop)
            assert tree is not None
        leaf = {s.id: self._leaf(s.id, level, stop, scale, cap) for s in self.problem.stages}
        return TimeModel(self.model, level, leaf, self.evaluator.slots).span(tree).time

    def _leaf(self, stage: int, level: str, stop: int | None, scale: Scale, cap: int) -> Span:
        """Execution by candidate, and the moves that are charged to this stage."""
        owner = self.evaluator.stages[stage]
        fraction = owner.first_output_fraction if stage == stop else 1.0
        loads: dict[str, Any] = {}
        total: Any = 0
        for index, candidate in enumerate(owner.candidates):
            steps = min(scale.up(fraction * candidate.time_s.at(level)), cap)
            term = steps * self.place[stage, index]
            total += term
            if candidate.device != ORCHESTRATOR:
                loads[candidate.device] = loads.get(candidate.device, 0) + term
        for edge in self.evaluator.charged[stage]:
            for (moved, a, b), var in self.moves.items():
                if moved is edge:
                    transfer = self.evaluator.links.transfer(edge.bytes_p95, a, b)
                    assert transfer is not None
                    total += min(scale.up(fraction * transfer.seconds), cap) * var
        return Span(total, loads)

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

    def choices(self, solver: cp_model.CpSolver) -> dict[int, int]:
        """Returns the candidate of every stage."""
        return {stage: index for (stage, index), v in self.place.items() if solver.boolean_value(v)}


def _sum(listed: list[tuple[Any, float]], scale: Scale, cap: int = BIG) -> Any:
    """Returns the scaled sum of (variable, value) terms, each cut at `cap`."""
    return sum(min(scale.up(value), cap) * variable for variable, value in listed)
