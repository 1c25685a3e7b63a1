"""From a file to all that a package holds: GGUF, folders, fallbacks, errors."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from agentc import models
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError, ModelFormatError
from agentc.plan import Binary, Parameters

from . import tiny
from .harness import Forward, llama_reference

TOKENS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2] * 2


@pytest.fixture
def gguf_file(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTC_CACHE", str(tmp_path / "cache"))
    config = tiny.llama_config(d_model=64, ffn=96, vocab=12, heads=4, layers=1, context=64)
    weights = tiny.llama_weights(config)
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
    expected = llama_reference(config, weights.__getitem__, TOKENS)
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
    assert "plain attention on local-task" in note and not built.has_set_workers
    expected = llama_reference(config, weights.__getitem__, TOKENS)
    np.testing.assert_allclose(logits(built), expected, atol=2e-4)


def test_several_targets_share_their_parameters(gguf_file):
    path, _, _ = gguf_file
    source = models.resolve(str(path))
    requests = [models.BuildRequest(source, TargetSpec(d)) for d in ("local-sync", "vulkan")]
    cpu, gpu = models.build_all(requests)
    assert cpu.vmfb != gpu.vmfb and cpu.archive == gpu.archive
    assert (gpu.driver, gpu.has_set_workers, gpu.notes) == ("vulkan", False, ())
    assert gpu.page_shape == (1, 2, 16, 2, 16)


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
    tiny.write_llama_folder(folder, config, weights)
    with pytest.raises(ModelFormatError, match=r"tokenizer\.json"):
        models.build(models.resolve(str(folder)), "local-task")
    source = models.resolve("all-minilm-l6-v2").path
    (folder / "tokenizer.json").write_text((source / "tokenizer.json").read_text())
    built = models.build(models.resolve(str(folder)), "local-task")
    expected = llama_reference(config, weights.__getitem__, TOKENS)
    np.testing.assert_allclose(logits(built), expected, atol=2e-4)


def test_unknown_precision_is_one_error(gguf_file):
    with pytest.raises(CompileError, match=r"'int4' is not available .* expected one of"):
        models.build(models.resolve(str(gguf_file[0])), "local-task", precision="int4")
