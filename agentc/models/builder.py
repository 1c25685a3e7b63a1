"""From a model's weights to what a package holds: binary, parameters, tokenizer, chat format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentc.codegen import iree, kernels, pack, store
from agentc.codegen.targets import TargetSpec
from agentc.models import (
    bert_weights,
    decoder_build,
    encoder_build,
    gguf_decoder,
    gguf_tokenizer,
    pages,
    safetensors_decoder,
    tokenizer,
)
from agentc.models.decoder_build import LoadedDecoder
from agentc.models.decoder_weights import DecoderWeights
from agentc.models.encoder_build import LoadedEncoder
from agentc.models.gguf_file import GgufFile
from agentc.models.program import LoadedModel, Precisions, Program
from agentc.models.registry import ENCODERS, ModelSource
from agentc.models.safetensors_folder import SafetensorsFolder
from agentc.models.tensor_module import verify
from agentc.plan import Binary, ChatFormat, Parameters


@dataclass(frozen=True)
class BuildRequest:
    """One model for one device class.

    Attributes:
      precision: one of `precisions`; "" is the narrowest that loses nothing of the file.
      label: what progress reports call it.
      kv: element format of the KV pages, f16 or i8 with quantised weights; "" is the precision's
        own (f16; f32 with f32).
    """

    source: ModelSource
    target: TargetSpec
    precision: str = ""
    label: str = ""
    kv: str = ""


@dataclass(frozen=True)
class BuiltModel:
    """A model ready for one device class.

    Attributes:
      dims: sizes as in `agent.model`; `weight_bytes` is that of f32.
      vmfb: the binary, in the compile cache.
      archive: the parameters, in the parameter store.
      tokenizer_json: text for `tokenizers.Tokenizer.from_str`.
      chat: scaffold strings (None for encoders).
      entry, page_shape, page_dtype, has_set_workers, requires: as in `plan.Binary`; pages are
        empty for encoders.
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
    page_dtype: str = ""
    has_set_workers: bool = False
    requires: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    compile_s: float = 0.0

    def binary(self, path: str) -> Binary:
        """Returns the plan's record of the binary, stored at `path` inside the package."""
        return Binary(
            path=path,
            sha256=self.vmfb_sha256,
            driver=self.driver,
            entry=self.entry,
            precision=self.precision,
            page_shape=self.page_shape,
            page_dtype=self.page_dtype,
            page_tokens=pages.PAGE_TOKENS if self.page_shape else 0,
            has_set_workers=self.has_set_workers,
            requires=self.requires,
        )

    def parameters(self, bundled: str = "") -> Parameters:
        """Returns the plan's record of the parameters."""
        return Parameters(self.archive.sha256, self.archive.size_bytes, bundled)


def dims(source: ModelSource) -> dict[str, int]:
    """Returns the sizes of a model, without compiling anything.

    Raises:
      ModelFormatError: the file is damaged or of an unsupported kind.
    """
    if source.kind in ENCODERS:
        return bert_weights.from_safetensors(SafetensorsFolder(source.path)).config.dims()
    return _decoder_weights(source).config.dims()


def precisions(source: ModelSource, targets: Sequence[TargetSpec]) -> list[Precisions]:
    """Returns what a model takes in every precision that it has, for each of some targets, without
    compiling anything.

    Raises:
      ModelFormatError: the file is damaged or of an unsupported kind.
    """
    if source.kind in ENCODERS:
        encoder = bert_weights.from_safetensors(SafetensorsFolder(source.path))
        return [encoder_build.precisions(encoder, target) for target in targets]
    weights = _decoder_weights(source)
    return [decoder_build.precisions(weights, target, source.name) for target in targets]


def tokenizer_json(source: ModelSource) -> str:
    """Returns a model's tokenizer as text for `tokenizers.Tokenizer.from_str`.

    Raises:
      ModelFormatError: the file is damaged or has no tokenizer that agentc reads.
    """
    return _tokenizer(source).json


