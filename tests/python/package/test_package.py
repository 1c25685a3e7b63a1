"""Packages: what is written is read back, and anything else is a PackageError."""

import os
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentc.errors import PackageError
from agentc.package import PackageWriter, ParameterStore, cache_root, open_package
from agentc.plan import Plan, Port, Region

PLAN = Plan("p", "", (Port("x", "text", {"b": 1, "a": 2}),), (), Region((0,), (), (), "return"))


def _write(folder: Path, name: str = "app.agentpkg") -> Path:
    writer = PackageWriter(folder / name, agentc_version="0.1", compilers={"iree": "3"})
    writer.add("graph.mlirbc", b"graph")
    writer.add("models/m/tokenizer.json", b"{}")
    writer.write(PLAN)
    return folder / name


@pytest.fixture(params=["app.agentpkg", "app.zip"])
def package(request, tmp_path):
    return _write(tmp_path, request.param)


def test_round_trip_of_folder_and_zip(package, tmp_path):
    with open_package(package) as opened:
        assert opened.plan == PLAN
        assert list(opened.plan.inputs[0].schema) == ["b", "a"]
        assert opened.path("models/m/tokenizer.json").read_bytes() == b"{}"
        assert opened.manifest.compilers == {"iree": "3"}
        with pytest.raises(PackageError, match="which the package does not have"):
            opened.path("models/none")
    assert sorted(p.name for p in tmp_path.iterdir()) == [package.name]


def test_equal_packages_are_equal_bytes(tmp_path):
    first, second = _write(tmp_path, "a.zip"), _write(tmp_path, "b.zip")
    assert first.read_bytes() == second.read_bytes()


def test_a_zip_is_removed_again_when_closed(tmp_path):
    opened = open_package(_write(tmp_path, "a.zip"))
    assert opened.folder.exists()
    opened.close()
    assert not opened.folder.exists()


