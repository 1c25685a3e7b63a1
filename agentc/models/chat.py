"""Chat templates, rendered once at compile time into the strings around each role.

The model file's Jinja template is untrusted: it runs in Jinja's sandbox. Sentinels stand in for
the messages; what the template puts between them is the scaffold.
"""

from __future__ import annotations

import json
import re
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
      ModelFormatError: the template does not render, or is not a text before and after each
        message.
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
    chat = _Renderer(source, origin).scaffold()
    return _with_spaces(chat, source) if source.spaced else chat


class _Renderer:
    """Renders conversations of sentinels and cuts the result at them."""

    def __init__(self, source: TokenizerSource, origin: str) -> None:
        self._source = source
        self._origin = origin
        self._eos = source.eos
        if len(source.chat_template) > _MAX_TEMPLATE_CHARS:
            raise self._error(f"is longer than {_MAX_TEMPLATE_CHARS} characters")
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _raise
        if "strftime_now is defined" not in source.chat_template:
            # A package must not hold the day it was compiled on.
            environment.globals["strftime_now"] = lambda form: ""
        try:
            self._template = environment.from_string(source.chat_template)
        except (TemplateError, RecursionError) as error:
            raise self._error(f"is not valid: {error}") from error

    def scaffold(self) -> ChatFormat:
        """Works out every role's begin and end from the differences of renderings."""
        alone, turn = self._pieces("user"), self._pieces("user", "assistant", "user")
        end_user = self._end(alone[-1], turn[1])
        end_assistant = self._end(self._pieces("user", "assistant")[-1], turn[2])
        begin_user = self._cut(turn[2], end_assistant, "an answer ends in another way inside")
        if turn[3] != alone[-1] or not turn[1].startswith(end_user):
            raise self._inexpressible("a user message ends in several ways")
        if not alone[0].endswith(begin_user):
            raise self._inexpressible(
                "the first user message begins in another way than later ones"
            )
        prompt = self._pieces("user", prompt=True)[-1]
        begin_assistant = self._cut(prompt, end_user, "a user message ends in several ways")
        begin = {"user": begin_user, "assistant": begin_assistant}
        end = {"user": end_user, "assistant": end_assistant}
        bos = self._bos(alone[0], begin_user)
        begin["system"], end["system"], joint = self._system(begin_user, alone[-1], bos)
        begin["tool"], end["tool"] = self._tool(begin, end)
        extra = alone[0].removeprefix(bos).removesuffix(begin_user)
        said = _content(extra, begin["system"], end["system"])
        return ChatFormat(
            begin=begin,
            end=end,
            default_system=said,
            end_tokens=self._source.end_ids,
            bos=bos,
            opening="" if said else extra,
            system_to_user=joint,
        )

    def _end(self, at_the_end: str, inside: str) -> str:
        """The end of a message, less the end token that some templates put behind the last one."""
        return at_the_end if inside.startswith(at_the_end) else at_the_end.removesuffix(self._eos)

    def _system(self, begin_user: str, end_user: str, bos: str) -> tuple[str, str, str | None]:
        """Begin and end of a system message, and what joins it to a user message in one turn.

        A template without a system role gets the text as a user turn.
        """
        try:
            before, between, after = self._pieces("system", "user")
        except ModelFormatError:
            return begin_user, end_user, None
        if after != end_user:
            raise self._inexpressible("a system message changes how the user message ends")
        begin = before.removeprefix(bos)
        if between.endswith(begin_user) and begin_user:
            return begin, between.removesuffix(begin_user), None
        return begin, between + end_user, between

    def _tool(self, begin: dict[str, str], end: dict[str, str]) -> tuple[str, str]:
        """A template without a tool role gets tool results as user turns."""
        try:
            pieces = self._pieces("user", "assistant", "tool")
        except ModelFormatError:
            return begin["user"], end["user"]
        if not pieces[2].startswith(end["assistant"]):
            return begin["user"], end["user"]
        return pieces[2].removeprefix(end["assistant"]), pieces[3]

    def _bos(self, before_user: str, begin_user: str) -> str:
        bos = self._source.bos
        # Some families use the begin token as the role marker too: then it is scaffold.
        if bos and before_user.startswith(bos) and begin_user.startswith(bos):
            return bos if before_user.startswith(bos + bos) else ""
        if bos and (self._source.add_bos or before_user.startswith(bos)):
            return bos
        return ""

    def _pieces(self, *roles: str, prompt: bool = False) -> list[str]:
        """Renders one message per role and returns the text before, between and after them."""
        sentinels = [f"\u241fagentc-{i}\u241f" for i in range(len(roles))]
        messages = [
            {"role": role, "content": text} for role, text in zip(roles, sentinels, strict=True)
        ]
        rest, pieces = self._render(messages, prompt), []
        for sentinel in sentinels:
            piece, found, rest = rest.partition(sentinel)
            if not found or sentinel in rest:
                raise self._inexpressible(
                    f"drops, repeats or reorders messages of the roles {', '.join(roles)}"
                )
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

    def _cut(self, text: str, prefix: str, why: str) -> str:
        if not text.startswith(prefix):
            raise self._inexpressible(why)
        return text.removeprefix(prefix)

    def _inexpressible(self, why: str) -> ModelFormatError:
        return self._error(
            f"{why}; expected one that writes each message as a text before it, the message, and "
            "a text after it"
        )

    def _error(self, text: str) -> ModelFormatError:
        return ModelFormatError(f"{self._origin}: the chat template {text}")


def _content(text: str, begin: str, end: str) -> str:
    """The message in `text`, if that is `begin`, a message and `end`; else ""."""
    whole = len(text) > len(begin) + len(end) and text.startswith(begin) and text.endswith(end)
    return text.removeprefix(begin).removesuffix(end) if whole else ""


def _with_spaces(chat: ChatFormat, source: TokenizerSource) -> ChatFormat:
    """Writes the space that the model expects behind special tokens into the scaffold.

    Ends of messages follow ordinary text and begins follow a special token, if the format has one
    at all; a begin that ends in a special token carries the space of the content behind it.
    """
    added = json.loads(source.json).get("added_tokens", [])
    special = "|".join(re.escape(t["content"]) for t in added if t.get("special"))
    if not special:
        return chat

    def spaced(text: str, behind_special: bool) -> str:
        parts = re.split(f"({special})", text)
        kept = [parts[0] and " " * behind_special + parts[0]]
        for token, following in zip(parts[1::2], parts[2::2], strict=True):
            kept += [token, following and f" {following}"]
        return "".join(kept)

    def begins(text: str) -> str:
        return spaced(text, True) + " " * bool(re.search(f"(?:{special})$", text))

    joint = chat.system_to_user
    return ChatFormat(
        begin={
            r: begins(t) if r != "assistant" else spaced(t, False) for r, t in chat.begin.items()
        },
        end={r: spaced(t, False) for r, t in chat.end.items()},
        default_system=chat.default_system,
        end_tokens=chat.end_tokens,
        bos=chat.bos,
        opening=spaced(chat.opening, bool(chat.bos)),
        system_to_user=None if joint is None else spaced(joint, False),
    )


def _raise(message: str) -> None:
    raise ValueError(message)
