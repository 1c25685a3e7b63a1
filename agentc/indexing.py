"""From a folder of documents to passages: what an `agent.index` with a `path` holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from agentc.errors import CompileError, SourceLine

Passage = dict[str, object]

TEXT_SUFFIXES = (".md", ".txt", ".rst")


def read_passages(
    path: Path,
    chunk_tokens: int,
    count_tokens: Callable[[str], int],
    *,
    source: SourceLine | None = None,
) -> list[Passage]:
    """Returns the passages under `path`, in the order of file names.

    A folder: every text file in it, cut at blank lines and packed into passages of at most
    `chunk_tokens` tokens (a longer paragraph stays whole); a heading goes with what follows.
    A `.jsonl` file: one object a line with `text` and, optionally, `id` and `source`.

    Raises CompileError when there is nothing to read (at `source`, the line of the graph that
    asked) or a line of the file is not such an object (at that line).
    """
    if path.suffix == ".jsonl" and path.is_file():
        passages = list(_read_jsonl(path))
    else:
        passages = list(_read_folder(path, chunk_tokens, count_tokens))
    if not passages:
        raise CompileError(
            f"the index has no documents: found no text at '{path}', expected a .jsonl file or a "
            f"folder with {', '.join(TEXT_SUFFIXES)} files; correct the path",
            source=source,
        )
    return passages


def _read_folder(
    path: Path, chunk_tokens: int, count_tokens: Callable[[str], int]
) -> Iterator[Passage]:
    files = sorted(p for p in path.rglob("*") if p.suffix in TEXT_SUFFIXES and p.is_file())
    return (
        {"id": f"{name}#{number}", "source": name, "text": text, "score": 0.0}
        for file in files
        for name in [file.relative_to(path).as_posix()]
        for number, text in enumerate(_pack(_read_text(file), chunk_tokens, count_tokens))
    )


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CompileError(
            f"a document is not UTF-8 text: {error}; convert it or move it out of the folder",
            source=SourceLine(str(file)),
        ) from error


def _paragraphs(text: str) -> Iterator[str]:
    """Yields paragraphs; a heading is joined to the paragraph after it."""
    heading = ""
    for block in re.split(r"\n\s*\n", text):
        block = block.strip()
        if not block:
            continue
        if block.startswith("#") and "\n" not in block:
            heading = f"{heading}{block.lstrip('#').strip()}: "
            continue
        yield heading + " ".join(block.split())
        heading = ""
    if heading:
        yield heading.rstrip(": ")


def _pack(text: str, chunk_tokens: int, count_tokens: Callable[[str], int]) -> list[str]:
    """Packs neighbouring paragraphs together while they fit into `chunk_tokens`."""
    chunks: list[str] = []
    size = 0
    for paragraph in _paragraphs(text):
        tokens = count_tokens(paragraph)
        if chunks and size + tokens <= chunk_tokens:
            chunks[-1] += "\n" + paragraph
            size += tokens
        else:
            chunks.append(paragraph)
            size = tokens
    return chunks


def _read_jsonl(path: Path) -> Iterator[Passage]:
    for number, line in enumerate(_read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text = row["text"]
            text.encode()  # a number has no such method, and half a surrogate pair no bytes
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CompileError(
                f"not a passage: {error!r}; expected an object with 'text', and optionally 'id' "
                "and 'source'",
                source=SourceLine(str(path), number),
            ) from error
        source = str(row.get("source", path.name))
        yield {"id": str(row.get("id", number)), "source": source, "text": text, "score": 0.0}
