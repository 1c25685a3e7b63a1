"""A sequence on its way: its tokens and the bytes of its full pages, to an engine or a file."""

from __future__ import annotations

from dataclasses import dataclass

from agentc.runtime.kv.snapshot import Pages


@dataclass(frozen=True)
class Identity:
    """What KV depends on. `model`: what the tokens mean. `program`: the compiled code with its
    weights, so the values and the layout of a page; equal programs compute equal pages."""

    model: str = ""
    program: str = ""


@dataclass(frozen=True)
class Carried:
    """`pages` are the first full pages of `tokens`; the rest is computed again."""

    identity: Identity
    tenant: str
    tokens: tuple[int, ...]
    pages: Pages