def test_writing_replaces_a_package_but_nothing_else(tmp_path):
    _write(tmp_path)
    _write(tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(PackageError, match="is not a package"):
        _write(tmp_path, "home")
    assert (tmp_path / "home" / "letter.txt").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["app.agentpkg", "home"]


@pytest.mark.parametrize(
    "name, make, said",
    [
        ("web", {"manifest.json": '{"name": "a web page"}'}, "is not that of a package"),
        ("app.agentpkg", {"notes.txt": "mine"}, "has the file 'notes.txt', which is not of"),
        ("photos.zip", "no zip at all", "is not a package"),
        ("letter.txt/app", "dear", "cannot be written"),
    ],
)
def test_what_is_no_package_is_found_before_anything_is_written(name, make, said, tmp_path):
    target = tmp_path / name
    if isinstance(make, dict):
        if name == "app.agentpkg":
            _write(tmp_path)
        target.mkdir(exist_ok=True)
        for file, text in make.items():
            (target / file).write_text(text)
    else:
        (tmp_path / name.split("/")[0]).write_text(make)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(PackageError, match=said):
        PackageWriter(target, agentc_version="0.1")
    assert sorted(tmp_path.rglob("*")) == before


def test_discard_leaves_nothing(tmp_path):
    writer = PackageWriter(tmp_path / "a", agentc_version="0.1")
    writer.add("x", b"1")
    writer.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", "./a", "a\\b", "c:x", ""])
def test_a_path_out_of_the_package_is_refused(name, tmp_path):
    writer = PackageWriter(tmp_path / "a", agentc_version="0.1")
    with pytest.raises(PackageError, match="not a plain path inside"):
        writer.add(name, b"")


def _change_manifest(package: Path, change) -> None:
    path = package / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    change(manifest)
    path.write_bytes(msgspec.json.encode(manifest))


def _flip(package):
    (package / "graph.mlirbc").write_bytes(b"Graph")


def _grow(package):
    (package / "graph.mlirbc").write_bytes(b"graphs")


def _link(package):
    target = package / "graph.mlirbc"
    target.unlink()
    target.symlink_to("/etc/hostname")


def _link_folder(package):
    (package / "extra").symlink_to("/etc")


def _climb(package):
    def change(manifest):
        manifest["files"]["../../secret"] = {"sha256": "0" * 64, "size_bytes": 1}

    _change_manifest(package, change)


def _old(package):
    _change_manifest(package, lambda m: m.update(format_version=0))


def _no_plan(package):
    _change_manifest(package, lambda m: m["files"].pop("plan.json"))


@pytest.mark.parametrize(
    "damage, said",
    [
        (_flip, "'graph.mlirbc' is damaged: found sha256"),
        (_grow, "found 6 bytes, expected 5"),
        (_link, "is not a plain file"),
        (_link_folder, "'extra' that its manifest does not list"),
        (_climb, "not a plain path inside"),
        (_old, "format version 0, this agentc reads 1"),
        (_no_plan, r"has no plan.json"),
        (lambda p: (p / "manifest.json").unlink(), "it is not a package"),
        (lambda p: (p / "new.py").write_text(""), "'new.py' that its manifest does not list"),
        (lambda p: (p / "graph.mlirbc").unlink(), "lacks 'graph.mlirbc'"),
        (lambda p: (p / "manifest.json").write_text("[" * 100000), "not a"),
    ],
)
def test_damage_is_found(damage, said, tmp_path):
    package = _write(tmp_path)
    damage(package)
    with pytest.raises(PackageError, match=said):
        open_package(package)


def _rewrite_zip(package: Path, change) -> None:
    with zipfile.ZipFile(package) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(package, "w") as archive:
        for name, data in change(entries):
            archive.writestr(name, data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "change, said",
    [
        (lambda e: [*e, ("../evil", b"x")], "not a plain path"),
        (lambda e: [*e, ("evil", b"x")], "'evil', not in its manifest"),
        (lambda e: [*e, e[-1]], "a file twice"),
        (lambda e: e[:-1], "is not a readable package"),
        (lambda e: [(n, d * 1000 if n == "graph.mlirbc" else d) for n, d in e], "larger than"),
        (lambda e: [(n, d[::-1] if n == "graph.mlirbc" else d) for n, d in e], "is damaged"),
    ],
)
def test_a_hostile_zip_is_refused_and_leaves_nothing(change, said, tmp_path, monkeypatch):
    package = _write(tmp_path, "a.zip")
    _rewrite_zip(package, change)
    unpacked = tmp_path / "tmp"
    unpacked.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(unpacked))
    with pytest.raises(PackageError, match=said):
        open_package(package)
    assert list(unpacked.iterdir()) == []
    assert not (tmp_path / "evil").exists()


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_damage_to_a_zip_is_a_package_error_or_harmless(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    package = _write(folder, "a.zip")
    raw = bytearray(package.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    package.write_bytes(bytes(raw[: data.draw(st.integers(0, len(raw)))]) or b"x")
    try:
        with open_package(package) as opened:
            assert opened.plan == PLAN
            assert opened.path("graph.mlirbc").read_bytes() == b"graph"
    except PackageError:
        pass


def test_a_missing_package_says_what_to_do(tmp_path):
    with pytest.raises(PackageError, match="run agentc compile first"):
        open_package(tmp_path / "none")
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(PackageError, match="not a readable package"):
        open_package(tmp_path / "text.zip")


def test_parameter_store_finds_verifies_and_reports(tmp_path):
    store = ParameterStore(tmp_path / "store")
    (tmp_path / "w.irpa").write_bytes(b"weights")
    record = store.put(tmp_path / "w.irpa")
    assert store.put(tmp_path / "w.irpa") == record
    assert store.get(record).read_bytes() == b"weights"
    assert store.get(record).read_bytes() == b"weights"
    damaged = store.path(record.sha256)
    damaged.write_bytes(b"Weights")
    os.utime(damaged, ns=(1, 1))
    with pytest.raises(PackageError, match="is damaged"):
        store.get(record)
    with pytest.raises(PackageError, match=r"not on this machine.*--bundle"):
        store.get(msgspec.structs.replace(record, sha256="0" * 64))
    with pytest.raises(PackageError, match="is not a sha256"):
        store.path("../../etc/passwd")


def test_bundled_weights_must_be_those_of_the_plan(tmp_path):
    writer = PackageWriter(tmp_path / "a", agentc_version="0.1")
    record = writer.add("params/w.irpa", b"weights")
    writer.write(PLAN)
    from agentc.plan import Parameters

    with open_package(tmp_path / "a") as package:
        good = Parameters(record.sha256, 7, bundled="params/w.irpa")
        assert package.parameters(good).read_bytes() == b"weights"
        with pytest.raises(PackageError, match="not those of the plan"):
            package.parameters(msgspec.structs.replace(good, sha256="0" * 64))


def test_cache_root_honours_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("AGENTC_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("AGENTC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "agentc"
