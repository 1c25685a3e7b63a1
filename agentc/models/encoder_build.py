"""An encoder for a target: through C kernels where there are some, else plain tensor code."""

from __future__ import annotations

from agentc.codegen import kernels
from agentc.codegen.targets import TargetSpec
from agentc.models import bert, ragged_encoder
from agentc.models.bert_weights import BertWeights
from agentc.models.config import BertConfig
from agentc.models.dispatch import kernel_file
from agentc.models.program import Footprint, Precisions, Program
from agentc.models.tokenizer import TokenizerSource
from agentc.plan import ChatFormat


def precisions(weights: BertWeights, target: TargetSpec) -> Precisions:
    """Returns the precisions of an encoder on a target. Files hold floats, so 8 bits are for those
    who ask."""
    footprints = {"f32": Footprint(weights.config.dims()["weight_bytes"], 0.0, True)}
    if not _refusal(weights.config, target, "i8"):
        narrow = Footprint(ragged_encoder.weight_bytes(weights.config), 0.0, False)
        footprints = {"i8": narrow, **footprints}
    return Precisions(footprints)


def _refusal(config: BertConfig, target: TargetSpec, precision: str) -> str:
    """Why there are no kernels for a model on `target` in `precision`, or ""."""
    if not target.is_cpu:
        return "the target is no processor"
    if reason := ragged_encoder.refusal(config, precision):
        return reason
    for family in ragged_encoder.families(precision):
        if kernels.find(family, target) is None:
            return f"found no kernels '{family}' for this processor"
    return ""


class LoadedEncoder:
    """Implements `program.LoadedModel`. `name` is what notes call the model."""

    def __init__(self, weights: BertWeights, tokens: TokenizerSource, name: str) -> None:
        self.dims = weights.config.dims()
        self.tokenizer = tokens
        self.chat: ChatFormat | None = None
        self._weights = weights
        self._name = name

    def precisions(self, target: TargetSpec) -> Precisions:
        """See LoadedModel."""
        return precisions(self._weights, target)

    def emit(self, target: TargetSpec, precision: str, kv: str) -> Program:
        """See LoadedModel."""
        refusal = _refusal(self._weights.config, target, precision)
        if not refusal:
            return self._emit_kernels(target, precision)
        module = bert.emit_bert(self._weights.config)
        slow = f"model '{self._name}' runs without C kernels on {target.driver}: {refusal}"
        notes = (f"{slow}; it is slower",) if target.is_cpu else ()
        return Program(module, module.exports[0], self._weights.array, notes=notes)

    def _emit_kernels(self, target: TargetSpec, precision: str) -> Program:
        found = {name: kernels.find(name, target) for name in ragged_encoder.families(precision)}
        objects = {name: file for name, file in found.items() if file is not None}
        files = {name: kernel_file(file) for name, file in objects.items()}
        module = ragged_encoder.emit_ragged(self._weights.config, precision, files)
        entry = next(name for name in module.exports if name != "set_workers")
        paths = tuple(file.path for file in objects.values())
        return Program(module, entry, ragged_encoder.reader(self._weights.array), objects=paths)
