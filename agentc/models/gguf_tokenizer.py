"""Tokenizers from GGUF files: byte-level byte-pair encoding, and SentencePiece."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.pre_tokenizers import PreTokenizer

from agentc.errors import ModelFormatError
from agentc.models.gguf_file import GgufFile
from agentc.models.tokenizer import SPACE, TokenizerSource

_UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 2, 3, 4, 6
_END_TEXTS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<end_of_turn>",
)
"""Control tokens that end a turn in the families we know: files often name only one of theirs."""

_MAX_TOKEN_CHARS = 1000
"""Work grows with the square of a token's length; real ones have a few hundred at most."""
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CASELESS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = (_CASELESS + r"\p{N}{1,3}" + _TAIL,)
_QWEN2 = (_CASELESS + r"\p{N}" + _TAIL,)
_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]*[{_LOWER}]+|[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]+[{_LOWER}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
_SPLITS = {
    "default": (r"[\p{P}\$\+<=>\^~\|]+", _WORDS, r"\p{N}+", r"[0-9][0-9][0-9]"),
    "gpt-2": (_WORDS,),
    "smollm": (r"\p{N}", _WORDS),
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "qwen2": _QWEN2,
    "deepseek-r1-qwen": _QWEN2,
    "tekken": _TEKKEN,
}
"""Patterns that cut a text into words, each applied to the pieces of the one before. "default" is
what files say that were written before the names existed."""
_WHOLE_WORDS = ("llama-bpe", "llama3", "llama-v3", "tekken")
"""Here a word that is a token becomes it even if no merges lead there."""
_MISSING_MEANS_BOS = _WHOLE_WORDS
"""Files that do not say whether texts begin with the begin token; for these they do."""


def from_gguf(file: GgufFile) -> TokenizerSource:
    """Builds the tokenizer that a GGUF file describes. Raises ModelFormatError if it cannot."""
    tokens = file.strings("tokenizer.ggml.tokens")
    types = _types(file, tokens)
    family = file.get("tokenizer.ggml.model", str)
    spaced = False
    if family == "gpt2":
        tokenizer = _byte_level(file, tokens, types)
    elif family == "llama":
        spaced = file.get("tokenizer.ggml.add_space_prefix", bool, True)
        tokenizer = _sentencepiece(file, tokens, types, spaced)
    else:
        raise ModelFormatError(
            f"{file.path.name}: tokenizer '{family:.40}' is not supported, expected gpt2 or llama"
        )
    _add_special(tokenizer, tokens, types)
    begins = family == "llama" or _pre_name(file) in _MISSING_MEANS_BOS
    return TokenizerSource(
        json=tokenizer.to_str(),
        chat_template=file.get("tokenizer.chat_template", str, ""),
        bos=_token(file, tokens, "bos"),
        eos=_token(file, tokens, "eos"),
        add_bos=file.get("tokenizer.ggml.add_bos_token", bool, begins),
        end_ids=_end_ids(file, tokens, types),
        spaced=spaced,
        size=len(tokens),
    )


def _types(file: GgufFile, tokens: Sequence[str]) -> list[int]:
    types: list[int] = file.get("tokenizer.ggml.token_type", list, [1] * len(tokens))
    if not tokens or len(types) != len(tokens) or len(set(tokens)) != len(tokens):
        raise ModelFormatError(
            f"{file.path.name}: has {len(tokens)} tokens ({len(set(tokens))} different) and "
            f"{len(types)} token types, expected as many, and at least one"
        )
    if (longest := max(map(len, tokens))) > _MAX_TOKEN_CHARS:
        raise ModelFormatError(
            f"{file.path.name}: has a token of {longest} characters, expected at most "
            f"{_MAX_TOKEN_CHARS}"
        )
    return types


def _pre_name(file: GgufFile) -> str:
    return str(file.get("tokenizer.ggml.pre", str, "default"))


def _byte_level(file: GgufFile, tokens: list[str], types: Sequence[int]) -> Tokenizer:
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
    whole = _pre_name(file) in _WHOLE_WORDS
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=whole))
    tokenizer.pre_tokenizer = _pre_tokenizer(file)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _pre_tokenizer(file: GgufFile) -> PreTokenizer:
    name = _pre_name(file)
    if name not in _SPLITS:
        raise ModelFormatError(
            f"{file.path.name}: pre-tokenizer '{name:.40}' is not supported, expected one of "
            f"{', '.join(_SPLITS)}"
        )
    splits = [pre_tokenizers.Split(Regex(p), behavior="isolated") for p in _SPLITS[name]]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([*splits, byte_level])


def _sentencepiece(
    file: GgufFile, tokens: list[str], types: Sequence[int], spaced: bool
) -> Tokenizer:
    """SentencePiece byte-pair encoding (Llama 2, Mistral, Gemma): scores order the merges, and
    bytes that no piece covers are tokens of their own."""
    scores = file.get("tokenizer.ggml.scores", list)
    if len(scores) != len(tokens) or not all(isinstance(s, float) and s == s for s in scores):
        raise ModelFormatError(
            f"{file.path.name}: has {len(scores)} scores, expected a number for each of its "
            f"{len(tokens)} tokens"
        )
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
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    strip = [decoders.Strip(" ", 1, 0)] if spaced else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    return tokenizer


def _merges(
    vocabulary: dict[str, int], scores: Sequence[float], types: Sequence[int]
) -> list[tuple[str, str]]:
    """All ways to join two pieces into a third; the best-scored result merges first."""
    found: list[tuple[float, int, str, str]] = []
    for text, number in vocabulary.items():
        if types[number] in (_UNKNOWN, _CONTROL, _BYTE):
            continue
        for cut in range(1, len(text)):
            left, right = text[:cut], text[cut:]
            if left in vocabulary and right in vocabulary:
                found.append((-scores[number], number, left, right))
    found.sort(key=lambda m: (m[0], m[1], vocabulary[m[2]], vocabulary[m[3]]))
    return [(left, right) for _, _, left, right in found]


def _add_special(tokenizer: Tokenizer, tokens: Sequence[str], types: Sequence[int]) -> None:
    for kind, special in ((_CONTROL, True), (_USER_DEFINED, False)):
        texts = [t for t, k in zip(tokens, types, strict=True) if k == kind and t]
        added = [AddedToken(t, special=special, normalized=False) for t in texts]
        tokenizer.add_special_tokens(added) if special else tokenizer.add_tokens(added)


def _token(file: GgufFile, tokens: Sequence[str], which: str) -> str:
    number = file.get(f"tokenizer.ggml.{which}_token_id", int, -1)
    return tokens[number] if 0 <= number < len(tokens) else ""


def _end_ids(file: GgufFile, tokens: Sequence[str], types: Sequence[int]) -> tuple[int, ...]:
    keys = ("eos", "eot", "eom")
    named = [file.get(f"tokenizer.ggml.{k}_token_id", int, -1) for k in keys]
    known = [i for i, t in enumerate(tokens) if types[i] == _CONTROL and t in _END_TEXTS]
    return tuple(dict.fromkeys(i for i in [*named, *known] if 0 <= i < len(tokens)))
