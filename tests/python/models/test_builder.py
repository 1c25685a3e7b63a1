"""From a file to all that a package holds: GGUF, folders, fallbacks, errors."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from agentc import models
from agentc.codegen import store
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError, ModelFormatError
from agentc.models import builder, gguf_tokenizer
from agentc.models.gguf_file import GgufFile
from agentc.plan import Binary, Parameters

from . import tiny, tiny_folders
from .harness import Forward, decoder_reference

TOKENS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2] * 2


@pytest.fixture
def gguf_file(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTC_CACHE", str(tmp_path / "cache"))
    config = tiny.decoder_config(d_model=64, ffn=96, vocab=12, heads=4, layers=1, context=64)
    weights = tiny.decoder_weights(config)
    tiny.write_gguf(tmp_path / "tiny.gguf", config, weights)
    return tmp_path / "tiny.gguf", config, weights


def logits(built):
    forward = Forward(built.vmfb, built.archive.path, built.page_shape, pages=5)
    found = forward.prefill(TOKENS, [1, 2])
    forward.close()
    return found


def test_gguf_file_to_logits(gguf_file):
    path, config, weights = gguf_file
    events = []
    source = models.resolve(str(path))
    built = models.build(source, "local-task", progress=lambda *event: events.append(event))
    expected = decoder_reference(config, weights.__getitem__, TOKENS)
    np.testing.assert_allclose(logits(built), expected, atol=2e-4)
    assert built.dims == models.dims(source) == config.dims()
    assert built.chat.begin["user"] == "<user>" and built.chat.end_tokens == (1,)
    assert Tokenizer.from_str(built.tokenizer_json).encode("abc").tokens == ["abc"]
    assert isinstance(built.binary("x"), Binary) and isinstance(built.parameters(), Parameters)

    again = models.build(source, "local-task", progress=lambda *event: events.append(event))
    assert again.compile_s == 0 and again.vmfb == built.vmfb and again.archive == built.archive
    assert events[0] == (str(path), "compiling") and events[-1] == (str(path), "cached")


def test_without_kernels_plain_code_runs_and_says_so(gguf_file, monkeypatch, tmp_path):
    path, config, weights = gguf_file
    monkeypatch.setattr("agentc.codegen.kernels.folders", lambda: [tmp_path / "nothing"])
    built = models.build(models.resolve(str(path)), "local-task")
    (note,) = built.notes
    assert "without C kernels on local-task" in note and not built.has_set_workers
    expected = decoder_reference(config, weights.__getitem__, TOKENS)
    np.testing.assert_allclose(logits(built), expected, atol=2e-4)


def test_several_targets_build_together(gguf_file):
    """Plain programs share one archive; the CPU's kernels want the same weights in panels."""
    source = models.resolve(str(gguf_file[0]))
    targets = [TargetSpec("local-sync"), TargetSpec("vulkan"), TargetSpec("cuda")]
    cpu, vulkan, cuda = models.build_all([models.BuildRequest(source, t) for t in targets])
    assert len({b.vmfb for b in (cpu, vulkan, cuda)}) == 3
    assert vulkan.archive == cuda.archive != cpu.archive
    assert cpu.archive.size_bytes == cuda.archive.size_bytes
    assert (vulkan.driver, vulkan.has_set_workers, vulkan.notes) == ("vulkan", False, ())
    assert vulkan.page_shape == (1, 2, 16, 2, 16) and cpu.page_shape == (1, 2, 2, 16, 16)


@pytest.mark.parametrize(
    "target",
    [TargetSpec("cuda", "sm_89"), TargetSpec("hip", "gfx942"), TargetSpec("hip", "gfx1100")],
    ids=lambda t: t.arch,
)
def test_gpu_binaries_compile_without_a_gpu(gguf_file, target):
    source = models.resolve(str(gguf_file[0]))
    (built,) = models.build_all([models.BuildRequest(source, target)])
    assert built.vmfb.stat().st_size > 10_000


def test_folder_of_safetensors(tmp_path, gguf_file):
    _, config, weights = gguf_file
    folder = tmp_path / "folder"
    tiny_folders.write_decoder_folder(folder, config, weights)
    with pytest.raises(ModelFormatError, match=r"tokenizer\.json"):
        models.build(models.resolve(str(folder)), "local-task")
    larger = models.resolve("all-minilm-l6-v2").path / "tokenizer.json"
    (folder / "tokenizer.json").write_text(larger.read_text())
    with pytest.raises(ModelFormatError, match="folder: the tokenizer has a token 30521, the emb"):
        models.build(models.resolve(str(folder)), "local-task")
    own = gguf_tokenizer.from_gguf(GgufFile(gguf_file[0]))
    (folder / "tokenizer.json").write_text(own.json)
    built = models.build(models.resolve(str(folder)), "local-task")
    expected = decoder_reference(config, weights.__getitem__, TOKENS)
    np.testing.assert_allclose(logits(built), expected, atol=2e-4)


