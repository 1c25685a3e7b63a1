"""Tokenizers from model files, as the JSON text that `tokenizers.Tokenizer.from_str` reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from agentc.errors import ModelFormatError
from agentc.models.safetensors_folder import SafetensorsFolder, read_json

SPACE = "\u2581"
"""What stands for a space in SentencePiece vocabularies."""


@dataclass(frozen=True)
class TokenizerSource:
    """What the rest of the compiler needs to know of a tokenizer.

    Attributes:
      json: the tokenizer as text. It never adds a space of its own in front of a text: we
        tokenise texts in pieces, and only a piece behind a special token would have one.
      chat_template: the Jinja template, or "".
      bos, eos: the texts of the begin and end tokens, or "".
      add_bos: whether every token stream starts with `bos`.
      end_ids: ids that end a decode.
      spaced: the model was trained with a space in front of every text behind a special token.
      size: how many rows of the embedding its ordinary tokens need.
    """

    json: str
    chat_template: str
    bos: str
    eos: str
    add_bos: bool
    end_ids: tuple[int, ...]
    spaced: bool = False
    size: int = 0

    def check_fits(self, rows: int, origin: str) -> None:
        """Raises ModelFormatError unless an embedding of that many rows has every token."""
        largest = max((self.size - 1, *self.end_ids))
        if largest >= rows:
            raise ModelFormatError(
                f"{origin}: the tokenizer has a token {largest}, the embedding has {rows} rows; "
                "they belong to different models"
            )


def from_folder(folder: SafetensorsFolder) -> TokenizerSource:
    """Reads tokenizer.json and its companions. Raises ModelFormatError if they are damaged."""
    path = folder.path / "tokenizer.json"
    try:
        text, spaced = _without_prefix_space(path.read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises plain Exception for bad JSON
        raise ModelFormatError(
            f"{folder.path.name}/tokenizer.json: is not a tokenizer: {error}"
        ) from error
    # Cutting and padding are the caller's business, and silent cutting loses text.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    options = _optional(folder, "tokenizer_config.json")
    bos, eos = (_text_of(options.get(f"{which}_token")) for which in ("bos", "eos"))
    return TokenizerSource(
        json=tokenizer.to_str(),
        chat_template=_template(folder, options),
        bos=bos,
        eos=eos,
        add_bos=_adds_bos(tokenizer, options, bos),
        end_ids=_folder_end_ids(folder, tokenizer, eos),
        spaced=spaced,
        size=max(tokenizer.get_vocab(with_added_tokens=False).values(), default=-1) + 1,
    )


def _adds_bos(tokenizer: Tokenizer, options: dict[str, Any], bos: str) -> bool:
    """What the options say, else what the tokenizer does by itself."""
    given = options.get("add_bos_token")
    return (
        given
        if isinstance(given, bool)
        else bool(bos) and tokenizer.encode("a").tokens[:1] == [bos]
    )


def _without_prefix_space(text: str) -> tuple[str, bool]:
    """Returns the tokenizer without the step that puts a space in front of texts, and whether it
    had one. The step is written in one of two ways, alone or in a sequence."""
    root = json.loads(text)
    removed = False
    for holder, steps in (("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers")):
        outer = root.get(holder)
        if not isinstance(outer, dict):
            continue
        kept = []
        for step in outer.get(steps, [outer]):
            if step.get("type") == "Prepend" and step.get("prepend") == SPACE:
                removed = True
                continue
            if step.get("type") == "Metaspace" and step.get("prepend_scheme", "always") != "never":
                removed, step = True, {**step, "prepend_scheme": "never"}
            kept.append(step)
        root[holder] = {"type": "Sequence", steps: kept}
    return (json.dumps(root) if removed else text), removed


def _optional(folder: SafetensorsFolder, name: str) -> dict[str, Any]:
    path = folder.path / name
    return read_json(path) if path.is_file() else {}


def _text_of(token: object) -> str:
    """A special token is written as text or as an object with its text in "content"."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""


def _template(folder: SafetensorsFolder, options: dict[str, Any]) -> str:
    own = folder.path / "chat_template.jinja"
    if own.is_file():
        return own.read_text(encoding="utf-8")
    template = options.get("chat_template")
    if isinstance(template, list):  # several named templates
        named = {t.get("name"): t.get("template") for t in template if isinstance(t, dict)}
        template = named.get("default")
    return template if isinstance(template, str) else ""


def _folder_end_ids(folder: SafetensorsFolder, tokenizer: Tokenizer, eos: str) -> tuple[int, ...]:
    given = _optional(folder, "generation_config.json").get("eos_token_id")
    given = folder.config.get("eos_token_id") if given is None else given
    ids = given if isinstance(given, list) else [given]
    known = [i for i in ids if isinstance(i, int)]
    own = tokenizer.token_to_id(eos) if eos else None
    return tuple(dict.fromkeys([*known, *([own] if own is not None else [])]))
