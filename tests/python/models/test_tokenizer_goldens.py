"""Tokenizers against ids that llama.cpp gives for the same vocabularies."""

from __future__ import annotations

import json

import gguf
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers import models as bpe

from agentc import models
from agentc.errors import ModelFormatError
from agentc.models import gguf_tokenizer, tokenizer
from agentc.models.gguf_file import GgufFile
from agentc.models.safetensors_folder import SafetensorsFolder

from .goldens.make_tokenizers import FILE

GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))


def write(path, golden, **changes):
    """Writes a GGUF file that holds a vocabulary only."""
    values = {**golden, **changes}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(values["model"])
    writer.add_tokenizer_pre(values["pre"])
    writer.add_token_list(values["tokens"])
    writer.add_token_types(values["token_type"])
    if "merges" in values:
        writer.add_token_merges(values["merges"])
    if "scores" in values:
        writer.add_token_scores(values["scores"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return GgufFile(path)


@pytest.mark.parametrize("name", GOLDEN)
def test_ids_are_those_of_llama_cpp(tmp_path, name):
    golden = GOLDEN[name]
    source = gguf_tokenizer.from_gguf(write(tmp_path / "v.gguf", golden))
    built = Tokenizer.from_str(source.json)
    assert len(golden["texts"]) == len(golden["ids"]) > 15
    for text, ids in zip(golden["texts"], golden["ids"], strict=True):
        found = built.encode(text, add_special_tokens=False).ids
        assert found == ids, (text, [golden["tokens"][i] for i in ids])
        expected = text.removeprefix(" ") if source.spaced else text
        if "<s>" not in text:
            assert built.decode(found, skip_special_tokens=False) == expected
    assert source.spaced == (golden["model"] == "llama")
    assert source.size == len(golden["tokens"])


def test_goldens_tell_pre_tokenizers_apart(tmp_path):
    """The texts would not pass with another family's cuts."""
    for name, other in (("llama-bpe", "qwen2"), ("llama-bpe", "gpt-2"), ("qwen2", "gpt-2")):
        golden = GOLDEN[name]
        file = write(tmp_path / f"{name}-{other}.gguf", golden, pre=other)
        built = Tokenizer.from_str(gguf_tokenizer.from_gguf(file).json)
        found = [built.encode(t, add_special_tokens=False).ids for t in golden["texts"]]
        assert found != golden["ids"]


PIECES = {
    "tekken": ["Hello", " WORLD", "Mixed", "Case", " ", " ", "1", "2", "3", "...\n", "!"],
    "smollm": ["Hello", " WORLDMixedCase", "  ", "1", "2", "3", "...", "\n", "!"],
    "default": ["Hello", " WORLDMixedCase", " ", " ", "123", "...", "\n", "!"],
}


@pytest.mark.parametrize("name", PIECES)
def test_pre_tokenizers_without_a_golden(tmp_path, name):
    """Cut by hand after the description of each; "tekken" ends words before a capital."""
    file = write(tmp_path / "v.gguf", GOLDEN["qwen2"], pre=name)
    built = Tokenizer.from_str(gguf_tokenizer.from_gguf(file).json)
    cut = [p for p, _ in built.pre_tokenizer.pre_tokenize_str("Hello WORLDMixedCase  123...\n!")]
    cut = [p.replace("Ġ", " ").replace("Ċ", "\n") for p in cut]
    if name == "tekken":
        assert cut[:3] == ["Hello", " WORLDMixed", "Case"] and cut[-5:] == PIECES[name][-5:]
    elif name == "default":
        assert "".join(cut) == "Hello WORLDMixedCase  123...\n!" and "123" in cut
    else:
        assert cut == PIECES[name]


GEMMA = {
    "Hello world": [9259, 1902],
    " leading": [5830],
    "a  b   c": [236746, 138, 236763, 139, 236755],
    "line\n\n\nend\t\tx": [1257, 109, 643, 255969, 236781],
    "def f(x):\n    return x**2": [
        2063,
        517,
        236769,
        236781,
        1473,
        107,
        140,
        2060,
        1123,
        1018,
        236778,
    ],
    "naïve Straße 日本語 😀": [1789, 238527, 560, 80176, 33375, 238582, 163543],
    "<start_of_turn>user\nhi<end_of_turn>\n": [105, 2364, 107, 2202, 106, 107],
    "12345 3.14": [236770, 236778, 236800, 236812, 236810, 236743, 236800, 236761, 236770, 236812],
    "<table><tr>x</tr>": [168, 173, 236781, 181],
    "\x01\U0010ffff": [249732, 482, 381, 429, 429],
}


@pytest.fixture(scope="module")
def gemma():
    return gguf_tokenizer.from_gguf(GgufFile(models.resolve("gemma3-270m").path))


def test_gemma_ids_are_those_of_llama_cpp(gemma):
    built = Tokenizer.from_str(gemma.json)
    for text, ids in GEMMA.items():
        assert built.encode(text, add_special_tokens=False).ids == ids, text
        assert built.decode(ids, skip_special_tokens=False) == text
    assert (gemma.bos, gemma.eos, gemma.add_bos, gemma.spaced) == ("<bos>", "<eos>", True, False)
    assert gemma.end_ids == (1, 106) and built.id_to_token(106) == "<end_of_turn>"


def test_llama3_files_begin_with_their_begin_token(tmp_path):
    built = {n: gguf_tokenizer.from_gguf(write(tmp_path / n, GOLDEN[n])) for n in GOLDEN}
    assert {n: s.add_bos for n, s in built.items()} == {
        "llama-bpe": True,
        "qwen2": False,
        "llama-spm": True,
    }


BROKEN = {
    "no tokens": ({"tokens": [], "token_type": []}, "has no 'tokenizer.ggml.tokens'"),
    "fewer types": ({"token_type": [1, 1]}, "and 2 token types, expected as many"),
    "a token twice": ({"tokens": ["a"] * 5, "token_type": [1] * 5}, r"5 tokens \(1 different\)"),
    "a token without end": (
        {"tokens": ["a", "b" * 100_000], "token_type": [1, 1], "scores": [0.0, 0.0]},
        "a token of 100000 characters, expected at most 1000",
    ),
    "no scores": ({"scores": [0.0, 1.0]}, "has 2 scores, expected a number for each"),
    "scores that are none": ({"scores": None}, "expected a number for each"),
    "unknown kind": ({"model": "t5"}, "tokenizer 't5' is not supported, expected gpt2 or llama"),
    "no merges": ({"model": "gpt2", "pre": "qwen2"}, "has no 'tokenizer.ggml.merges'"),
    "unknown cuts": (
        {"model": "gpt2", "pre": "martian", "merges": ["▁ h"]},
        "'martian' is not supp",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_vocabularies_are_one_error(tmp_path, name):
    changes, message = BROKEN[name]
    golden = GOLDEN["llama-spm"]
    if name == "scores that are none":
        changes = {"scores": [float("nan")] * len(golden["tokens"])}
    with pytest.raises(ModelFormatError, match=message) as error:
        gguf_tokenizer.from_gguf(write(tmp_path / "v.gguf", golden, **changes))
    assert str(error.value).startswith("v.gguf: ")


def test_tokens_beyond_the_embedding_are_refused(gemma):
    gemma.check_fits(262_144, "m")
    with pytest.raises(ModelFormatError, match=r"m: the tokenizer has a token 262143, the embed"):
        gemma.check_fits(262_143, "m")


@pytest.mark.parametrize("form", ["prepend", "metaspace", "none"])
def test_a_folder_tokenizer_adds_no_space_of_its_own(tmp_path, form):
    """Both ways in which folders say that a text begins with a space."""
    source = models.resolve("all-minilm-l6-v2").path
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(source / name)
    vocabulary = {t: i for i, t in enumerate(["<unk>", "▁", "h", "i", "▁h", "▁hi", "hi", "</s>"])}
    merges = [("▁", "h"), ("▁h", "i"), ("h", "i")]
    built = Tokenizer(bpe.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
    replace = normalizers.Replace(" ", "▁")
    if form == "prepend":
        built.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace])
    elif form == "metaspace":
        built.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        built.normalizer = replace
    built.decoder = decoders.Metaspace()
    built.add_special_tokens([AddedToken("</s>", special=True, normalized=False)])
    (tmp_path / "tokenizer.json").write_text(built.to_str(), encoding="utf-8")
    assert built.encode("hi").tokens == (["hi"] if form == "none" else ["▁hi"])
    found = tokenizer.from_folder(SafetensorsFolder(tmp_path))
    ours = Tokenizer.from_str(found.json)
    assert found.spaced == (form != "none") and found.size == 8
    assert ours.encode("hi").tokens == ["hi"]
    assert ours.encode(" hi").tokens == ["▁hi"]
    assert ours.encode("</s> hi hi").tokens == ["</s>", "▁hi", "▁hi"]
