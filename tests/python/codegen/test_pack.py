"""Parameter archives: content, reuse, mistakes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import iree.runtime as runtime
import numpy as np
import pytest

from agentc.codegen import pack, store
from agentc.errors import CompileError

ARRAYS = {
    "layers.0.w": np.arange(12, dtype=np.float32).reshape(3, 4),
    "scalar": np.array(7, np.int64),
    "half": np.linspace(0, 1, 5, dtype=np.float16),
    "bytes": np.arange(-3, 4, dtype=np.int8),
    "strided": np.arange(20, dtype=np.float64).reshape(4, 5).T,
}
DECLARED = {
    "layers.0.w": ((3, 4), "f32"),
    "scalar": ((), "i64"),
    "half": ((5,), "f16"),
    "bytes": ((7,), "i8"),
    "strided": ((5, 4), "f64"),
}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTC_CACHE", str(tmp_path / "cache"))


def contents(path):
    index = runtime.ParameterIndex()
    index.load(str(path), mmap=True)
    data = path.read_bytes()
    places = {n: (e.file_storage[1], e.length) for n, e in index.items()}
    return {n: data[at : at + size] for n, (at, size) in places.items()}


def test_archive_holds_the_bytes():
    archive = pack.pack(DECLARED, ARRAYS.__getitem__, "weights")
    assert contents(archive.path) == {n: a.tobytes() for n, a in ARRAYS.items()}
    assert archive.path == pack.stored(archive.sha256)
    assert store.file_digest(archive.path) == archive.sha256
    assert archive.size_bytes == archive.path.stat().st_size


def test_second_time_reads_no_weights():
    first = pack.pack(DECLARED, ARRAYS.__getitem__, "weights")
    assert pack.pack(DECLARED, lambda name: pytest.fail(f"read {name}"), "weights") == first


def test_other_weights_and_lost_archives_are_written():
    first = pack.pack(DECLARED, ARRAYS.__getitem__, "weights")
    changed = {**ARRAYS, "scalar": np.array(8, np.int64)}
    other = pack.pack(DECLARED, changed.__getitem__, "other weights")
    assert other.sha256 != first.sha256
    first.path.unlink()
    assert pack.pack(DECLARED, ARRAYS.__getitem__, "weights") == first
    first.path.write_bytes(b"short")
    assert pack.pack(DECLARED, ARRAYS.__getitem__, "weights").path.stat().st_size > 100


def test_damaged_note_is_ignored():
    first = pack.pack(DECLARED, ARRAYS.__getitem__, "weights")
    (note,) = store.folder("params").glob("*.json")
    for text in ("", "[]", "{}", json.dumps({"sha256": 5, "size_bytes": 1})):
        note.write_text(text)
        assert pack.pack(DECLARED, ARRAYS.__getitem__, "weights") == first


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 3), np.float32), np.zeros((3, 4), np.float64)], ids=["shape", "type"]
)
def test_array_must_be_as_declared(wrong):
    arrays = {**ARRAYS, "layers.0.w": wrong}
    with pytest.raises(CompileError, match=r"parameter 'layers.0.w' is .* declares f32\[3, 4\]"):
        pack.pack(DECLARED, arrays.__getitem__, "weights")
    assert list(store.folder("params").iterdir()) == []


def test_many_writers_at_once_agree():
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(pack.pack, DECLARED, ARRAYS.__getitem__, "w") for _ in range(16)]
        archives = {f.result() for f in futures}
    (archive,) = archives
    assert sorted(p.suffix for p in archive.path.parent.iterdir()) == [".irpa", ".json"]


def test_store_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("AGENTC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.cache_root() == tmp_path / "agentc"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert store.cache_root().parts[-2:] == (".cache", "agentc")


def test_digest_separates_its_parts():
    assert store.digest("ab", "c") != store.digest("a", "bc")


def test_replacing_leaves_the_old_file_on_failure(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyError), store.replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
