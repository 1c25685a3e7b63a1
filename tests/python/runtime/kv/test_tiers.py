"""Pages outside the device: they come back as they were, or not at all."""

import numpy as np
import pytest
from page_memory import PAGE_BYTES, PageMemory, content_of, serve

from agentc.errors import RuntimeFault
from agentc.runtime.kv import CheaperToCopy, FileTier, HostTier, KvCache, Swap

SIZE = 4
FIRST = tuple(range(21))  # 5 full pages and one token
SECOND = tuple(range(100, 121))


def _cache(tier, memory=None, identity=b"model", pages=9):
    memory = memory or PageMemory(pages)
    swap = Swap(memory, tier, SIZE)
    return KvCache(pages, SIZE, swap=swap, identity=identity), memory


def _page(number):
    return np.frombuffer(content_of([number]), np.uint8).copy()


def _key(number):
    return bytes([number]) * 32


def test_the_end_of_a_sequence_leaves_first():
    cache, memory = _cache(HostTier(5 * PAGE_BYTES))
    assert serve(cache, memory, FIRST) == 20
    assert serve(cache, memory, SECOND) == 20  # takes pages from the first
    memory.pages[1:] = np.random.default_rng(0).integers(0, 256, memory.pages[1:].shape)
    cache.tree.clear()
    assert memory.reads == 3  # three of the first's pages left the device
    assert serve(cache, memory, FIRST) == 20  # they were its last: of no use without the first


def test_what_was_evicted_is_not_computed_again():
    cache, memory = _cache(HostTier(100 * PAGE_BYTES))
    serve(cache, memory, FIRST)
    cache.tree.evict(8)
    assert (serve(cache, memory, FIRST), memory.reads, memory.writes) == (0, 5, 5)
    cache.tree.evict(8)
    assert memory.reads == 5  # the tier has them still: nothing to copy
    longer = (*FIRST, 21, 22, 23, 24)
    assert serve(cache, memory, longer) == 4
    assert serve(cache, memory, FIRST[:9]) == 0


def test_tenants_and_models_do_not_meet_in_a_tier():
    tier = HostTier(100 * PAGE_BYTES)
    cache, memory = _cache(tier)
    serve(cache, memory, FIRST, "a")
    cache.tree.evict(8)
    assert serve(cache, memory, FIRST, "b") == 20
    other, its_memory = _cache(tier, identity=b"another model")
    assert serve(other, its_memory, FIRST, "a") == 20
    twin, its_memory = _cache(tier)
    assert serve(twin, its_memory, FIRST, "a") == 0  # the same model, in another engine


def test_the_start_of_a_sequence_leaves_last():
    tier = HostTier(3 * PAGE_BYTES)
    cache, memory = _cache(tier)
    serve(cache, memory, FIRST)
    cache.tree.evict(8)
    assert len(tier) == 3
    assert serve(cache, memory, FIRST) == 8  # the first three pages are those that were kept
    cache.tree.evict(8)
    serve(cache, memory, FIRST[:9])
    cache.tree.evict(8)
    assert serve(cache, memory, FIRST) == 8


def test_what_leaves_host_memory_goes_to_files(tmp_path):
    files = FileTier(tmp_path / "kv", 1 << 20)
    cache, memory = _cache(HostTier(2 * PAGE_BYTES, files))
    serve(cache, memory, FIRST)
    cache.tree.evict(8)
    assert len(files) == 3
    assert serve(cache, memory, FIRST) == 0


def test_files_outlive_the_process(tmp_path):
    cache, memory = _cache(HostTier(0, FileTier(tmp_path, 1 << 20)))
    serve(cache, memory, FIRST)
    cache.tree.evict(8)
    later, its_memory = _cache(HostTier(0, FileTier(tmp_path, 1 << 20)))
    assert serve(later, its_memory, FIRST) == 0
    small = FileTier(tmp_path, 2 * (PAGE_BYTES + 80))  # takes over no more than its bound
    assert len(small) == 2 == len(list(tmp_path.iterdir()))


