"""Constrained decoding: a grammar that masks every token which cannot lead to a valid text."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer, grammar_from
from numpy.typing import NDArray

from agentc.errors import RuntimeFault
from agentc.runtime.engine.request import Sampling
from agentc.runtime.engine.tokenizer import Tokenizer

# White space between JSON tokens is not allowed: a small model that may write it does so for ever.
COMPACT_JSON: Any = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}


class Constraint:
    """The state of one constrained decode."""

    def __init__(self, matcher: LLMatcher, tokenizer: Tokenizer) -> None:
        self._matcher = matcher
        self._tokenizer = tokenizer

    def mask(self, logits: NDArray[np.float32]) -> None:
        """Sets the logits [vocabulary] of forbidden tokens to -inf, in place."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        forbidden = np.unpackbits(~bits, bitorder="little")[: len(logits)].view(np.bool_)
        np.putmask(logits[: len(forbidden)], forbidden, -np.inf)
        logits[len(forbidden) :] = -np.inf
        self._check()

    def push(self, token: int) -> bool:
        """Advances by a sampled token; True when the text is complete and nothing may follow."""
        self._matcher.consume_token(token)
        self._check()
        return self._matcher.is_stopped()

    def forced(self) -> tuple[int, ...]:
        """Tokens of the text that must follow, as the tokenizer cuts it; () when there is a choice.
        The model may cut the same text in another way, so they are a guess, if a good one."""
        tokens = tuple(self._matcher.compute_ff_tokens())
        text = self._matcher.compute_ff_bytes().decode("utf-8", errors="ignore")
        whole = self._tokenizer.content(text) if text else ()
        # The library leaves out a last token that might be cut in another way: a guess may have it.
        return whole if whole[: len(tokens)] == tokens else tokens

    def allowed(self, draft: Sequence[int]) -> int:
        """How many tokens of `draft` may follow, one after the other."""
        return int(self._matcher.validate_tokens(list(draft)))

    def _check(self) -> None:
        if self._matcher.is_error():
            raise RuntimeFault(
                f"constrained decoding failed: {self._matcher.get_error()}", kind="input"
            )


MAX_COMPILED = 256
"""Grammars that are remembered: callers may bring a new one with every call."""


class Grammars:
    """Makes constraints for one tokenizer; a grammar is compiled once and then copied."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: int, end_tokens: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._end_tokens = list(end_tokens)
        self._compiled: dict[str, LLMatcher] = {}
        self._masks: LLTokenizer | None = None
        self._lock = threading.Lock()

    def make(self, sampling: Sampling) -> Constraint | None:
        """A fresh constraint, or None when `sampling` has none. Raises RuntimeFault (kind
        "input") on a bad schema or expression.

        The first one takes half a second for the vocabulary, a new grammar milliseconds (the GIL
        is free); so call it once outside the engine's thread, and the engine only copies."""
        grammar = _grammar(sampling)
        if grammar is None:
            return None
        with self._lock:
            if grammar not in self._compiled:
                self._compiled[grammar] = self._compile(grammar)
            self._compiled[grammar] = compiled = self._compiled.pop(grammar)  # now the youngest
            while len(self._compiled) > MAX_COMPILED:
                del self._compiled[next(iter(self._compiled))]
            return Constraint(compiled.deep_copy(), self._tokenizer)

    def _compile(self, grammar: str) -> LLMatcher:
        if self._masks is None:
            self._masks = LLTokenizer(
                self._tokenizer.json_text, n_vocab=self._vocabulary, eos_token=self._end_tokens
            )
        matcher = LLMatcher(self._masks, grammar, log_level=0)
        if matcher.is_error():
            raise RuntimeFault(
                f"the output constraint cannot be compiled: {matcher.get_error()}", kind="input"
            )
        return matcher


def _grammar(sampling: Sampling) -> str | None:
    """The constraint in llguidance's form, which is also the key of the compiled ones."""
    if sampling.schema is not None:
        # The key order of the schema is the order of the output's fields: do not sort.
        return LLMatcher.grammar_from_json_schema(
            json.dumps(sampling.schema, ensure_ascii=False), overrides=COMPACT_JSON
        )
    if sampling.choices is not None:
        options = " | ".join(json.dumps(c, ensure_ascii=False) for c in sampling.choices)
        return grammar_from("lark", f"start: {options}")
    if sampling.regex is not None:
        return grammar_from("regex", sampling.regex)
    return None
