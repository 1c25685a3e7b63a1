"""RadixTree: prefixes to pages, eviction order, and walls between tenants."""

from agentc.runtime.kv import Lru, PagePool, RadixTree

A, B, C = (1, 2), (3, 4), (5, 6)


def _tree(pages=10):
    pool = PagePool(pages, 2)
    return pool, RadixTree(pool, Lru())


def _insert(pool, tree, node, block):
    """Caches a new page that nobody else holds."""
    (page,) = pool.alloc(1)
    made = tree.insert(node, block, page)
    pool.release(page)
    return made


def test_a_block_is_found_only_behind_its_prefix_and_in_its_tenant():
    pool, tree = _tree()
    a = _insert(pool, tree, tree.root("t"), A)
    b = _insert(pool, tree, a, B)
    assert tree.child(a, B) is b
    assert tree.child(tree.root("t"), B) is None
    assert tree.child(tree.root("other"), A) is None


def test_the_first_page_of_a_block_stays():
    pool, tree = _tree()
    first = _insert(pool, tree, tree.root("t"), A)
    (page,) = pool.alloc(1)
    assert tree.insert(tree.root("t"), A, page) is first
    assert pool.references(page) == 1
    assert tree.cached_pages == 1


def test_the_least_recently_used_leaf_goes_first():
    pool, tree = _tree()
    a = _insert(pool, tree, tree.root("t"), A)
    b = _insert(pool, tree, a, B)
    c = _insert(pool, tree, tree.root("t"), C)
    tree.child(a, B)
    assert tree.evict(1) == 1
    assert pool.references(c.page) == 0
    assert tree.evict(1) == 1
    assert pool.references(b.page) == 0
    assert tree.child(tree.root("t"), A) is a


def test_a_parent_follows_its_last_child():
    pool, tree = _tree()
    _insert(pool, tree, _insert(pool, tree, tree.root("t"), A), B)
    assert tree.evict(5) == 2
    assert (tree.cached_pages, pool.free_pages) == (0, 9)


def test_a_page_in_use_is_not_evicted():
    pool, tree = _tree()
    a = _insert(pool, tree, tree.root("t"), A)
    _insert(pool, tree, a, B)
    pool.retain(a.page)
    assert tree.evictable_pages() == 1
    assert tree.evict(5) == 1
    assert tree.child(tree.root("t"), A) is a


def test_clear_leaves_pages_to_their_other_owners():
    pool, tree = _tree()
    a = _insert(pool, tree, tree.root("t"), A)
    pool.retain(a.page)
    tree.clear()
    assert (tree.cached_pages, pool.references(a.page)) == (0, 1)
    assert tree.child(tree.root("t"), A) is None
