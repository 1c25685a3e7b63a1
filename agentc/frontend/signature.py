"""What a decorated function's signature says: parameters, types, result, where it stands."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentc.frontend.annotations import type_of
from agentc.frontend.places import Place, error, place_of_function
from agentc.frontend.templates import listed
from agentc.frontend.types import Type

_EMPTY = inspect.Parameter.empty


@dataclass(frozen=True)
class Param:
    """A parameter: `annotation` is the Python one, `default` the default or `inspect._empty`."""

    name: str
    type: Type
    annotation: Any
    default: Any = _EMPTY

    @property
    def has_default(self) -> bool:
        return self.default is not _EMPTY


@dataclass(frozen=True)
class Signature:
    """A function read once: `result` is None when it has no result annotation."""

    name: str
    function: Callable[..., Any]
    params: tuple[Param, ...]
    result: Any
    place: Place

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Returns the arguments of a call by parameter, defaults filled in.

        Raises:
          FrontendError: an argument is missing, unknown or given twice.
        """
        try:
            bound = self._python().bind(*args, **kwargs)
        except TypeError as problem:
            raise error(
                f"the call of '{self.name}' does not fit: {problem}, expected "
                f"{listed([p.name for p in self.params])}; correct the arguments"
            ) from None
        bound.apply_defaults()
        return dict(bound.arguments)

    def _python(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature(
            [inspect.Parameter(p.name, kind, default=p.default) for p in self.params]
        )


def read_signature(function: Callable[..., Any], name: str, kind: str) -> Signature:
    """Reads the signature of a decorated function; `kind` names it in errors ("tool").

    Raises:
      FrontendError: a parameter without or with an unsupported annotation, `*args`, `**kwargs`,
        or an annotation that does not resolve.
    """
    place = place_of_function(function)
    hints = _hints(function, name, place)
    params = []
    for parameter in inspect.signature(function).parameters.values():
        what = f"parameter '{parameter.name}' of {kind} '{name}'"
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise error(
                f"{what} takes any number of arguments, expected named ones; list them", place
            )
        if parameter.name not in hints:
            raise error(
                f"{what} has no annotation, expected its type; write {parameter.name}: str", place
            )
        annotation = hints[parameter.name]
        type_ = type_of(annotation, what, place)
        params.append(Param(parameter.name, type_, annotation, parameter.default))
    return Signature(name, function, tuple(params), hints.get("return"), place)


def _hints(function: Callable[..., Any], name: str, place: Place) -> dict[str, Any]:
    scope = inspect.getclosurevars(function).nonlocals if inspect.isfunction(function) else {}
    try:
        return typing.get_type_hints(function, localns=scope or None, include_extras=True)
    except NameError as problem:
        raise error(
            f"the annotations of '{name}' cannot be read: {problem}, expected names that resolve; "
            "import them, or define the classes at module level",
            place,
        ) from None