def build(
    source: ModelSource,
    driver: str,
    arch: str = "",
    precision: str = "",
    progress: iree.Progress | None = None,
    kv: str = "",
) -> BuiltModel:
    """Builds one model for one device class.

    Args:
      source: from `registry.resolve`.
      driver: local-task, local-sync, vulkan, cuda, hip or metal.
      arch: as in `TargetSpec`; "" is this machine's processor, or the driver's default.
      precision, kv: as in `BuildRequest`.
      progress: called with (label, state).

    Raises:
      ModelFormatError: the weights are damaged or of an unsupported kind.
      CompileError: the model has no such precision or kv format on the target, the driver is
        unknown, or code generation failed.
    """
    request = BuildRequest(source, TargetSpec(driver, arch), precision, source.name, kv)
    return build_all([request], progress)[0]


def build_all(
    requests: Sequence[BuildRequest], progress: iree.Progress | None = None
) -> list[BuiltModel]:
    """Builds several; each model file is read once and targets compile in parallel."""
    loaded = {r.source: _load(r.source) for r in requests}
    chosen = [_with_precision(r, loaded[r.source]) for r in requests]
    programs = [loaded[r.source].emit(r.target, r.precision, r.kv) for r, _ in chosen]
    jobs = [_job(r, p) for (r, _), p in zip(chosen, programs, strict=True)]
    binaries = iree.compile_all(jobs, progress)
    origins = {s: _origin(s) for s in loaded}
    return [
        _finish(r, note, loaded[r.source], program, binary, origins[r.source])
        for (r, note), program, binary in zip(chosen, programs, binaries, strict=True)
    ]


def _with_precision(request: BuildRequest, model: LoadedModel) -> tuple[BuildRequest, str]:
    """The request with its precision filled in, and what to tell about that."""
    offered = model.precisions(request.target)
    if not request.precision:
        return replace(request, precision=offered.default), offered.note
    offered.require(request.precision, f"model '{request.source.name}' on {request.target.driver}")
    return request, ""


def _job(request: BuildRequest, program: Program) -> iree.Job:
    text = program.module.text()
    verify(text)
    label = request.label or f"{request.source.name} for {request.target.driver}"
    return iree.Job(text, request.target, label, program.objects)


def _finish(
    request: BuildRequest,
    note: str,
    model: LoadedModel,
    program: Program,
    binary: iree.Compiled,
    origin: str,
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
        page_dtype=program.page_dtype,
        has_set_workers="set_workers" in program.module.exports,
        requires=kernels.required_features(request.target),
        notes=(*([note] if note else []), *program.notes),
        compile_s=binary.compile_s,
    )


def _load(source: ModelSource) -> LoadedModel:
    if source.kind in ENCODERS:
        encoder = bert_weights.from_safetensors(SafetensorsFolder(source.path))
        words = _tokenizer(source)
        words.check_fits(encoder.config.vocab, source.path.name)
        return LoadedEncoder(encoder, words, source.name)
    decoder, words = _decoder_weights(source), _tokenizer(source)
    words.check_fits(decoder.config.vocab, source.path.name)
    return LoadedDecoder(decoder, words, source.name)


def _tokenizer(source: ModelSource) -> tokenizer.TokenizerSource:
    if source.format == "gguf":
        return gguf_tokenizer.from_gguf(GgufFile(source.path))
    return tokenizer.from_folder(SafetensorsFolder(source.path))


def _decoder_weights(source: ModelSource) -> DecoderWeights:
    if source.format == "gguf":
        return gguf_decoder.from_gguf(GgufFile(source.path))
    return safetensors_decoder.from_safetensors(SafetensorsFolder(source.path))


def _origin(source: ModelSource) -> str:
    """Identifies the weights by content."""
    if source.path.is_file():
        return store.file_digest(source.path)
    files = sorted([source.path / "config.json", *source.path.glob("*.safetensors")])
    return store.digest(*(f"{f.name} {store.file_digest(f)}" for f in files))
