"""Quantities as users write them: a number and a unit in one string, read once."""

from __future__ import annotations

import re

from agentc.frontend.places import error

_NUMBER = r"([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)"
_DURATION = re.compile(rf"{_NUMBER}\s*(us|ms|s|min|h)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_PRICE = re.compile(rf"\$\s*{_NUMBER}\s*/\s*call|{_NUMBER}\s*USD\s*/\s*call")


def seconds(value: object, what: str) -> float:
    """Reads a duration such as "5s", "400ms", "250us", "2min" or "1h"; returns seconds.

    Args:
      what: the quantity's name, for the error ("timeout of tool 'web'").

    Raises:
      FrontendError: a bare number, an unknown unit, or not a duration at all.
    """
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise error(_duration_message(value, what))
    return float(match[1]) * _SECONDS[match[2]]


def usd_per_call(value: object, what: str) -> float:
    """Reads a price such as "$0.002/call"; returns US dollars per call."""
    match = _PRICE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        fix = f'write "${value}/call"' if _is_number(value) else 'write it as "$0.002/call"'
        raise error(f"{what} has no readable price: found {value!r}, expected USD per call; {fix}")
    return float(match[1] or match[2])


def probability(value: object, what: str) -> float:
    """Checks that `value` is a number from 0 to 1 and returns it."""
    if not _is_number(value) or not 0.0 <= float(value) <= 1.0:  # type: ignore[arg-type]
        raise error(f"{what} is {value!r}, expected a probability from 0 to 1; correct the number")
    return float(value)  # type: ignore[arg-type]


def positive_int(value: object, what: str) -> int:
    """Checks that `value` is an integer of at least 1 and returns it."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise error(f"{what} is {value!r}, expected an integer of at least 1; correct the number")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _duration_message(value: object, what: str) -> str:
    expected = "expected a duration with a unit (us, ms, s, min, h)"
    if _is_number(value):
        return f'{what} has no unit: found {value!r}, {expected}; write "{value}s"'
    return f'{what} is not a duration: found {value!r}, {expected}; write it as "5s" or "400ms"'
