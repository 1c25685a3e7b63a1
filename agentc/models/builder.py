"""From a model's weights to what a package holds: binary, parameters, tokenizer, chat format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from agentc.codegen import iree, kernels, pack, store
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError
from agentc.models import (
    bert,
    bert_weights,
    chat,
    decoder,
    gguf_decoder,
    kernel_attention,
    linear,
    pages,
    safetensors_decoder,
    tokenizer,
)
from agentc.models.decoder_weights import DecoderWeights
from agentc.models.dispatch import KernelFile
from agentc.models.generic_attention import GenericAttention
from agentc.models.gguf_file import GgufFile
from agentc.models.kernel_attention import KernelAttention
from agentc.models.registry import ModelSource
from agentc.models.safetensors_folder import SafetensorsFolder
from agentc.models.tensor_module import TensorModule, verify
from agentc.plan import Binary, ChatFormat, Parameters

PRECISIONS = ("f32",)


@dataclass(frozen=True)
class BuildRequest:
    """One model for one device class. `label` is what progress reports call it."""

    source: ModelSource
    target: TargetSpec
    precision: str = "f32"
    label: str = ""


@dataclass(frozen=True)
class BuiltModel:
    """A model ready for one device class.

    Attributes:
      dims: sizes as in `agent.model`; parameter and weight bytes included.
      vmfb: the binary, in the compile cache.
      archive: the parameters, in the parameter store.
      tokenizer_json: text for `tokenizers.Tokenizer.from_str`.
      chat: scaffold strings (None for encoders).
      entry, page_shape, has_set_workers: as in `plan.Binary`; pages are empty for encoders.
      notes: what the user should know, such as a slow fallback.
      compile_s: 0 if everything was in the cache.
    """

    dims: dict[str, int]
    driver: str
    precision: str
    entry: str
    vmfb: Path
    vmfb_sha256: str
    archive: pack.Archive
    tokenizer_json: str
    chat: ChatFormat | None
    page_shape: tuple[int, ...] = ()
    has_set_workers: bool = False
    notes: tuple[str, ...] = ()
    compile_s: float = 0.0

    def binary(self, path: str) -> Binary:
        """Returns the plan's record of the binary, stored at `path` inside the package."""
        paged = bool(self.page_shape)
        return Binary(
            path=path,
            sha256=self.vmfb_sha256,
            driver=self.driver,
            entry=self.entry,
            precision=self.precision,
            page_shape=self.page_shape,
            page_dtype="f32" if paged else "",
            page_tokens=pages.PAGE_TOKENS if paged else 0,
            has_set_workers=self.has_set_workers,
        )

    def parameters(self, bundled: str = "") -> Parameters:
        """Returns the plan's record of the parameters."""
        return Parameters(self.archive.sha256, self.archive.size_bytes, bundled)


@dataclass(frozen=True)
class _Program:
    """An emitted program with where its weights come from."""

    module: TensorModule
    entry: str
    read: Callable[[str], np.ndarray]
    page_shape: tuple[int, ...] = ()
    objects: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Loaded:
    """An open model file: sizes, tokenizer, and how to emit it for a target."""

    dims: dict[str, int]
    tokenizer: tokenizer.TokenizerSource
    chat: ChatFormat | None
    emit: Callable[[TargetSpec], _Program]


def dims(source: ModelSource) -> dict[str, int]:
    """Returns the sizes of a model, without compiling anything.

    Raises:
      ModelFormatError: the file is damaged or of an unsupported kind.
    """
    if source.kind == "encoder":
        return bert_weights.from_safetensors(SafetensorsFolder(source.path)).config.dims()
    return _decoder_weights(source).config.dims()


def tokenizer_json(source: ModelSource) -> str:
    """Returns a model's tokenizer as text for `tokenizers.Tokenizer.from_str`.

    Raises:
      ModelFormatError: the file is damaged or has no tokenizer that agentc reads.
    """
    return _tokenizer(source).json


def _tokenizer(source: ModelSource) -> tokenizer.TokenizerSource:
    if source.format == "gguf":
        return tokenizer.from_gguf(GgufFile(source.path))
    return tokenizer.from_folder(SafetensorsFolder(source.path))


def build(
    source: ModelSource,
    driver: str,
    arch: str = "",
    precision: str = "f32",
    progress: iree.Progress | None = None,
) -> BuiltModel:
    """Builds one model for one device class.

    Args:
      source: from `registry.resolve`.
      driver: local-task, local-sync, vulkan, cuda or hip.
      arch: as in `TargetSpec`; "" is this machine's processor, or the driver's default.
      precision: one of `PRECISIONS`.
      progress: called with (label, state).

    Raises:
      ModelFormatError: the weights are damaged or of an unsupported kind.
      CompileError: the precision or driver is unknown, or code generation failed.
    """
    request = BuildRequest(source, TargetSpec(driver, arch), precision, source.name)
    return build_all([request], progress)[0]


