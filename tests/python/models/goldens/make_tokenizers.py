"""Writes tokenizers.json: token ids as llama.cpp gives them, with as much of each vocabulary as
they need.

    pip install llama-cpp-python==0.3.36 gguf==0.19.0
    python tests/python/models/goldens/make_tokenizers.py llama-bpe.gguf qwen2.gguf llama-spm.gguf

The arguments are GGUF files; only their vocabularies are read. Of a vocabulary the golden keeps
the tokens that are part of one of the texts, and the merges between them: nothing else can be
tried on these texts, so the ids are those of the whole vocabulary, renumbered.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("tokenizers.json")
CONTROL, USER_DEFINED, BYTE = 3, 4, 6
TEXTS = [
    "hi",
    "Hello world",
    " Hello  world ",
    "The quick brown fox jumps over the lazy dog.",
    "I'm sure they'll say it's DON'T and WE'LL, don’t they?",
    "1 12 123 1234 12345 3.14159 1,000,000 x2y3",
    "\n\n\t\t \n  indented\r\n\r\nlines \n",
    "def f(x: int) -> str:\n    return f'{x:>8}'  # comment\n\n\nclass A: pass\n",
    '{"key": [1, 2.5, null], "über": "naïve café"}',
    "https://example.org/a/b?c=d&e=f#g user@example.org C:\\dir\\file.txt",
    "Cửa Việt, Straße, ŁÓDŹ, Ωμέγα, Привет мир, שלום, مرحبا",
    "日本語のテキストと中文文本 한국어 문장",
    "emoji 😀👩‍👩‍👧‍👦🇩🇪 and ½ ² Ⅳ ﬁ \u00a0\u3000\u2028 e\u0301",
    "!!!??? ... --- ___ *** <<>> ((())) [[]] %% $$ ## @@",
    "        eight spaces, then\ttab   three",
    "a" * 40 + " " * 20 + "=" * 33,
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
]
SPECIAL = {
    "llama-bpe": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>",
    "qwen2": "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<|endoftext|>",
    "llama-spm": "<s>hi</s>",
}


def byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in byte-level vocabularies: printable Latin-1 stands
    for itself, the others are numbered from 256."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {b: chr(b) for b in printable}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + len(letters) - len(printable)))
    return letters


def as_pieces(text: str, family: str) -> str:
    """The text in the letters of the vocabulary."""
    if family == "llama":
        return "▁" + text.replace(" ", "▁")
    letters = byte_letters()
    return "".join(letters[b] for b in text.encode())


def reduced(path: Path) -> dict[str, Any]:
    """What `FILE` holds of one vocabulary."""
    import gguf
    from llama_cpp import Llama

    fields = gguf.GGUFReader(path).fields
    meta = {k.rpartition("ggml.")[2]: f.contents() for k, f in fields.items() if "tokenizer" in k}
    name = re.sub("ggml-vocab-|[.]gguf", "", path.name)
    texts = [*TEXTS, SPECIAL[name]]
    needed = "\n".join(as_pieces(t, meta["model"]) for t in texts)
    tokens, types = meta["tokens"], meta["token_type"]
    letters = set(byte_letters().values()) if meta["model"] == "gpt2" else set()
    kept = [
        i
        for i, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if token in needed or token in letters or token in SPECIAL[name] or kind in (2, BYTE)
    ]
    new = {old: i for i, old in enumerate(kept)}
    model = Llama(str(path), vocab_only=True, verbose=False)
    ids = [model.tokenize(t.encode(), add_bos=False, special=True) for t in texts]
    # llama.cpp puts a space behind special tokens by itself; here callers do that.
    spaced = [t.replace("<s>", "<s> ") if "<s>" in t else f" {t}" for t in texts]
    result = {
        "model": meta["model"],
        "pre": meta.get("pre", "default"),
        "tokens": [tokens[i] for i in kept],
        "token_type": [types[i] for i in kept],
        "texts": spaced if meta["model"] == "llama" else texts,
        "ids": [[new[i] for i in line] for line in ids],
    }
    if meta["model"] == "llama":
        return {**result, "scores": [meta["scores"][i] for i in kept]}
    known = set(result["tokens"])
    merges = [m for m in meta["merges"] if {*m.split(" "), m.replace(" ", "")} <= known]
    return {**result, "merges": merges}


def main(paths: list[str]) -> None:
    """Writes `FILE`."""
    found = {re.sub("ggml-vocab-|[.]gguf", "", Path(p).name): reduced(Path(p)) for p in paths}
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    FILE.write_text(text.replace('","', '",\n"') + "\n", encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