def quantised_file(tmp_path, kind="Q4_1", **changes):
    """A model that the quantised kernels take, unless `changes` say otherwise."""
    sizes = {"d_model": 64, "ffn": 96, "vocab": 12, "heads": 4, "kv_heads": 2, "layers": 1}
    config = tiny.decoder_config(**{**sizes, "context": 64, **changes})
    path = tmp_path / "quantised.gguf"
    tiny.write_gguf(path, config, tiny.decoder_weights(config), kind)
    return models.resolve(str(path)), config


def test_a_quantised_file_runs_in_its_own_precision(tmp_path):
    source, config = quantised_file(tmp_path)
    (offered,) = models.precisions(source, [TargetSpec("local-task")])
    assert list(offered.footprints) == ["i4", "i8", "f32"] and not offered.note
    sizes = [offered.footprints[p].weight_bytes for p in ("i4", "i8", "f32")]
    assert sizes == sorted(sizes) and sizes[2] == 4 * config.parameter_count()
    assert [p for p, f in offered.footprints.items() if f.faithful] == ["i4", "f32"]
    built = models.build(source, "local-task")
    assert (built.precision, built.page_dtype, built.notes) == ("i4", "f16", ())
    tables = 2 * 4 * config.context * config.head_dim // 2
    headers = 40_000  # names and alignment
    assert 0 <= built.archive.size_bytes - sizes[0] - tables < headers
    binary = built.binary("m.vmfb")
    assert (binary.precision, binary.page_shape) == ("i4", (1, 2, 2, 16, 16))


def test_floats_stay_floats_until_less_is_asked_for(gguf_file):
    source = models.resolve(str(gguf_file[0]))
    (offered,) = models.precisions(source, [TargetSpec("local-task")])
    assert offered.default == "f32" and set(offered.footprints) == {"i4", "i8", "f32"}
    assert models.build(source, "local-task").precision == "f32"
    assert models.build(source, "local-task", precision="i8").precision == "i8"


def test_shapes_without_kernels_fall_back_with_a_note(tmp_path):
    source, _ = quantised_file(tmp_path, head_dim=24)
    built = models.build(source, "local-task")
    (note,) = built.notes[:1]
    assert built.precision == "f32"
    assert "runs in f32 on local-task, not in the precision of its file: head_dim is 24" in note


def test_a_gpu_has_no_quantised_kernels(tmp_path):
    source, _ = quantised_file(tmp_path)
    (offered,) = models.precisions(source, [TargetSpec("cuda", "sm_89")])
    assert list(offered.footprints) == ["f16", "f32"] and offered.default == "f32"
    assert offered.note == ""
    with pytest.raises(CompileError, match=r"'i4' is not available .* on cuda, expected .* f32"):
        models.build(source, "cuda", "sm_89", precision="i4")


def test_pages_that_a_precision_does_not_have(tmp_path):
    source, _ = quantised_file(tmp_path)
    with pytest.raises(CompileError, match=r"kv pages in 'f32' are not available .* in i4"):
        models.build(source, "local-task", kv="f32")
    with pytest.raises(CompileError, match=r"kv pages in 'f16' are not available .* in f32"):
        models.build(source, "local-task", precision="f32", kv="f16")


def test_unknown_precision_is_one_error(gguf_file):
    with pytest.raises(CompileError, match=r"'int4' is not available .* expected one of"):
        models.build(models.resolve(str(gguf_file[0])), "local-task", precision="int4")


def test_readme_example_runs():
    """The Python block of the package's README, as it stands there."""
    readme = (Path(models.__file__).parent / "README.md").read_text()
    block = readme.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert names["built"].precision == names["offered"].default
    assert names["built"].vmfb.is_file()


def test_200_damaged_files_fail_quickly_and_by_name(gguf_file, tmp_path):
    """Whatever is wrong with a file, building it ends in one typed error and leaves no archive."""
    data = gguf_file[0].read_bytes()
    rng = np.random.default_rng(7)
    header_bytes = data.index(b"blk.0.ffn_down.weight")
    path, refused, start_s = tmp_path / "damaged.gguf", 0, time.monotonic()
    for number in range(200):
        damaged = bytearray(data)
        if number % 2:
            damaged = damaged[: rng.integers(1, len(data))]
        for at in rng.integers(0, min(header_bytes, len(damaged)), 1 + number % 5):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            models.dims(models.resolve(str(path)))
            builder._load(models.resolve(str(path)))
        except ModelFormatError as error:
            refused += 1
            assert str(error).startswith("damaged.gguf: ")
    assert refused > 120
    assert time.monotonic() - start_s < 60


def test_damaged_values_are_found_when_they_are_packed(gguf_file):
    path = gguf_file[0]
    data = bytearray(path.read_bytes())
    data[-64:] = b"\xff" * 64
    path.write_bytes(data)
    with pytest.raises(ModelFormatError, match="holds values that are not finite"):
        models.build(models.resolve(str(path)), "local-task")
    assert not list(store.folder("params").iterdir())
