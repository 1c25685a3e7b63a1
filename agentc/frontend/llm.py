"""`llm`: a function whose body is a prompt. The docstring is the template."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentc.frontend import eager as eager_mode
from agentc.frontend import types as t
from agentc.frontend.annotations import type_of
from agentc.frontend.constants import as_traced
from agentc.frontend.dists import Dist, as_dist
from agentc.frontend.form.work import Generate, Prompt
from agentc.frontend.models import LLM, Model, declare_model, source_of
from agentc.frontend.names import name_of
from agentc.frontend.outputs import (
    Output,
    declare_schema,
    emit_value,
    read_output,
    read_text,
)
from agentc.frontend.places import Place, error, here
from agentc.frontend.prompt import check_inputs
from agentc.frontend.sessions import Session, open_session, value_of
from agentc.frontend.signature import Signature, read_signature
from agentc.frontend.templates import check, format_value, pieces, plain
from agentc.frontend.tracer import Tracer, active
from agentc.frontend.units import positive_int
from agentc.frontend.values import Traced


@dataclass(frozen=True)
class LLMFunction:
    """A function that a language model computes; made by `llm`.

    Attributes:
      template, system: the prompt templates; `system` is None for the model's default.
      settings: the fields of `generate` that the decorator sets.
    """

    name: str
    signature: Signature
    model: str | Model
    template: str
    system: str | None
    output: Output
    session: str | Session | None
    settings: dict[str, Any]

    def __call__(self, *args: Any, session: Session | str | None = None, **kwargs: Any) -> Any:
        """Emits the call inside a graph; asks the bound engine outside of one."""
        arguments = self.signature.bind(args, kwargs)
        chosen = session if session is not None else self.session
        tracer = active()
        if tracer is None:
            return self._run(arguments, chosen)
        return self._trace(tracer, arguments, chosen)

    def _trace(self, tracer: Tracer, arguments: dict[str, Any], session: Any) -> Traced:
        place = here()
        values = {
            p.name: as_traced(
                tracer, arguments[p.name], p.type, f"argument '{p.name}' of '{self.name}'"
            )
            for p in self.signature.params
        }
        symbol = declare_model(tracer, self.model, LLM, f"llm '{self.name}'", self.signature.place)
        name = None if session is None else self._enter_session(tracer, session, place)
        prompt = self._prompt(tracer, self.template, values)
        system = None
        if self.system is not None and name is None:
            system = self._prompt(tracer, self.system, values)._name
        schema = declare_schema(tracer, self.output, self.signature.place)
        conversation = None if name is None else value_of(tracer, name)
        results = tracer.emit(
            Generate,
            [t.TEXT, *([] if name is None else [t.SESSION])],
            origin=self.name,
            model=symbol,
            prompt=prompt._name,
            system=system,
            session=None if conversation is None else conversation._name,
            schema_=schema,
            choices=list(self.output.choices) or None,
            site=tracer.next_site(),
            label=self.name,
            **self.settings,
        )
        if name is not None:
            tracer.scope.sessions[name] = results[1]
        return emit_value(tracer, self.output, results[0], schema)

    def _prompt(self, tracer: Tracer, template: str, values: dict[str, Traced]) -> Traced:
        names = check(template, values, f"prompt of '{self.name}'", self.signature.place)
        args = {name: values[name]._name for name in names}
        return tracer.emit_one(Prompt, t.TEXT, template=template, args=args, origin=self.name)

    def _enter_session(self, tracer: Tracer, session: Session | str, place: Place) -> str:
        """Opens the conversation before the enclosing regions unless it is; checks the fit."""
        name = session.name if isinstance(session, Session) else session
        source = source_of(self.model, f"llm '{self.name}'", self.signature.place)
        if name not in tracer.session_info:
            opened = Session(name, self.model, self._static_system(name))
            open_session(tracer, opened, place, at_root=True)
            return name
        info = tracer.session_info[name]
        if info.model != source:
            raise error(
                f"session '{name}' belongs to model '{info.model}': found a call of '{self.name}' "
                f"with model '{source}', expected the same; use another session"
            )
        if self.system is not None and self.system != info.system:
            raise error(
                f"session '{name}' was opened with another system text than '{self.name}' has: "
                "expected one system text in a conversation; give it to ag.session and drop "
                f"system= of '{self.name}'"
            )
        return name

    def _static_system(self, session: str) -> str | None:
        if self.system is None:
            return None
        if check(self.system, [p.name for p in self.signature.params], "system", None):
            raise error(
                f"the system text of '{self.name}' has placeholders but opens session "
                f"'{session}', expected a fixed text; open it with ag.session(..., system=...)"
            )
        return "".join(pieces(self.system, {}))

    def _run(self, arguments: dict[str, Any], session: Any) -> Any:
        engine = eager_mode.engine(f"llm '{self.name}'")
        shown = {name: format_value(plain(value)) for name, value in arguments.items()}
        name = session.name if isinstance(session, Session) else session
        turns = [] if name is None else eager_mode.history(name)
        system = getattr(session, "system", None) or self.system
        request = eager_mode.GenerateRequest(
            model=source_of(self.model, f"llm '{self.name}'", self.signature.place),
            pieces=pieces(self.template, shown),
            system=() if system is None else pieces(system, shown),
            history=tuple(turns),
            choices=self.output.choices,
            json_schema=self.output.schema,
            label=self.name,
            **_request_settings(self.settings),
        )
        text = engine.generate(request)
        turns += [("user", request.prompt), ("assistant", text)]
        return read_text(self.output, text, self.name)


def llm(
    *,
    model: str | Model,
    output: Any = None,
    system: str | None = None,
    prompt: str | None = None,
    session: str | Session | None = None,
    max_tokens: int = 256,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    seed: int | None = None,
    stop: Sequence[str] = (),
    choices: Sequence[str] = (),
    regex: str | None = None,
    out_tokens: Dist | int | None = None,
    stream: bool = False,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], LLMFunction]:
    """Makes a function that a language model computes. Its docstring is the prompt template.

    `{name}` in the template is the parameter `name`; `{{` and `}}` are braces; `{|}` cuts a piece.
    The output is text; a Literal or Enum (the model must choose); bool (yes or no); a pydantic
    model, dataclass or TypedDict, a number or a list (the model must write JSON of it).

    Args:
      model: a known model, a path, or what `ag.model` returned.
      output: the output's annotation, by default the function's result annotation.
      system: the system text, itself a template; None for the model's default.
      prompt: the template, instead of the docstring.
      session: the conversation that the call goes on with.
      max_tokens: the most tokens to decode. temperature: 0 is greedy.
      choices, regex: the texts, or a pattern of the text, that the model must give.
      out_tokens: the distribution of the decoded tokens, if known.
      stream: whether tokens of this call go to the client as they come.

    Raises:
      FrontendError: an empty or ill-formed template, an input that no template uses, an
        unsupported annotation, or settings that contradict each other.
    """
    settings: dict[str, Any] = {
        "max_tokens": max_tokens, "temperature": temperature, "top_k": top_k, "top_p": top_p,
        "min_p": min_p, "seed": seed, "stop": stop, "choices": choices, "regex": regex,
        "out_tokens": out_tokens, "stream": stream,
    }  # fmt: skip

    def decorate(function: Callable[..., Any]) -> LLMFunction:
        signature = read_signature(function, name_of(function, name, "llm"), "llm")
        if output is not None:
            signature = _with_output(signature, output)
        template = prompt if prompt is not None else inspect.cleandoc(function.__doc__ or "")
        return build_llm(
            signature, model=model, prompt=template, system=system, session=session, **settings
        )

    return decorate


def _with_output(signature: Signature, output: Any) -> Signature:
    """Replaces the result annotation, which must say the same if it says anything."""
    if signature.result not in (None, type(None), Any):
        what = f"output of '{signature.name}'"
        given = type_of(output, what, signature.place)
        written = type_of(signature.result, what, signature.place)
        if given != written:
            raise error(
                f"llm '{signature.name}' has output= {given}, but its annotation says {written}, "
                "expected the same; drop output=, or correct the annotation",
                signature.place,
            )
    return replace(signature, result=output)


def build_llm(
    signature: Signature,
    *,
    model: str | Model,
    prompt: str,
    system: str | None = None,
    session: str | Session | None = None,
    max_tokens: int = 256,
    temperature: float = 0.0,
    out_tokens: Dist | int | None = None,
    stop: Sequence[str] = (),
    choices: Sequence[str] = (),
    regex: str | None = None,
    **settings: Any,
) -> LLMFunction:
    """Returns the function that a model computes, from a signature; checks as `llm` says."""
    name, place = signature.name, signature.place
    output = _with_choices(read_output(signature.result, name, place), choices, name)
    known = settings | {
        "max_tokens": max_tokens,
        "temperature": temperature,
        "stop": list(stop) or None,
        "regex": regex,
        "out_tokens": as_dist(out_tokens, f"out_tokens of '{name}'", duration=False),
    }
    _check_settings(name, known, output, place)
    check_inputs(signature, prompt, system)
    return LLMFunction(name, signature, model, prompt, system, output, session, known)


def _with_choices(output: Output, choices: Sequence[str], name: str) -> Output:
    if not choices:
        return output
    if output.type != t.TEXT or output.choices:
        raise error(
            f"llm '{name}' has choices and output {output.type}, expected choices with a "
            "text output only; drop one of both"
        )
    return Output(output.annotation, output.type, choices=tuple(choices))


def _check_settings(name: str, settings: dict[str, Any], output: Output, place: Place) -> None:
    positive_int(settings["max_tokens"], f"max_tokens of '{name}'")
    if settings["temperature"] < 0:
        raise error(
            f"temperature of '{name}' is {settings['temperature']}, expected at least 0; "
            "use 0 for greedy",
            place,
        )
    if settings["regex"] is not None and (output.choices or output.record is not None):
        raise error(
            f"llm '{name}' has a regex and output {output.type}, expected a regex with a "
            "plain text output only; drop one of both",
            place,
        )


def _request_settings(settings: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in settings.items() if k not in ("out_tokens", "stream")}
    return kept | {"stop": tuple(kept["stop"] or ())}
