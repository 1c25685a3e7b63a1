"""PyTorch: the same decoder with the framework's own operators, eager and compiled.

Written straight on `torch.nn.functional` with a KV cache of fixed size, which is faster than the
`transformers` classes and is what torch.compile likes. A layer is compiled, and called for every
layer: compiling all of them as one graph takes many minutes. The weights are those of the GGUF
file, dequantised.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.measure import Call
from benchmarks.systems.peer_packages import use_peer_packages
from benchmarks.systems.texts import FILL_TOKEN, STEP_TOKEN, prompt_tokens

FILL_ROWS = 256


class TorchSteps:
    """A model and its KV; the same calls as OurSteps, for sequences at one position."""

    def __init__(
        self,
        weights: TorchWeights,
        precision: str,
        sequences: int,
        sequence_tokens: int,
        *,
        threads: int,
        compiled: bool,
    ) -> None:
        import torch

        torch.set_num_threads(threads)
        self._torch, self._sequences = torch, sequences
        self._model = weights.cast({"f32": torch.float32, "bf16": torch.bfloat16}[precision])
        shape = (weights.layers, 2, sequences, weights.kv_heads, sequence_tokens, weights.head_dim)
        self._kv = torch.zeros(shape, dtype=self._model["norm"].dtype)
        self._weights = weights
        self._layer: Any = torch.compile(_layer, dynamic=False) if compiled else _layer
        self.settings = f"{precision}, {'compiled' if compiled else 'eager'}"

    def fill(self, lengths: Sequence[int]) -> None:
        """Computes the KV of `lengths[0]` tokens of every sequence; all have the same length."""
        for start in range(0, lengths[0], FILL_ROWS):
            rows = min(FILL_ROWS, lengths[0] - start)
            self._step([[FILL_TOKEN] * rows] * self._sequences, start, _layer)

    def decode(self, positions: Sequence[int]) -> Call:
        """A decode step of all sequences at `positions[0]`, with the argmax of the logits."""
        tokens = [[STEP_TOKEN]] * len(positions)
        return self._call(tokens, positions[0])

    def prefill(self, tokens: int, chunk: int) -> Call:
        """A prompt in one chunk, with the argmax behind its last token."""
        if chunk != tokens:
            raise ValueError("PyTorch is measured with whole prompts only")
        return self._call([prompt_tokens(tokens)], 0)

    def close(self) -> None:
        """Drops the weights."""
        del self._model, self._kv, self._layer

    def _call(self, tokens: list[list[int]], position: int) -> Call:
        def call() -> float:
            start = time.perf_counter()
            self._step(tokens, position, self._layer)
            return time.perf_counter() - start

        call()  # compiles
        return call

    def _step(self, tokens: list[list[int]], position: int, layer: Any) -> list[int]:
        """The argmax behind the last of `tokens`, at `position` and following."""
        torch, m, w = self._torch, self._model, self._weights
        with torch.inference_mode():
            ids = torch.tensor(tokens)
            places = torch.arange(position, position + ids.shape[1])
            causal = places[:, None] >= torch.arange(position + ids.shape[1])[None, :]
            x = torch.nn.functional.embedding(ids, m["embed"])
            turns = m["cos"][places], m["sin"][places]
            for number in range(w.layers):
                weights = tuple(m[f"{number}.{name}"] for name in w.NAMES)
                x = layer(x, weights, self._kv[number], places, causal, turns, w.epsilon)
            last = torch.nn.functional.rms_norm(x[:, -1], (w.width,), m["norm"], w.epsilon)
            best: list[int] = (last @ m["embed"].T).argmax(-1).tolist()
            return best


def _layer(
    x: Any, weights: Any, kv: Any, places: Any, causal: Any, turns: Any, epsilon: float
) -> Any:
    """One layer: x [B, T, D]; `kv` [2, B, KV heads, room, head_dim] is written at `places`."""
    import torch

    f = torch.nn.functional
    attn_norm, wq, wk, wv, wo, mlp_norm, gate, up, down = weights
    head_dim, width = kv.shape[-1], (x.shape[-1],)
    normed = f.rms_norm(x, width, attn_norm, epsilon)
    q, k, v = (
        f.linear(normed, w).unflatten(-1, (-1, head_dim)).transpose(1, 2) for w in (wq, wk, wv)
    )
    kv[0][:, :, places], kv[1][:, :, places] = _rotate(k, *turns), v
    end = causal.shape[1]
    attended = f.scaled_dot_product_attention(
        _rotate(q, *turns), kv[0][:, :, :end], kv[1][:, :, :end], attn_mask=causal, enable_gqa=True
    )
    x = x + f.linear(attended.transpose(1, 2).flatten(2), wo)
    normed = f.rms_norm(x, width, mlp_norm, epsilon)
    return x + f.linear(f.silu(f.linear(normed, gate)) * f.linear(normed, up), down)


def _rotate(x: Any, cos: Any, sin: Any) -> Any:
    """Rotary positions; the pairs of a rotation are in the two halves of each head."""
    import torch

    low, high = x.chunk(2, dim=-1)
    return torch.cat([low * cos - high * sin, high * cos + low * sin], dim=-1)


class TorchWeights:
    """The tensors of a Llama model in a GGUF file, in f32."""

    NAMES = {
        "attn_norm": "attn_norm",
        "q": "attn_q",
        "k": "attn_k",
        "v": "attn_v",
        "o": "attn_output",
        "mlp_norm": "ffn_norm",
        "gate": "ffn_gate",
        "up": "ffn_up",
        "down": "ffn_down",
    }

    def __init__(self, file: Path, context_tokens: int) -> None:
        use_peer_packages()
        import gguf
        import torch

        reader = gguf.GGUFReader(str(file))
        fields = {
            name.removeprefix("llama."): field.contents() for name, field in reader.fields.items()
        }
        self.layers, self.width = fields["block_count"], fields["embedding_length"]
        self.heads = fields["attention.head_count"]
        self.kv_heads = fields["attention.head_count_kv"]
        self.head_dim = self.width // self.heads
        self.epsilon = fields["attention.layer_norm_rms_epsilon"]
        stored = {
            tensor.name.removesuffix(".weight"): torch.from_numpy(
                gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy()
            )
            for tensor in reader.tensors
        }
        turns = fields["rope.freq_base"] ** -(torch.arange(0, self.head_dim, 2) / self.head_dim)
        angles = torch.outer(torch.arange(context_tokens), turns)
        self._tensors = {
            "embed": stored["token_embd"],
            "norm": stored["output_norm"],
            "cos": angles.cos(),
            "sin": angles.sin(),
        }
        for layer in range(self.layers):
            for ours, theirs in self.NAMES.items():
                tensor = stored[f"blk.{layer}.{theirs}"]
                if ours in "qk":
                    tensor = self._halves(tensor)
                self._tensors[f"{layer}.{ours}"] = tensor

    def _halves(self, tensor: Any) -> Any:
        """The rows of every head with the pairs of a rotation in its two halves; GGUF has them
        next to each other."""
        pairs = tensor.unflatten(0, (-1, self.head_dim // 2, 2))
        return pairs.transpose(1, 2).reshape(tensor.shape)

    def cast(self, dtype: Any) -> dict[str, Any]:
        """All tensors in `dtype`."""
        return {name: tensor.to(dtype) for name, tensor in self._tensors.items()}
