"""KvCache, case by case: copy on write, cache hits, room, parking."""

import pytest

from agentc.errors import RuntimeFault
from agentc.runtime.kv import KvCache

SIZE = 4


def _cache(pages=16):
    return KvCache(pages, SIZE)


def _computed(cache, tokens, tenant=""):
    """A snapshot of `tokens` with all but the last computed."""
    start = cache.append(cache.open(tenant), tuple(tokens))
    sequence = cache.begin(start, 0)
    cache.commit(sequence, sequence.pending - 1)
    cache.close(start)
    return cache.finish(sequence, tuple(tokens))


def test_the_last_token_stays_to_be_computed():
    snapshot = _computed(_cache(), range(9))
    assert (snapshot.computed, len(snapshot.pages)) == (8, 2)


def test_the_first_continues_in_place_the_second_computes_the_partial_page_again():
    cache = _cache()
    parent = _computed(cache, range(7))  # 6 computed: page 1 holds 2 of 4
    first = cache.begin(parent, 4)
    second = cache.begin(parent, 4)
    assert (first.computed, first.pages[:2]) == (6, list(parent.pages))
    assert (second.computed, second.pages[0]) == (4, parent.pages[0])
    assert second.pages[1] != parent.pages[1]


def test_the_page_can_be_continued_again_after_a_drop_that_wrote_nothing():
    cache = _cache()
    parent = _computed(cache, range(7))
    cache.drop(cache.begin(parent, 4))
    assert cache.begin(parent, 4).computed == 6


def test_a_drop_that_wrote_leaves_the_page_to_its_reader():
    cache = _cache()
    parent = _computed(cache, range(7))
    writer = cache.begin(parent, 4)
    cache.commit(writer, 1)
    cache.drop(writer)
    assert cache.begin(parent, 4).computed == 4


def test_a_begin_without_room_gives_everything_back():
    cache = _cache(pages=4)
    parent = _computed(cache, range(7))
    blocker = cache.begin(cache.append(cache.open(""), (9,)), 0)
    assert cache.begin(parent, 8) is None
    cache.drop(blocker)
    assert cache.begin(parent, 4).computed == 6  # the claim was given back too


def test_a_hit_counts_as_cached_and_costs_no_page():
    cache = _cache()
    _computed(cache, range(9))
    again = cache.begin(cache.append(cache.open(""), tuple(range(11))), 0)
    assert (again.cached_tokens, again.computed, again.usage().cached_tokens) == (8, 8, 8)
    assert cache.pool.used_pages == 3


def test_another_tenant_never_hits():
    cache = _cache()
    _computed(cache, range(9), tenant="a")
    assert cache.begin(cache.append(cache.open("b"), tuple(range(9))), 0).cached_tokens == 0


def test_twins_end_on_the_same_pages():
    cache = _cache()
    start = cache.append(cache.open(""), tuple(range(9)))
    one, two = cache.begin(start, 0), cache.begin(start, 0)
    cache.commit(one, 8)
    cache.commit(two, 8)
    assert one.pages[:2] == two.pages[:2]


def test_idle_snapshots_are_parked_only_when_nothing_runs():
    cache = _cache(pages=5)
    old, young = _computed(cache, range(7)), _computed(cache, range(20, 27))
    runner = cache.begin(young, 0)
    start = cache.append(cache.open(""), tuple(range(40, 47)))
    assert cache.begin(start, 0) is None
    cache.drop(runner)
    assert cache.begin(start, 0) is not None
    assert (old.computed, young.computed) == (0, 6)  # the least recently used was enough


def test_parked_is_recomputed_from_what_the_cache_kept():
    cache = _cache()
    snapshot = _computed(cache, range(11))
    cache.park(snapshot)
    assert (snapshot.computed, snapshot.pages) == (0, ())
    sequence = cache.begin(snapshot, 0)
    assert (sequence.cached_tokens, sequence.pending) == (8, 3)


def test_a_closed_snapshot_is_refused():
    cache = _cache()
    snapshot = cache.open("")
    cache.close(snapshot)
    cache.close(snapshot)
    with pytest.raises(RuntimeFault, match="was released"):
        cache.append(snapshot, (1,))
    with pytest.raises(RuntimeFault, match="was released"):
        cache.begin(snapshot, 1)


def test_park_all_forgets_everything_but_the_tokens():
    cache = _cache()
    snapshot = _computed(cache, range(11))
    cache.park_all()
    assert (snapshot.computed, snapshot.tokens) == (0, tuple(range(11)))
    assert cache.pool.used_pages == 0
