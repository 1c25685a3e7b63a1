"""The tokenizer of a model file: pieces to tokens, tokens to text."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer as HfTokenizer
from tokenizers.decoders import DecodeStream

from agentc.errors import ModelFormatError

CACHED_PIECES = 4096
"""Pieces whose tokens are remembered: the literals of all prompts, and recent contents."""


class Tokenizer:
    """Wraps a `tokenizer.json`. Content never becomes a special token; scaffold may."""

    def __init__(self, json_text: str, origin: str = "tokenizer.json") -> None:
        """Raises ModelFormatError when `json_text` is not a tokenizer."""
        self.json_text = json_text
        try:
            self._scaffold = HfTokenizer.from_str(json_text)
            self._content = HfTokenizer.from_str(json_text)
        except Exception as error:  # the library raises bare Exception
            raise ModelFormatError(
                f"{origin} is not a tokenizer: {error}; compile the package again"
            ) from error
        _give_back_memory()
        for tokenizer in (self._scaffold, self._content):
            tokenizer.no_padding()
            tokenizer.no_truncation()
        self._content.encode_special_tokens = True
        self.vocabulary_size = self._scaffold.get_vocab_size(with_added_tokens=True)
        self._encode_scaffold = self._encoder(self._scaffold)
        self._encode_content = self._encoder(self._content)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Reads a tokenizer file. Raises ModelFormatError."""
        try:
            return cls(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ModelFormatError(f"cannot read the tokenizer {path}: {error}") from error

    def scaffold(self, text: str) -> tuple[int, ...]:
        """Tokens of text that we wrote: special tokens in it are special."""
        return self._encode_scaffold(text)

    def content(self, text: str) -> tuple[int, ...]:
        """Tokens of text that came from outside: `<|im_end|>` in it is ten plain characters."""
        return self._encode_content(text)

    def vocabulary(self) -> dict[str, int]:
        """All tokens as the file writes them, special ones included, with their numbers."""
        return dict(self._scaffold.get_vocab(with_added_tokens=True))

    def decode(self, tokens: Iterable[int]) -> str:
        """Text of `tokens` without special ones; bytes that are not UTF-8 become U+FFFD."""
        return str(self._scaffold.decode(list(tokens), skip_special_tokens=True))

    def stream(self) -> DecodingStream:
        """A decoder that takes one token at a time."""
        return DecodingStream(self)

    @staticmethod
    def _encoder(tokenizer: HfTokenizer) -> Callable[[str], tuple[int, ...]]:
        @lru_cache(CACHED_PIECES)
        def encode(text: str) -> tuple[int, ...]:
            return tuple(tokenizer.encode(text, add_special_tokens=False).ids)

        return encode


def _give_back_memory() -> None:
    """Returns what parsing left free inside the allocator: 220 MB with 262,144 tokens (glibc)."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


class DecodingStream:
    """Incremental decoding: all pieces together equal `Tokenizer.decode` of all tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = DecodeStream(skip_special_tokens=True)
        self._tokens: list[int] = []
        self._length = 0

    def push(self, token: int) -> str:
        """The characters that `token` completes, often one word, sometimes none."""
        self._tokens.append(token)
        piece = self._decoder.step(self._tokenizer._scaffold, token) or ""
        self._length += len(piece)
        return piece

    def rest(self) -> str:
        """What is left when no token follows: U+FFFD for a character that was not completed."""
        text = self._tokenizer.decode(self._tokens)
        rest, self._length = text[self._length :], len(text)
        return rest