def build_all(
    requests: Sequence[BuildRequest], progress: iree.Progress | None = None
) -> list[BuiltModel]:
    """Builds several; each model file is read once and targets compile in parallel."""
    for request in requests:
        if request.precision not in PRECISIONS:
            raise CompileError(
                f"precision '{request.precision}' is not available for model "
                f"'{request.source.name}', expected one of {', '.join(PRECISIONS)}"
            )
    loaded = {r.source: _load(r.source) for r in requests}
    programs = [loaded[r.source].emit(r.target) for r in requests]
    jobs = [_job(r, p) for r, p in zip(requests, programs, strict=True)]
    binaries = iree.compile_all(jobs, progress)
    origins = {s: _origin(s) for s in loaded}
    return [
        _finish(r, loaded[r.source], p, c, origins[r.source])
        for r, p, c in zip(requests, programs, binaries, strict=True)
    ]


def _job(request: BuildRequest, program: _Program) -> iree.Job:
    text = program.module.text()
    verify(text)
    label = request.label or f"{request.source.name} for {request.target.driver}"
    return iree.Job(text, request.target, label, program.objects)


def _finish(
    request: BuildRequest, model: _Loaded, program: _Program, binary: iree.Compiled, origin: str
) -> BuiltModel:
    declared = {n: (t.shape, t.element) for n, t in program.module.parameters.items()}
    return BuiltModel(
        dims=model.dims,
        driver=request.target.driver,
        precision=request.precision,
        entry=program.entry,
        vmfb=binary.path,
        vmfb_sha256=binary.sha256,
        archive=pack.pack(declared, program.read, origin),
        tokenizer_json=model.tokenizer.json,
        chat=model.chat,
        page_shape=program.page_shape,
        has_set_workers="set_workers" in program.module.exports,
        notes=program.notes,
        compile_s=binary.compile_s,
    )


def _load(source: ModelSource) -> _Loaded:
    if source.kind == "encoder":
        return _load_encoder(source)
    weights = _decoder_weights(source)
    tokens = _tokenizer(source)
    return _Loaded(
        weights.config.dims(),
        tokens,
        chat.chat_format(tokens, source.path.name),
        lambda target: _emit_decoder(weights, target, source.name),
    )


def _load_encoder(source: ModelSource) -> _Loaded:
    folder = SafetensorsFolder(source.path)
    weights = bert_weights.from_safetensors(folder)

    def emit(target: TargetSpec) -> _Program:
        multiply = kernels.find(linear.FAMILY, target)
        module = bert.emit_bert(weights.config, _linear(multiply))
        objects = (multiply.path,) if multiply else ()
        return _Program(module, bert.ENTRY, linear.panel_reader(weights.array), objects=objects)

    return _Loaded(weights.config.dims(), _tokenizer(source), None, emit)


def _decoder_weights(source: ModelSource) -> DecoderWeights:
    if source.format == "gguf":
        return gguf_decoder.from_gguf(GgufFile(source.path))
    return safetensors_decoder.from_safetensors(SafetensorsFolder(source.path))


def _emit_decoder(weights: DecoderWeights, target: TargetSpec, name: str) -> _Program:
    """Kernels where there are some for the target and the shapes, else plain tensor code."""
    attend = kernels.find(kernel_attention.FAMILY, target)
    if not kernel_attention.supports(weights.config):
        attend = None
    multiply = kernels.find(linear.FAMILY, target)
    program = decoder.emit_decoder(
        weights.config,
        partial(KernelAttention, file=_file(attend)) if attend else GenericAttention,
        _linear(multiply),
    )
    slow = target.is_cpu and not (attend and multiply)
    return _Program(
        program.module,
        decoder.ENTRY,
        linear.panel_reader(weights.array),
        program.page_shape,
        tuple(found.path for found in (attend, multiply) if found),
        (_slow_note(name, target),) if slow else (),
    )


def _linear(found: kernels.KernelObject | None) -> Callable[[TensorModule], decoder.Linear]:
    return partial(linear.KernelLinear, file=_file(found)) if found else linear.PlainLinear


def _file(found: kernels.KernelObject) -> KernelFile:
    return KernelFile(found.path.name, found.elf)


def _slow_note(name: str, target: TargetSpec) -> str:
    return (
        f"model '{name}' runs partly without C kernels on {target.driver}: found none for its "
        "shapes and this processor; it is several times slower"
    )


def _origin(source: ModelSource) -> str:
    """Identifies the weights by content."""
    if source.path.is_file():
        return store.file_digest(source.path)
    files = sorted([source.path / "config.json", *source.path.glob("*.safetensors")])
    return store.digest(*(f"{f.name} {store.file_digest(f)}" for f in files))
