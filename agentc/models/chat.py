"""Chat templates, rendered once at compile time into the strings around each role.

The model file's Jinja template is untrusted: it runs in Jinja's sandbox. Sentinels stand in for
the messages; what the template puts between them is the scaffold.
"""

from __future__ import annotations

from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agentc.errors import ModelFormatError
from agentc.models.tokenizer import TokenizerSource
from agentc.plan import ChatFormat

_ROLES = ("system", "user", "assistant", "tool")
_MAX_TEMPLATE_CHARS = 100_000


def chat_format(source: TokenizerSource, origin: str) -> ChatFormat:
    """Returns the scaffold of a model. `origin` names the file in errors.

    Without a template every text stands alone on its own line.

    Raises:
      ModelFormatError: the template does not render, or does not keep messages in order.
    """
    if not source.chat_template:
        plain = dict.fromkeys(_ROLES, "")
        return ChatFormat(
            begin=plain,
            end=dict.fromkeys(_ROLES, "\n"),
            default_system="",
            end_tokens=source.end_ids,
            bos=source.bos if source.add_bos else "",
        )
    return _Renderer(source, origin).scaffold()


class _Renderer:
    """Renders conversations of sentinels and cuts the result at them."""

    def __init__(self, source: TokenizerSource, origin: str) -> None:
        self._source = source
        self._origin = origin
        if len(source.chat_template) > _MAX_TEMPLATE_CHARS:
            raise self._error(f"is longer than {_MAX_TEMPLATE_CHARS} characters")
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = lambda form: ""
        try:
            self._template = environment.from_string(source.chat_template)
        except (TemplateError, RecursionError) as error:
            raise self._error(f"is not valid: {error}") from error

    def scaffold(self) -> ChatFormat:
        """Works out every role's begin and end from the differences of renderings."""
        end_assistant = self._pieces("user", "assistant")[-1]
        turn = self._pieces("user", "assistant", "user")
        begin_user = _without_prefix(turn[2], end_assistant)
        alone = self._pieces("user")
        end_user = alone[-1]
        begin_assistant = _without_prefix(self._pieces("user", prompt=True)[-1], end_user)
        begin = {"user": begin_user, "assistant": begin_assistant}
        end = {"user": end_user, "assistant": end_assistant}
        bos = self._bos(alone[0])
        begin["system"], end["system"] = self._system(begin_user, bos)
        begin["tool"], end["tool"] = self._tool(begin, end)
        return ChatFormat(
            begin=begin,
            end=end,
            default_system=self._default_system(alone[0], begin, end, bos),
            end_tokens=self._source.end_ids,
            bos=bos,
        )

    def _system(self, begin_user: str, bos: str) -> tuple[str, str]:
        """A template without a system role gets the text as a user turn."""
        as_user = (begin_user, self._pieces("user")[-1])
        try:
            before, between, _ = self._pieces("system", "user")
        except ModelFormatError:
            return as_user
        if not between.endswith(begin_user):
            return as_user
        return _without_prefix(before, bos), between.removesuffix(begin_user)

    def _tool(self, begin: dict[str, str], end: dict[str, str]) -> tuple[str, str]:
        """A template without a tool role gets tool results as user turns."""
        try:
            pieces = self._pieces("user", "assistant", "tool")
        except ModelFormatError:
            return begin["user"], end["user"]
        if not pieces[2].startswith(end["assistant"]):
            return begin["user"], end["user"]
        return _without_prefix(pieces[2], end["assistant"]), pieces[3]

    def _default_system(
        self, before_user: str, begin: dict[str, str], end: dict[str, str], bos: str
    ) -> str:
        """What stands before a first user turn when the caller gives no system message."""
        extra = _without_prefix(before_user, bos).removesuffix(begin["user"])
        if not extra:
            return ""
        if extra.startswith(begin["system"]) and extra.endswith(end["system"]):
            return extra.removeprefix(begin["system"]).removesuffix(end["system"])
        return ""

    def _bos(self, before_user: str) -> str:
        bos = self._source.bos
        # Some families use the begin token as the role marker too: then it is scaffold.
        if bos and self._source.add_bos:
            return bos
        if bos and before_user.startswith(bos) and not self._pieces_start_turns_with(bos):
            return bos
        return ""

    def _pieces_start_turns_with(self, text: str) -> bool:
        end = self._pieces("user", "assistant")[-1]
        between = self._pieces("user", "assistant", "user")[2]
        return _without_prefix(between, end).startswith(text)

    def _pieces(self, *roles: str, prompt: bool = False) -> list[str]:
        """Renders one message per role and returns the text before, between and after them."""
        sentinels = [f"\u241fagentc-{i}\u241f" for i in range(len(roles))]
        messages = [
            {"role": role, "content": text} for role, text in zip(roles, sentinels, strict=True)
        ]
        rest, pieces = self._render(messages, prompt), []
        for sentinel in sentinels:
            piece, found, rest = rest.partition(sentinel)
            if not found:
                raise self._error(f"drops or reorders messages of the roles {', '.join(roles)}")
            pieces.append(piece)
        return [*pieces, rest]

    def _render(self, messages: list[dict[str, Any]], prompt: bool) -> str:
        try:
            return self._template.render(
                messages=messages,
                add_generation_prompt=prompt,
                bos_token=self._source.bos,
                eos_token=self._source.eos,
                tools=None,
                documents=None,
            )
        except Exception as error:  # a template can fail in any way Python can
            raise self._error(f"does not render: {error!s:.200}") from error

    def _error(self, text: str) -> ModelFormatError:
        return ModelFormatError(f"{self._origin}: the chat template {text}")


def _without_prefix(text: str, prefix: str) -> str:
    return text.removeprefix(prefix)


def _raise(message: str) -> None:
    raise ValueError(message)