@pytest.mark.parametrize("how", ["cut", "flipped", "gone", "another's", "empty", "longer"])
def test_damaged_pages_are_computed_again(tmp_path, how):
    files = FileTier(tmp_path, 1 << 20)
    cache, memory = _cache(HostTier(0, files))
    serve(cache, memory, FIRST)
    cache.tree.evict(8)
    paths = sorted(tmp_path.iterdir())
    for path, other in zip(paths, [*paths[1:], paths[0]], strict=True):
        data = bytearray(path.read_bytes())
        if how == "gone":
            path.unlink()
            continue
        flipped = bytearray(data)
        flipped[-7] ^= 4
        changed = {"cut": data[:-1], "flipped": flipped, "empty": b"", "longer": data + b"x"}
        path.write_bytes(changed.get(how) if how != "another's" else other.read_bytes())
    assert serve(cache, memory, FIRST) >= 16  # the last of "another's" pages was whole
    cache.tree.evict(8)
    assert serve(cache, memory, FIRST) == 0


def test_a_file_tier_keeps_its_bound_and_what_was_used(tmp_path):
    size = PAGE_BYTES + 80
    files = FileTier(tmp_path, 3 * size)
    for number in range(3):
        files.put(_key(number), _page(number))
    files.touch(_key(0))
    files.put(_key(3), _page(3))
    assert [_key(n) in files for n in range(4)] == [True, False, True, True]
    assert files.used_bytes == 3 * size == sum(p.stat().st_size for p in tmp_path.iterdir())
    assert files.get(_key(1)) is None
    assert files.get(_key(3)).tobytes() == content_of([3])
    FileTier(tmp_path / "none", 10).put(_key(0), _page(0))
    assert not list((tmp_path / "none").iterdir())


def test_a_folder_that_cannot_be_made_is_a_fault(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeFault, match="cannot keep pages in") as caught:
        FileTier(tmp_path / "file" / "kv", 100)
    assert caught.value.kind == "input"


def test_a_disk_that_fails_keeps_nothing(tmp_path):
    files = FileTier(tmp_path / "kv", 1 << 20)
    (tmp_path / "kv").rmdir()
    files.put(_key(1), _page(1))
    assert _key(1) not in files and files.used_bytes == 0


def test_the_policy_weighs_copying_against_computing():
    policy = CheaperToCopy(reuse=0.5)
    assert policy.keep(None, 1.0, 1.0) and policy.keep(1.0, None, None)  # tried, to learn
    assert policy.keep(1.0, 0.1, 0.1) and not policy.keep(1.0, 0.6, 0.1)
    assert not policy.keep(1.0, 0.3, 0.5)


def test_pages_that_are_quicker_to_compute_are_not_copied():
    cache, memory = _cache(HostTier(100 * PAGE_BYTES))
    cache.swap.out.observe(1, 1.0)
    cache.swap.compute.observe(1, 0.01)
    serve(cache, memory, FIRST)
    cache.tree.evict(8)
    assert memory.reads == 0
    assert serve(cache, memory, FIRST) == 20


def test_suspended_and_revived_goes_on_from_the_tier():
    cache, memory = _cache(HostTier(100 * PAGE_BYTES))
    sequence = cache.begin(cache.append(cache.open(""), FIRST), 3)
    sequence.computed += 0
    for index in range(5):
        made = content_of(FIRST[: (index + 1) * SIZE])
        memory.pages[sequence.pages[index]] = np.frombuffer(made, np.uint8)
    cache.commit(sequence, 21)
    sequence.append(7)
    cache.suspend(sequence)
    assert cache.tree.evict(8) == 5 and cache.pool.free_pages == 8
    assert cache.revive(sequence, 2)
    assert (sequence.computed, len(sequence.pages)) == (20, 6)
    assert sequence.usage().cached_tokens == 0  # it computed them itself, once
    assert sequence.tokens == [*FIRST, 7]


def test_a_device_that_fails_to_copy_leaks_no_page():
    cache, memory = _cache(HostTier(100 * PAGE_BYTES))
    serve(cache, memory, FIRST)

    def broken(*_):
        raise RuntimeFault("the device is gone")

    memory.read_pages = broken
    with pytest.raises(RuntimeFault, match="the device is gone"):
        serve(cache, memory, SECOND)
    assert cache.running == 0 and cache.occupancy()[1] == cache.tree.cached_pages
    del memory.read_pages
    serve(cache, memory, FIRST)
    cache.tree.evict(8)
    memory.write_pages = broken
    with pytest.raises(RuntimeFault, match="the device is gone"):
        serve(cache, memory, FIRST)
    assert cache.running == 0 and cache.pool.free_pages == 8
