"""Which page of the pool belongs to whom: a free list, reference counts, and one writer a page."""

from __future__ import annotations


class PagePool:
    """Counts the pages of one device pool. It knows numbers only; the bytes are the backend's.

    Page 0 belongs to nobody: block tables are padded with it. Every other page is free, or held
    by one or more owners (running sequences, snapshots, the prefix cache).

    A page is written by one sequence at a time, in ascending slots. `_next_slot[page]` is the
    first slot that was never written while the page is held, or `page_tokens` while a writer
    owns the rest. So a reader of n slots is safe as long as n <= the slots written when it began.
    """

    def __init__(self, pages: int, page_tokens: int) -> None:
        """`pages` counts page 0, so `pages - 1` can be used; at least 2."""
        assert pages >= 2 and page_tokens >= 1
        self.page_tokens = page_tokens
        self.pages = pages
        self._free = list(range(pages - 1, 0, -1))
        self._references = [0] * pages
        self._next_slot = [0] * pages

    @property
    def free_pages(self) -> int:
        """Pages that nobody holds."""
        return len(self._free)

    @property
    def used_pages(self) -> int:
        """Pages that somebody holds."""
        return self.pages - 1 - len(self._free)

    def can_alloc(self, count: int) -> bool:
        """Whether `alloc(count)` would succeed."""
        return count <= len(self._free)

    def alloc(self, count: int) -> list[int]:
        """Takes `count` pages, each held once, with the caller as their writer."""
        assert self.can_alloc(count), "alloc without can_alloc"
        taken = [self._free.pop() for _ in range(count)]
        for page in taken:
            self._references[page] = 1
            self._next_slot[page] = self.page_tokens
        return taken

    def retain(self, page: int) -> None:
        """One more owner of a held page."""
        assert self._references[page] > 0, f"page {page} is free"
        self._references[page] += 1

    def release(self, page: int) -> None:
        """One owner less; the last one frees the page."""
        assert self._references[page] > 0, f"page {page} is freed twice"
        self._references[page] -= 1
        if self._references[page] == 0:
            self._free.append(page)

    def references(self, page: int) -> int:
        """How many owners hold the page; 0 when it is free."""
        return self._references[page]

    def try_claim(self, page: int, slot: int) -> bool:
        """Makes the caller the writer of the slots from `slot` on, if nobody has them yet."""
        assert self._references[page] > 0, f"page {page} is free"
        if self._next_slot[page] != slot:
            return False
        self._next_slot[page] = self.page_tokens
        return True

    def end_claim(self, page: int, slot: int) -> None:
        """The writer stops; the slots from `slot` on may be claimed by the next one."""
        assert self._references[page] > 0, f"page {page} is free"
        self._next_slot[page] = slot
