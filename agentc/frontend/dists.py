"""What is declared about unknown quantities: distributions, SLA and budget of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise

from agentc.frontend import units
from agentc.frontend.places import error


@dataclass(frozen=True)
class Dist:
    """A distribution: `kind` and `values` as in `#agent.dist`; durations are in seconds.

    constant [v], uniform [low, high], lognormal [p50, p95], categorical values + weights,
    empirical (equally spaced quantiles, minimum and maximum included). `unit` is "s" or "count"
    as the user wrote it, "" where it is not known (read back from a program).
    """

    kind: str
    values: tuple[float, ...]
    weights: tuple[float, ...] = ()
    provenance: str = "declared"
    unit: str = field(default="", compare=False)


Quantity = int | float | str


def constant(value: Quantity) -> Dist:
    """A quantity that is always `value` (a count, or a duration such as "40ms")."""
    return Dist("constant", _numbers([value], "constant"), unit=_unit([value]))


def uniform(low: Quantity, high: Quantity) -> Dist:
    """A quantity equally likely anywhere from `low` to `high`."""
    values = _ascending(_numbers([low, high], "uniform"), "uniform", "low", "high")
    return Dist("uniform", values, unit=_unit([low]))


def lognormal(*, p50: Quantity, p95: Quantity) -> Dist:
    """A log-normal quantity given by its median and its 95th percentile."""
    values = _ascending(_numbers([p50, p95], "lognormal"), "lognormal", "p50", "p95")
    if values[0] <= 0:
        raise error(f"lognormal has p50 = {p50!r}, expected more than 0; use ag.constant for 0")
    return Dist("lognormal", values, unit=_unit([p50]))


def dist(weights: Mapping[Quantity, float]) -> Dist:
    """A quantity that takes each key with the weight given: `dist({1: .3, 2: .4, 4: .3})`.

    Weights must sum to 1 within 1e-6.
    """
    if not weights:
        raise error("dist is empty, expected at least one value; write ag.dist({1: 0.5, 2: 0.5})")
    shares = tuple(units.probability(w, f"weight of {v!r} in dist") for v, w in weights.items())
    if abs(sum(shares) - 1.0) > 1e-6:
        raise error(f"weights of dist sum to {sum(shares):g}, expected 1; correct the weights")
    values = _numbers(list(weights), "dist")
    return Dist("categorical", values, shares, unit=_unit(list(weights)))


def empirical(samples: Sequence[Quantity]) -> Dist:
    """A measured quantity; `samples` in any order, at least two. Kept as at most 33 quantiles."""
    values = sorted(_numbers(samples, "empirical"))
    if len(values) < 2:
        raise error(f"empirical has {len(values)} samples, expected at least 2; give more samples")
    if len(values) > _QUANTILES:
        last = len(values) - 1
        values = [values[round(i * last / (_QUANTILES - 1))] for i in range(_QUANTILES)]
    return Dist("empirical", tuple(values), unit=_unit(samples))


_QUANTILES = 33


def as_dist(value: object, what: str, *, duration: bool) -> Dist | None:
    """Accepts a Dist, a duration ("400ms", where durations are meant) or a count; None stays.

    Raises:
      FrontendError: counts where durations are meant or the reverse, or something else.
    """
    if value is None:
        return None
    if isinstance(value, Dist):
        return _of_unit(value, what, "s" if duration else "count")
    if duration:
        return constant(f"{units.seconds(value, what)}s")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return constant(value)
    raise error(
        f"{what} is {value!r}, expected a distribution or a number; "
        "use ag.lognormal, ag.uniform, ag.constant, ag.dist or ag.empirical"
    )


def _of_unit(value: Dist, what: str, unit: str) -> Dist:
    if value.unit in (unit, ""):
        return value
    if unit == "s":
        raise error(
            f"{what} is a distribution without a unit: found {list(value.values)}, expected "
            'durations; write ag.lognormal(p50="400ms", p95="2s")'
        )
    raise error(f"{what} is a distribution of durations, expected counts; drop the time units")


def _unit(values: Sequence[Quantity]) -> str:
    return "s" if values and isinstance(values[0], str) else "count"


@dataclass(frozen=True, init=False)
class SLA:
    """Percentile targets of the whole graph: `SLA(p95="6s", ttft_p95="1.5s", availability=0.995)`.

    Attributes are seconds (`p50_s`, `p95_s`, `p99_s`, `ttft_p95_s`: time to the first token) and
    a share (`availability`); None is not constrained. At least one is needed.
    """

    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    ttft_p95_s: float | None = None
    availability: float | None = None

    def __init__(
        self,
        *,
        p50: str | None = None,
        p95: str | None = None,
        p99: str | None = None,
        ttft_p95: str | None = None,
        availability: float | None = None,
    ) -> None:
        given = {"p50": p50, "p95": p95, "p99": p99, "ttft_p95": ttft_p95}
        for name, value in given.items():
            parsed = None if value is None else units.seconds(value, f"{name} of the SLA")
            object.__setattr__(self, name + "_s", parsed)
        if availability is not None and units.probability(availability, _AVAILABILITY) in (0, 1):
            raise error(
                f"{_AVAILABILITY} is {availability}, expected a share between 0 and 1, both "
                "excluded; write for example 0.995"
            )
        object.__setattr__(self, "availability", availability)
        _need_one(self, 'ag.SLA(p95="6s")')
        _check_percentiles(self)


@dataclass(frozen=True, init=False)
class Budget:
    """Hard limits of one run: `Budget(usd=0.02, tokens=40_000, wall="60s")`; at least one."""

    usd: float | None = None
    tokens: int | None = None
    wall_s: float | None = None

    def __init__(
        self, *, usd: float | None = None, tokens: int | None = None, wall: str | None = None
    ) -> None:
        if usd is not None and (not isinstance(usd, (int, float)) or usd <= 0):
            raise error(f"usd of the budget is {usd!r}, expected a number above 0; correct it")
        if tokens is not None:
            units.positive_int(tokens, "tokens of the budget")
        object.__setattr__(self, "usd", None if usd is None else float(usd))
        object.__setattr__(self, "tokens", tokens)
        wall_s = None if wall is None else units.seconds(wall, "wall of the budget")
        object.__setattr__(self, "wall_s", wall_s)
        _need_one(self, "ag.Budget(usd=0.02)")


_AVAILABILITY = "availability of the SLA"


def _need_one(record: SLA | Budget, example: str) -> None:
    if all(getattr(record, field.name) is None for field in fields(record)):
        raise error(f"ag.{type(record).__name__} is empty, expected a limit; write {example}")


def _check_percentiles(sla: SLA) -> None:
    given = [(n, getattr(sla, f"{n}_s")) for n in ("p50", "p95", "p99")]
    known = [(name, value) for name, value in given if value is not None]
    for (low, less), (high, more) in pairwise(known):
        if less > more:
            raise error(
                f"the SLA has {low} = {less:g} s above {high} = {more:g} s, expected {low} <= "
                f"{high}; correct one of them"
            )


def _numbers(values: Sequence[Quantity], what: str) -> tuple[float, ...]:
    kinds = {isinstance(value, str) for value in values}
    if len(kinds) > 1:
        raise error(
            f"{what} mixes durations and bare numbers: found {list(values)!r}, expected all with "
            "a unit or none; write the unit on each"
        )
    return tuple(_number(value, what) for value in values)


def _number(value: Quantity, what: str) -> float:
    if isinstance(value, str):
        return units.seconds(value, f"value of {what}")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise error(f"{what} has {value!r}, expected a number of at least 0; correct the number")
    return float(value)


def _ascending(values: tuple[float, ...], what: str, low: str, high: str) -> tuple[float, ...]:
    if values[0] > values[1]:
        raise error(
            f"{what} has {low} = {values[0]:g} above {high} = {values[1]:g}, expected {low} <= "
            f"{high}; swap them"
        )
    return values
