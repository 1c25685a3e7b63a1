"""Tokenizers from model files, as the JSON text that `tokenizers.Tokenizer.from_str` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.pre_tokenizers import PreTokenizer

from agentc.errors import ModelFormatError
from agentc.models.gguf_file import GgufFile
from agentc.models.safetensors_folder import SafetensorsFolder, read_json

_CONTROL, _USER_DEFINED, _BYTE = 3, 4, 6
_END_TEXTS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<end_of_turn>")
"""Control tokens that end a turn in the families we know: files often name only one of theirs."""
_GPT2_SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CASELESS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_SPLITS = {
    "default": _GPT2_SPLIT,
    "gpt-2": _GPT2_SPLIT,
    "llama-bpe": _CASELESS + r"\p{N}{1,3}" + _TAIL,
    "llama3": _CASELESS + r"\p{N}{1,3}" + _TAIL,
    "qwen2": _CASELESS + r"\p{N}" + _TAIL,
}


@dataclass(frozen=True)
class TokenizerSource:
    """What the rest of the compiler needs to know of a tokenizer.

    Attributes:
      json: the tokenizer as text.
      chat_template: the Jinja template, or "".
      bos, eos: the texts of the begin and end tokens, or "".
      add_bos: whether every token stream starts with `bos`.
      end_ids: ids that end a decode.
    """

    json: str
    chat_template: str
    bos: str
    eos: str
    add_bos: bool
    end_ids: tuple[int, ...]


def from_gguf(file: GgufFile) -> TokenizerSource:
    """Builds the tokenizer that a GGUF file describes. Raises ModelFormatError if it cannot."""
    tokens = file.strings("tokenizer.ggml.tokens")
    types = file.get("tokenizer.ggml.token_type", list, [1] * len(tokens))
    if len(types) != len(tokens) or len(set(tokens)) != len(tokens):
        raise ModelFormatError(
            f"{file.path.name}: has {len(tokens)} tokens ({len(set(tokens))} different) and "
            f"{len(types)} token types, expected as many"
        )
    family = file.get("tokenizer.ggml.model", str)
    if family == "gpt2":
        tokenizer = _byte_level(file, tokens)
    elif family == "llama":
        tokenizer = _sentencepiece(file, tokens, types)
    else:
        raise ModelFormatError(
            f"{file.path.name}: tokenizer '{family:.40}' is not supported, expected gpt2 or llama"
        )
    _add_special(tokenizer, tokens, types)
    return TokenizerSource(
        json=tokenizer.to_str(),
        chat_template=file.get("tokenizer.chat_template", str, ""),
        bos=_token(file, tokens, "bos"),
        eos=_token(file, tokens, "eos"),
        add_bos=file.get("tokenizer.ggml.add_bos_token", bool, family == "llama"),
        end_ids=_end_ids(file, tokens, types),
    )


def from_folder(folder: SafetensorsFolder) -> TokenizerSource:
    """Reads tokenizer.json and its companions. Raises ModelFormatError if they are damaged."""
    path = folder.path / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
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
        add_bos=options.get("add_bos_token") is True,
        end_ids=_folder_end_ids(folder, tokenizer, eos),
    )


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


def _byte_level(file: GgufFile, tokens: list[str]) -> Tokenizer:
    """Byte-pair encoding on bytes (GPT-2 and its many descendants)."""
    vocabulary = {text: i for i, text in enumerate(tokens)}
    merges: list[tuple[str, str]] = []
    for merge in file.strings("tokenizer.ggml.merges"):
        left, _, right = merge.partition(" ")
        if not {left, right, left + right} <= vocabulary.keys():
            raise ModelFormatError(
                f"{file.path.name}: the merge '{merge:.60}' uses tokens that do not exist"
            )
        merges.append((left, right))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = _pre_tokenizer(file)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _pre_tokenizer(file: GgufFile) -> PreTokenizer:
    kind = file.get("tokenizer.ggml.pre", str, "default")
    if kind == "smollm":
        digits = pre_tokenizers.Digits(individual_digits=True)
        return pre_tokenizers.Sequence(
            [digits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
        )
    if kind not in _SPLITS:
        raise ModelFormatError(
            f"{file.path.name}: pre-tokenizer '{kind:.40}' is not supported, expected one of "
            f"smollm, {', '.join(_SPLITS)}"
        )
    split = pre_tokenizers.Split(Regex(_SPLITS[kind]), behavior="isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([split, byte_level])


def _sentencepiece(file: GgufFile, tokens: list[str], types: Sequence[int]) -> Tokenizer:
    """SentencePiece byte-pair encoding (Llama 2, Mistral): scores order the merges, and bytes
    that no piece covers are tokens of their own."""
    scores = file.get("tokenizer.ggml.scores", list)
    if len(scores) != len(tokens):
        raise ModelFormatError(f"{file.path.name}: has {len(scores)} scores, not {len(tokens)}")
    vocabulary = {text: i for i, text in enumerate(tokens)}
    unknown = file.get("tokenizer.ggml.unknown_token_id", int, 0)
    model = models.BPE(
        vocab=vocabulary,
        merges=_merges(vocabulary, scores, types),
        unk_token=tokens[unknown] if 0 <= unknown < len(tokens) else None,
        fuse_unk=True,
        byte_fallback=_BYTE in types,
    )
    tokenizer = Tokenizer(model)
    prefix = [normalizers.Prepend("▁")] if _adds_space(file) else []
    tokenizer.normalizer = normalizers.Sequence([*prefix, normalizers.Replace(" ", "▁")])
    strip = [decoders.Strip(" ", 1, 0)] if prefix else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    return tokenizer


def _adds_space(file: GgufFile) -> bool:
    return bool(file.get("tokenizer.ggml.add_space_prefix", bool, True))


def _merges(
    vocabulary: dict[str, int], scores: Sequence[float], types: Sequence[int]
) -> list[tuple[str, str]]:
    """All ways to join two pieces into a third; the best-scored result merges first."""
    found: list[tuple[float, int, str, str]] = []
    for text, number in vocabulary.items():
        if types[number] in (_CONTROL, _BYTE):
            continue
        for cut in range(1, len(text)):
            left, right = text[:cut], text[cut:]
            if left in vocabulary and right in vocabulary:
                found.append((-scores[number], number, left, right))
    found.sort(key=lambda m: (m[0], m[1], vocabulary[m[2]], vocabulary[m[3]]))
    return [(left, right) for _, _, left, right in found]


def _add_special(tokenizer: Tokenizer, tokens: Sequence[str], types: Sequence[int]) -> None:
    control = [
        AddedToken(t, special=True, normalized=False)
        for t, k in zip(tokens, types, strict=True)
        if k == _CONTROL and t
    ]
    own = [
        AddedToken(t, special=False, normalized=False)
        for t, k in zip(tokens, types, strict=True)
        if k == _USER_DEFINED and t
    ]
    tokenizer.add_special_tokens(control)
    tokenizer.add_tokens(own)


def _token(file: GgufFile, tokens: Sequence[str], which: str) -> str:
    number = file.get(f"tokenizer.ggml.{which}_token_id", int, -1)
    return tokens[number] if 0 <= number < len(tokens) else ""


def _end_ids(file: GgufFile, tokens: Sequence[str], types: Sequence[int]) -> tuple[int, ...]:
    keys = ("eos", "eot", "eom")
    named = [file.get(f"tokenizer.ggml.{k}_token_id", int, -1) for k in keys]
    known = [i for i, t in enumerate(tokens) if types[i] == _CONTROL and t in _END_TEXTS]
    return tuple(dict.fromkeys(i for i in [*named, *known] if 0 <= i < len(tokens)))
