"""`prompt`: a function whose body is a text template, filled without a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentc.frontend import types as t
from agentc.frontend.constants import as_traced
from agentc.frontend.form.work import Prompt
from agentc.frontend.places import error
from agentc.frontend.signature import Signature, read_signature
from agentc.frontend.templates import check, format_value, pieces, plain
from agentc.frontend.tracer import active


@dataclass(frozen=True)
class PromptFunction:
    """A function that fills a template; made by `prompt`."""

    name: str
    signature: Signature
    template: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Emits the prompt inside a graph; returns the text outside of one."""
        arguments = self.signature.bind(args, kwargs)
        tracer = active()
        if tracer is None:
            shown = {name: format_value(plain(value)) for name, value in arguments.items()}
            return "".join(pieces(self.template, shown))
        filled = {
            p.name: as_traced(
                tracer, arguments[p.name], p.type, f"argument '{p.name}' of '{self.name}'"
            )._name
            for p in self.signature.params
        }
        return tracer.emit_one(
            Prompt, t.TEXT, template=self.template, args=filled, origin=self.name
        )


def prompt(function: Callable[..., Any]) -> PromptFunction:
    """Makes a function that fills its docstring, a template, with its arguments: `@ag.prompt`.

    Raises:
      FrontendError: an empty or ill-formed template, or one that does not use an input.
    """
    signature = read_signature(function, function.__name__, "prompt")
    template = inspect.cleandoc(function.__doc__ or "")
    check_inputs(signature, template, None)
    return PromptFunction(signature.name, signature, template)


def check_inputs(signature: Signature, template: str, system: str | None) -> None:
    """Checks the templates of a function against its parameters, both ways."""
    name, place = signature.name, signature.place
    inputs = [p.name for p in signature.params]
    used = check(template, inputs, f"prompt of '{name}'", place)
    if system is not None:
        used = used + check(system, inputs, f"system of '{name}'", place)
    for unused in inputs:
        if unused not in used:
            raise error(
                f"prompt of '{name}' lacks a placeholder for its input '{unused}': found "
                f"{', '.join(f'{{{n}}}' for n in used) or 'none'}, expected {{{unused}}}; add it "
                "to the docstring, or drop the parameter",
                place,
            )
