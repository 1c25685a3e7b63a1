"""A decoder's layer as one dispatch (kernels/layer.h): its products, attention and gates are steps
that a team of workgroups goes through together.

A dispatch a step would put all threads to sleep and wake them five times a layer, some
microseconds each time; at one token a step that is as long as the work itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agentc.models.config import DecoderConfig
from agentc.models.dispatch import Kernel, dispatch_all, float_scalar, team
from agentc.models.quantised_weights import HEAD_NORM
from agentc.models.tensor_module import Shape, Tensor
from agentc.models.tensor_program import Function

_ADD_BIAS, _NORM_HEADS, _NORM_RESULTS, _GELU = 1, 2, 4, 8
_WIDE = {"qkv": 16, "attn_out": 32, "gate_up": 64, "down": 128}
_BATCH = ("i32", "i32", "i32")  # positions, sequences, block table


def layer_kernel(family: str, kv_dtype: str) -> Kernel:
    """Returns the kernel for pages of `kv_dtype`, in the executable `family`."""
    weights = ("f32", "i8", "f32", "f32", *_BATCH, "f32", "f32")
    more = ("i8", "f32", "f32", "i8", "i8", "f32", kv_dtype)
    return Kernel(family, f"layer_{kv_dtype}", ("f32", *weights, *more, "f32", "f32"), 15, 2)


class LayerCalls:
    """Writes the calls of one program.

    Args:
      f: the function.
      config: the model.
      forms: of every matrix, "q4" or "q8".
      kernel: from `layer_kernel`.
      matrix: gives a matrix by name, in panels.
      vector: gives a vector parameter by name.
    """

    def __init__(
        self,
        f: Function,
        config: DecoderConfig,
        forms: Mapping[str, str],
        kernel: Kernel,
        matrix: Callable[[str], Tensor],
        vector: Callable[[str], Tensor],
    ) -> None:
        self._f, self._c, self._forms, self._kernel = f, config, forms, kernel
        self._matrix, self._vector = matrix, vector
        self._team, self._one = team(f), f.index(1)
        self._batch = [f["positions"], f["sequence_of"], f["block_table"]]
        c = config
        self._scratch = 2 * c.heads * c.head_dim + c.d_model + c.ffn
        self._scratch += c.d_model if c.post_norms else 0

    def layer(self, layer: int, x: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the residual stream [T, d_model] after `layer`, and the pool with its keys and
        values."""
        c, name = self._c, f"layers.{layer}"
        norm = self._vector(f"{name}.attn_norm")  # also stands for what a model has not
        bias = self._vector(f"{name}.qkv_bias") if c.qkv_bias else norm
        own = self._f.parameter(f"{name}.{HEAD_NORM}", (2, c.head_dim)) if c.head_norm else norm
        after = [norm, norm]
        if c.post_norms:
            after = [self._vector(f"{name}.{n}") for n in ("attn_post_norm", "mlp_post_norm")]
        table: Shape = (c.context, c.head_dim // 2)
        angles = [self._f.parameter(f"{c.rope_table(layer)}.{n}", table) for n in ("cos", "sin")]
        matrix = {n: self._matrix(f"{name}.{n}") for n in _WIDE}
        operands = [x, norm, matrix["qkv"], bias, own, *self._batch, *angles]
        operands += [matrix["attn_out"], after[0], self._vector(f"{name}.mlp_norm")]
        operands += [matrix["gate_up"], matrix["down"], after[1], pool]
        results: list[Shape] = [("T", c.d_model), ("T", self._scratch)]
        scalars = self._scalars(layer)
        y, _, pool = dispatch_all(
            self._f, self._kernel, self._one, operands, scalars, results, [pool]
        )
        return y, pool

    def _scalars(self, layer: int) -> list[str]:
        c = self._c
        sizes = [c.heads, c.kv_heads, c.head_dim, layer, c.layers]
        sizes += [float_scalar(c.rms_eps), float_scalar(c.query_scale), c.windows[layer]]
        numbers = [*sizes, self._flags(layer)]
        return [
            "%T",
            self._f.index(c.d_model),
            self._f.index(c.ffn),
            "%P",
            *map(self._f.index, numbers),
            *self._team,
        ]

    def _flags(self, layer: int) -> int:
        c = self._c
        flags = {
            _ADD_BIAS: c.qkv_bias,
            _NORM_HEADS: c.head_norm,
            _NORM_RESULTS: c.post_norms,
            _GELU: c.activation == "gelu_tanh",
        }
        wide = {bit: self._forms[f"layers.{layer}.{n}"] == "q8" for n, bit in _WIDE.items()}
        return sum(bit for bit, is_set in {**flags, **wide}.items() if is_set)
