"""`agent.vote`: n samples of one region, reduced to one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from agentc.runtime import flow
from agentc.runtime.core import Failed, Outcome, Scope
from agentc.runtime.ops.frame import Frame
from agentc.runtime.templates import canonical_json


class Vote(Frame):
    """Runs its region n times at once.

    With a quorum the result is there as soon as no outstanding sample can change it; with
    `cancel_rest` those samples are then cancelled, else they run on and the operation ends with
    the last of them.
    """

    def start(self) -> None:
        self.count = int(self.op.attrs["n"])
        self.samples: dict[int, Any] = {}
        self.failure: Failed | None = None
        for number in range(self.count):
            self.open(0, slot=number, path=(*self.scope.path, number), args=(number,))

    def child_ended(self, child: Scope, outcome: Outcome) -> None:
        del self.children[child.slot]
        if isinstance(outcome, Failed):
            self.count, self.failure = child.slot, outcome
            self.cancel_from(child.slot)
        else:
            self.samples[child.slot] = counted(outcome.values[0])
            if self._decided_early():
                return
        if not self.children:
            self._end()

    def _decided_early(self) -> bool:
        quorum = self.op.attrs.get("quorum")
        if quorum is None or self.op.attrs["reduce"] != "majority" or self.failure is not None:
            return False
        winner = decided(self.samples, self.count, int(quorum))
        if winner is None:
            return False
        value = self.samples[winner]
        if self.op.attrs.get("cancel_rest"):
            self.cancel_from(0)
            self.finish([value])
            return True
        if self.op.results[0] not in self.scope.values:
            flow.publish(self.scope, self.op.results[0], value)
        return False

    def _end(self) -> None:
        if self.failure is not None:
            self.fail(self.failure)
            return
        samples = [self.samples[number] for number in range(self.count)]
        self.finish([reduce(samples, self.op.attrs["reduce"], self.op.attrs.get("quorum"))])


def counted(value: Any) -> Any:
    """Returns a sample as it is counted and given: a text without white space at its ends."""
    return value.strip() if isinstance(value, str) else value


def ballot(value: Any) -> str:
    """Returns what makes two samples equal: a text itself, else its JSON."""
    return value if isinstance(value, str) else canonical_json(value)


def median(samples: list[Any]) -> Any:
    """The middle sample; of an even number the lower one for integers, the mean of both else."""
    ordered = sorted(samples)
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return lower if isinstance(lower, int) else (lower + upper) / 2


def reduce(samples: list[Any], how: str, quorum: int | None = None) -> Any:
    """Returns the vote over all samples: mean, median, or majority, where the first value to
    reach `quorum` in index order wins, else the most frequent, ties by first to appear."""
    if how == "mean":
        return sum(samples) / len(samples)
    if how == "median":
        return median(samples)
    first: dict[str, Any] = {}
    votes: Counter[str] = Counter()
    for sample in map(counted, samples):
        key = ballot(sample)
        first.setdefault(key, sample)
        votes[key] += 1
        if quorum is not None and votes[key] >= quorum:
            return first[key]
    most = max(votes.values())
    return next(first[key] for key in first if votes[key] == most)


def decided(samples: Mapping[int, Any], count: int, quorum: int) -> int | None:
    """Returns the number of the sample that wins whatever the outstanding ones will be, or None
    while that is open.

    Let a value reach the quorum among the known samples at index t. It wins if no other value,
    old or new, could reach it before t even if every outstanding sample before t were that
    value.
    """
    first: dict[str, int] = {}
    votes: Counter[str] = Counter()
    unknown: list[int] = []
    for number in range(count):
        if number not in samples:
            unknown.append(number)
            continue
        key = ballot(counted(samples[number]))
        first.setdefault(key, number)
        votes[key] += 1
        if votes[key] < quorum:
            continue
        rival = max((n for other, n in votes.items() if other != key), default=0)
        return None if rival + len(unknown) >= quorum else first[key]
    return None
