"""Tokenizers from model files: known ids, round trips, special tokens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, processors
from tokenizers import models as bpe

from agentc import models
from agentc.errors import ModelFormatError
from agentc.models import gguf_tokenizer, tokenizer
from agentc.models.gguf_file import GgufFile
from agentc.models.safetensors_folder import SafetensorsFolder

from . import tiny


@pytest.fixture(scope="module")
def smol_source():
    return gguf_tokenizer.from_gguf(GgufFile(models.resolve("smollm2-135m-instruct").path))


@pytest.fixture(scope="module")
def smol_tokenizer(smol_source):
    return Tokenizer.from_str(smol_source.json)


KNOWN = {
    "Hello world": [19556, 905],
    " 123": [216, 33, 34, 35],
    "The capital of France is Paris.": [504, 3575, 282, 4649, 314, 7042, 30],
    "<|im_start|>user\n": [1, 4093, 198],
    "don't\n\n  x": [12420, 982, 8866, 1792],
}


@pytest.mark.parametrize("text", KNOWN)
def test_smollm2_ids(smol_tokenizer, text):
    """Ids as the tokenizer published with the model gives them."""
    assert smol_tokenizer.encode(text).ids == KNOWN[text]


# The published vocabulary lacks the bytes of a few control characters and of planes 4 to 16.
IN_VOCABULARY = st.characters(
    max_codepoint=0x3FFFF, exclude_categories=["Cs"], exclude_characters="\4\6\x13\x14\x16\x1d"
)


@settings(max_examples=200, deadline=None)
@given(text=st.text(IN_VOCABULARY, max_size=60))
def test_smollm2_round_trip(smol_tokenizer, text):
    ids = smol_tokenizer.encode(text, add_special_tokens=False).ids
    assert smol_tokenizer.decode(ids, skip_special_tokens=False) == text


def test_special_tokens(smol_source, smol_tokenizer):
    assert (smol_source.bos, smol_source.eos, smol_source.add_bos) == (
        "<|im_start|>",
        "<|im_end|>",
        False,
    )
    assert smol_source.end_ids == (2, 0)
    assert smol_tokenizer.decode([1, 4093, 2], skip_special_tokens=True) == "user"


def test_minilm_neither_cuts_nor_pads():
    folder = SafetensorsFolder(models.resolve("all-minilm-l6-v2").path)
    loaded = Tokenizer.from_str(tokenizer.from_folder(folder).json)
    assert loaded.encode("Hello, World").ids == [101, 7592, 1010, 2088, 102]
    assert len(loaded.encode("word " * 400).ids) == 402


def write(tmp_path, **changes):
    config = tiny.decoder_config(d_model=64, ffn=64, vocab=12, heads=4, layers=1)
    tiny.write_gguf(tmp_path / "t.gguf", config, tiny.decoder_weights(config), **changes)
    return tmp_path / "t.gguf"


def test_bytes_level_merges(tmp_path):
    built = Tokenizer.from_str(gguf_tokenizer.from_gguf(GgufFile(write(tmp_path))).json)
    assert built.encode("abc a").tokens == ["abc", "Ġa"]


def test_merge_of_missing_tokens_is_named(tmp_path):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"ab c", b"ab q"))
    with pytest.raises(ModelFormatError, match="the merge 'ab q' uses tokens that do not exist"):
        gguf_tokenizer.from_gguf(GgufFile(path))


@pytest.mark.parametrize("split", ["llama-bpe", "qwen2", "gpt-2"])
def test_pre_tokenizers_split_digits_as_they_should(split):
    from tokenizers import Regex, pre_tokenizers

    cut = pre_tokenizers.Split(Regex(gguf_tokenizer._SPLITS[split][0]), behavior="isolated")
    pieces = [p for p, _ in cut.pre_tokenize_str("It's 12345 naïve\n x")]
    digits = {"llama-bpe": ["123", "45"], "qwen2": list("12345"), "gpt-2": [" 12345"]}[split]
    assert [p for p in pieces if any(c.isdigit() for c in p)] == digits
    assert "".join(pieces) == "It's 12345 naïve\n x" and "'s" in pieces


class SentencePiece:
    """Stands in for a GGUF file with a SentencePiece vocabulary."""

    tokens = (
        "<unk>",
        "<s>",
        "</s>",
        *(f"<0x{b:02X}>" for b in range(256)),
        "▁",
        "h",
        "i",
        "▁h",
        "▁hi",
        "hi",
    )
    types = (2, 3, 3, *([6] * 256), *([1] * 6))
    path = models.resolve("smollm2-135m-instruct").path

    def __init__(self):
        scores = [0.0] * 259 + [-9.0, -8.0, -7.0, -2.0, -1.0, -3.0]
        self.metadata = {
            "tokenizer.ggml.model": "llama",
            "tokenizer.ggml.tokens": list(self.tokens),
            "tokenizer.ggml.token_type": list(self.types),
            "tokenizer.ggml.scores": scores,
            "tokenizer.ggml.unknown_token_id": 0,
            "tokenizer.ggml.bos_token_id": 1,
            "tokenizer.ggml.eos_token_id": 2,
        }

    get = GgufFile.get
    strings = GgufFile.strings


def test_sentencepiece_merges_bytes_and_prefix():
    source = gguf_tokenizer.from_gguf(SentencePiece())
    built = Tokenizer.from_str(source.json)
    assert source.add_bos and source.end_ids == (2,)
    assert source.spaced
    assert built.encode(" hi hi", add_special_tokens=False).tokens == ["▁hi", "▁hi"]
    assert built.encode("hi", add_special_tokens=False).tokens == ["hi"]
    ids = built.encode(" hi é", add_special_tokens=False).ids
    assert built.decode(ids) == "hi é"
    assert [SentencePiece.tokens[i] for i in ids] == ["▁hi", "▁", "<0xC3>", "<0xA9>"]


def test_damaged_tokenizer_json_is_one_error(tmp_path):
    source = models.resolve("all-minilm-l6-v2").path
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(source / name)
    for text in ("", "{}", json.dumps({"model": {"type": "BPE"}})):
        (tmp_path / "tokenizer.json").write_text(text)
        with pytest.raises(ModelFormatError, match=r"tokenizer\.json: is not a tokenizer"):
            tokenizer.from_folder(SafetensorsFolder(tmp_path))


@pytest.mark.parametrize(
    ("said", "does", "expected"),
    [(None, True, True), (None, False, False), (False, True, False), (True, False, True)],
)
def test_whether_a_folder_begins_texts(tmp_path, said, does, expected):
    """tokenizer_config.json decides; where it is silent, what the tokenizer does by itself."""
    source = models.resolve("all-minilm-l6-v2").path
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(source / name)
    built = Tokenizer(bpe.BPE(vocab={"a": 0, "<s>": 1}, merges=[]))
    built.add_special_tokens([AddedToken("<s>", special=True)])
    if does:
        built.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    (tmp_path / "tokenizer.json").write_text(built.to_str())
    options = {"bos_token": {"content": "<s>"}} | ({} if said is None else {"add_bos_token": said})
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(options))
    found = tokenizer.from_folder(SafetensorsFolder(tmp_path))
    assert (found.bos, found.add_bos) == ("<s>", expected)
