"""A decoder for a target: through quantised kernels, f32 kernels, or plain tensor code."""

from __future__ import annotations

from functools import partial

from agentc.codegen import kernels
from agentc.codegen.targets import TargetSpec
from agentc.errors import CompileError
from agentc.models import (
    chat,
    decoder,
    fused_decoder,
    kernel_attention,
    linear,
)
from agentc.models.config import DecoderConfig
from agentc.models.decoder_weights import DecoderWeights
from agentc.models.dispatch import kernel_file
from agentc.models.fused_decoder import KV_DTYPES
from agentc.models.generic_attention import GenericAttention
from agentc.models.kernel_attention import KernelAttention
from agentc.models.pages import PAGE_TOKENS, page_bytes
from agentc.models.program import Footprint, Precisions, Program
from agentc.models.quantise import is_quantised
from agentc.models.quantised_weights import QuantisedWeights
from agentc.models.tokenizer import TokenizerSource
from agentc.plan import ChatFormat

_QUANTISED = ("i4", "i8")
_HALF_DRIVERS = ("cuda", "hip", "metal")
"""Where f16 is offered. Not on vulkan: what the compiler makes gives wrong results (Mesa 22.3)."""


def precisions(weights: DecoderWeights, target: TargetSpec, name: str) -> Precisions:
    """Returns the precisions of a model on a target; `name` is what the note calls it.

    A quantised file loses nothing in "i4", which is as wide as the file; in "i8", its 4-bit groups
    with minima are rounded again.
    """
    c, why_not = weights.config, _refusal(weights.config, target)
    parts = weights.matrix_parts("layers.0.down")
    quantised = all(is_quantised(weights.file.stored_type(part.tensor)) for part in parts)
    found: dict[str, Footprint] = {}
    for precision in () if why_not else _QUANTISED:
        weight_bytes = QuantisedWeights(weights, precision).weight_bytes()
        kv_bytes = page_bytes(c, KV_DTYPES[0]) / PAGE_TOKENS
        found[precision] = Footprint(weight_bytes, kv_bytes, quantised and precision == "i4")
    if target.driver in _HALF_DRIVERS:
        f16_bytes = page_bytes(c, "f16") / PAGE_TOKENS
        found["f16"] = Footprint(c.dims(2.0)["weight_bytes"], f16_bytes, False)
    found["f32"] = Footprint(c.dims()["weight_bytes"], page_bytes(c, "f32") / PAGE_TOKENS, True)
    note = (
        f"model '{name}' runs in f32 on {target.driver}, not in the precision of its file: "
        f"{why_not}; it is several times slower"
    )
    return Precisions(found, note if quantised and target.is_cpu and why_not else "")


def _refusal(config: DecoderConfig, target: TargetSpec) -> str:
    """Why there are no quantised kernels for a model on `target`, or ""."""
    if not target.is_cpu:
        return "there are no quantised kernels for it"
    if reason := fused_decoder.refusal(config):
        return reason
    for family in fused_decoder.families(KV_DTYPES[0]):
        if kernels.find(family, target) is None:
            return f"found no kernels '{family}' for this processor"
    return ""


def _kv_dtypes(target: TargetSpec) -> list[str]:
    """The formats of KV pages that quantised programs have on `target`."""

    def is_there(kv: str) -> bool:
        return all(kernels.find(family, target) for family in fused_decoder.families(kv))

    return [kv for kv in KV_DTYPES if is_there(kv)]


class LoadedDecoder:
    """Implements `program.LoadedModel`. `name` is what notes call the model."""

    def __init__(self, weights: DecoderWeights, tokens: TokenizerSource, name: str) -> None:
        self.dims = weights.config.dims()
        self.tokenizer = tokens
        self.chat: ChatFormat | None = chat.chat_format(tokens, weights.file.path.name)
        self._weights = weights
        self._name = name

    def precisions(self, target: TargetSpec) -> Precisions:
        """See LoadedModel."""
        return precisions(self._weights, target, self._name)

    def emit(self, target: TargetSpec, precision: str, kv: str) -> Program:
        """See LoadedModel."""
        offered = _kv_dtypes(target) if precision in _QUANTISED else [precision]
        if kv and kv not in offered:
            raise CompileError(
                f"kv pages in '{kv}' are not available for model '{self._name}' in {precision}, "
                f"expected one of {', '.join(offered)}"
            )
        if precision in _QUANTISED:
            return self._emit_fused(target, precision, kv or offered[0])
        return self._emit_f16() if precision == "f16" else self._emit_f32(target)

    def _emit_f16(self) -> Program:
        """Generated code with f16 matrices and pages, for GPUs."""
        attention = partial(GenericAttention, page_dtype="f16")
        made = decoder.emit_decoder(self._weights.config, attention, linear.HalfLinear)
        read = linear.half_reader(self._weights.array)
        return Program(made.module, decoder.ENTRY, read, made.page_shape, "f16")

    def _emit_fused(self, target: TargetSpec, precision: str, kv: str) -> Program:
        weights = QuantisedWeights(self._weights, precision)
        families = fused_decoder.families(kv)
        found = {family: kernels.find(family, target) for family in families}
        objects = {family: file for family, file in found.items() if file is not None}
        files = {family: kernel_file(file) for family, file in objects.items()}
        made = fused_decoder.emit_fused(weights.config, weights.forms, files, kv)
        paths = tuple(file.path for file in objects.values())
        return Program(made.module, decoder.ENTRY, weights.array, made.page_shape, kv, paths)

    def _emit_f32(self, target: TargetSpec) -> Program:
        """Kernels where there are some for the target and the shapes, else plain tensor code."""
        config = self._weights.config
        attend = kernels.find(kernel_attention.FAMILY, target)
        if not kernel_attention.supports(config):
            attend = None
        multiply = kernels.find(linear.FAMILY, target)
        slow = target.is_cpu and not (attend and multiply)
        made = decoder.emit_decoder(
            config,
            partial(KernelAttention, file=kernel_file(attend)) if attend else GenericAttention,
            linear.for_kernel(multiply),
        )
        return Program(
            made.module,
            decoder.ENTRY,
            linear.panel_reader(self._weights.array),
            made.page_shape,
            "f32",
            tuple(found.path for found in (attend, multiply) if found),
            (_slow_note(self._name, target),) if slow else (),
        )


def _slow_note(name: str, target: TargetSpec) -> str:
    return (
        f"model '{name}' runs partly without C kernels on {target.driver}: found none for its "
        "shapes and this processor; it is several times slower"
    )
