"""A pool's bytes in an array, and sequences that are run on it without a model."""

from __future__ import annotations

import numpy as np

PAGE_BYTES = 64


class PageMemory:
    """Pages of `PAGE_BYTES` bytes; what a sequence computes in a page is made from its tokens."""

    page_bytes = PAGE_BYTES

    def __init__(self, pages: int) -> None:
        self.pages = np.zeros((pages, PAGE_BYTES), np.uint8)
        self.reads = self.writes = 0

    def read_pages(self, pages):
        self.reads += len(pages)
        return [self.pages[page].copy() for page in pages]

    def write_pages(self, pages, contents):
        self.writes += len(pages)
        for page, content in zip(pages, contents, strict=True):
            self.pages[page] = content


def content_of(tokens) -> bytes:
    """What a page holds whose last token ends `tokens`."""
    return np.random.default_rng([len(tokens), *tokens]).bytes(PAGE_BYTES)


def compute(cache, memory, sequence) -> int:
    """Computes what is pending but the last token; returns the rows that ran."""
    size, start = cache.pool.page_tokens, sequence.computed
    end = len(sequence.tokens) - 1
    for index in range(start // size, end // size):
        page = sequence.pages[index]
        made = content_of(sequence.tokens[: (index + 1) * size])
        memory.pages[page] = np.frombuffer(made, np.uint8)
    cache.commit(sequence, end - start)
    return end - start


def serve(cache, memory, tokens, tenant="") -> int:
    """One prefill of `tokens` that leaves nothing behind but cached pages; returns its rows.
    Checks every full page that it ended with."""
    sequence = cache.begin(cache.append(cache.open(tenant), tuple(tokens)), 0)
    assert sequence is not None
    rows = compute(cache, memory, sequence)
    size = cache.pool.page_tokens
    for index in range(sequence.computed // size):
        found = memory.pages[sequence.pages[index]].tobytes()
        assert found == content_of(sequence.tokens[: (index + 1) * size])
    cache.close(cache.finish(sequence, tuple(tokens)))
    return rows
