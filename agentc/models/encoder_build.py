"""An encoder for a target: through f32 kernels where there are some, else plain tensor code."""

from __future__ import annotations

from agentc.codegen import kernels
from agentc.codegen.targets import TargetSpec
from agentc.models import bert, linear
from agentc.models.bert_weights import BertWeights
from agentc.models.program import Footprint, Precisions, Program
from agentc.models.tokenizer import TokenizerSource
from agentc.plan import ChatFormat


class LoadedEncoder:
    """Implements `program.LoadedModel`."""

    def __init__(self, weights: BertWeights, tokens: TokenizerSource) -> None:
        self.dims = weights.config.dims()
        self.tokenizer = tokens
        self.chat: ChatFormat | None = None
        self._weights = weights

    def precisions(self, target: TargetSpec) -> Precisions:
        """See LoadedModel."""
        return Precisions({"f32": Footprint(self.dims["weight_bytes"], 0.0, True)})

    def emit(self, target: TargetSpec, precision: str, kv: str) -> Program:
        """See LoadedModel."""
        multiply = kernels.find(linear.FAMILY, target)
        module = bert.emit_bert(self._weights.config, linear.for_kernel(multiply))
        objects = (multiply.path,) if multiply else ()
        reader = linear.panel_reader(self._weights.array)
        return Program(module, bert.ENTRY, reader, objects=objects)
