"""Names that the user gives: a name that is written must say something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentc.frontend.places import Place, error, place_of_function


def name_of(function: Callable[..., Any], name: str | None, kind: str) -> str:
    """Returns the name of a decorated function: `name=` if it is written, else the function's.

    Args:
      kind: what is named, for the error ("tool").

    Raises:
      FrontendError: `name` is empty or no string; the line is where the function begins.
    """
    if name is None:
        return function.__name__
    fix = f'drop name= to call it "{function.__name__}", or write name="{function.__name__}_2"'
    return checked_name(name, kind, fix, place_of_function(function))


def checked_name(name: object, kind: str, fix: str, place: Place | None = None) -> str:
    """Returns `name` if it is a string with something to read in it.

    Args:
      kind, fix: what is named, and what to do, for the error.

    Raises:
      FrontendError: it is not, at `place` or at the user's line that is running.
    """
    if not isinstance(name, str) or not name.strip():
        raise error(f"the {kind} has no name: found {name!r}, expected a text; {fix}", place)
    return name
