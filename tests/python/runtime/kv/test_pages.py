"""PagePool: what is taken comes back once, and a slot has one writer."""

import pytest

from agentc.runtime.kv import PagePool


def test_page_0_belongs_to_nobody():
    pool = PagePool(5, 16)
    assert sorted(pool.alloc(4)) == [1, 2, 3, 4]
    assert not pool.can_alloc(1)


def test_a_page_is_free_after_its_last_owner():
    pool = PagePool(3, 16)
    (page,) = pool.alloc(1)
    pool.retain(page)
    pool.release(page)
    assert (pool.free_pages, pool.used_pages, pool.references(page)) == (1, 1, 1)
    pool.release(page)
    assert (pool.free_pages, pool.used_pages, pool.references(page)) == (2, 0, 0)


def test_misuse_is_refused():
    pool = PagePool(3, 16)
    (page,) = pool.alloc(1)
    pool.release(page)
    with pytest.raises(AssertionError, match="freed twice"):
        pool.release(page)
    with pytest.raises(AssertionError, match="is free"):
        pool.retain(page)
    with pytest.raises(AssertionError, match="without can_alloc"):
        pool.alloc(3)


def test_a_slot_is_claimed_once():
    pool = PagePool(3, 16)
    (page,) = pool.alloc(1)
    assert not pool.try_claim(page, 0)  # whoever allocates is the writer
    pool.end_claim(page, 5)
    assert not pool.try_claim(page, 4)  # slot 4 is written
    assert pool.try_claim(page, 5)
    assert not pool.try_claim(page, 5)
    pool.end_claim(page, 9)
    assert pool.try_claim(page, 9)
