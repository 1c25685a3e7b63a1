"""Conversations: a session is a name for an immutable history that calls go on with.

Inside a graph the history is a value threaded from call to call; `Session` only remembers which
conversation is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentc.frontend import types as t
from agentc.frontend.constants import as_traced
from agentc.frontend.eager import history
from agentc.frontend.form.work import AppendSession, OpenSession
from agentc.frontend.models import LLM, Model, declare_model, source_of
from agentc.frontend.names import checked_name
from agentc.frontend.places import Place, error, here
from agentc.frontend.tracer import SessionInfo, Tracer, active
from agentc.frontend.values import Traced

ROLES = ("user", "tool", "assistant")


@dataclass(frozen=True)
class Session:
    """A conversation by name. `system` is its system text, traced or plain."""

    name: str
    model: str | Model
    system: Any = None

    def append(self, text: Any, role: str = "user") -> Session:
        """Adds a turn (role "user", "tool" or "assistant") and returns the session."""
        if role not in ROLES:
            raise error(
                f"role of session '{self.name}' is {role!r}, expected one of "
                f"{', '.join(ROLES)}; correct the role"
            )
        tracer = active()
        if tracer is None:
            history(self.name).append((role, text))
            return self
        turn = as_traced(tracer, text, t.TEXT, f"turn of session '{self.name}'")
        fields = {"session": value_of(tracer, self.name)._name, "text": turn._name, "role": role}
        origin = f"session '{self.name}'"
        tracer.scope.sessions[self.name] = tracer.emit_one(
            AppendSession, t.SESSION, origin=origin, **fields
        )
        return self

    def fork(self, name: str) -> Session:
        """Begins conversation `name` with the history of this one as it stands."""
        tracer = active()
        if tracer is None:
            history(name)[:] = history(self.name)
        else:
            _enter(tracer, name, value_of(tracer, self.name), tracer.session_info[self.name])
        return Session(name, self.model, self.system)


def session(name: str, *, model: str | Model, system: Any = None) -> Session:
    """Opens conversation `name` with a model; functions with `session=name` go on with it.

    Args:
      system: the system text, plain or traced; None for the model's default.
    """
    checked_name(name, "session", 'write ag.session("chat", ...)')
    opened = Session(name, model, system)
    tracer = active()
    if tracer is not None:
        open_session(tracer, opened, here())
    return opened


def open_session(tracer: Tracer, opened: Session, place: Place, *, at_root: bool = False) -> None:
    """Emits the opening of a conversation, here or (`at_root`) before the enclosing regions."""
    scope, tracer.scope = tracer.scope, tracer.root if at_root else tracer.scope
    what = f"session '{opened.name}'"
    try:
        if opened.name in tracer.session_info:
            raise error(
                f"{what} is opened twice: expected one opening of a name in a graph; "
                "choose another name, or fork it"
            )
        symbol = declare_model(tracer, opened.model, LLM, what, place)
        system = None
        if opened.system is not None:
            system = as_traced(tracer, opened.system, t.TEXT, f"system of {what}")._name
        value = tracer.emit_one(
            OpenSession,
            t.SESSION,
            origin=what,
            place=place,
            model=symbol,
            session_name=opened.name,
            system=system,
        )
        static = opened.system if isinstance(opened.system, str) else None
        source = source_of(opened.model, what, place)
        _enter(tracer, opened.name, value, SessionInfo(source, static))
    finally:
        tracer.scope = scope


def value_of(tracer: Tracer, name: str) -> Traced:
    """Returns the history of conversation `name` as it stands here."""
    found = tracer.scope.session(name)
    if found is None:
        raise error(
            f"session '{name}' is not open here, expected it opened before and around this "
            f'call; write ag.session("{name}", model=...) at the top of the graph'
        )
    return found


def _enter(tracer: Tracer, name: str, value: Traced, info: SessionInfo) -> None:
    tracer.session_info[name] = info
    tracer.scope.sessions[name] = value
    tracer.scope.opened.add(name)
