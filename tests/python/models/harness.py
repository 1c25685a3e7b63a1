"""Runs compiled programs in the tests, and float64 references written independently of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import iree.runtime as iree
import numpy as np

from agentc.models.config import BertConfig, DecoderConfig
from agentc.runtime.backends.team import Team

PAGE = 16
HOST_PAGE_BYTES = 4096
_OWNED = ["function", "context", "module", "io", "provider", "index", "hal", "device", "instance"]
_ELEMENT_TYPES = {
    "int32": iree.HalElementType.INT_32,
    "int8": iree.HalElementType.INT_8,
    "float16": iree.HalElementType.FLOAT_16,
    "float32": iree.HalElementType.FLOAT_32,
}


class Session:
    """A loaded binary. Buffers that outlive the device crash the interpreter, so results are
    copied out and `close` drops everything in order."""

    def __init__(
        self, vmfb: Path, parameters: Path, entry: str, driver: str = "local-task"
    ) -> None:
        self.driver = driver
        self.team: Team | None = None
        self.device = iree.get_device(driver, cache=False)
        self.instance = iree.VmInstance()
        self.hal = iree.create_hal_module(self.instance, self.device)
        self.index = iree.ParameterIndex()
        self.index.load(str(parameters), mmap=True)
        self.provider = self.index.create_provider("model")
        self.io = iree.create_io_parameters_module(self.instance, self.provider)
        self.module = iree.VmModule.mmap(self.instance, str(vmfb))
        self.context = iree.VmContext(self.instance, [self.io, self.hal, self.module])
        self.function = self.module.lookup_function(entry)

    def buffer(self, values: np.ndarray) -> iree.HalBufferView:
        return self.device.allocator.allocate_buffer_copy(
            memory_type=iree.MemoryType.DEVICE_LOCAL,
            allowed_usage=iree.BufferUsage.DEFAULT | iree.BufferUsage.MAPPING,
            device=self.device,
            buffer=np.asarray(values, order="C"),
            element_type=_ELEMENT_TYPES[values.dtype.name],
        )

    def call(self, arguments: list[iree.HalBufferView], results: int) -> list[iree.HalBufferView]:
        given = iree.VmVariantList(len(arguments))
        for argument in arguments:
            given.push_ref(argument)
        got = iree.VmVariantList(results)
        with nullcontext() if self.team is None else self.team.awake():
            self.context.invoke(self.function, given, got)
        return [got.get_as_object(i, iree.HalBufferView) for i in range(results)]

    def array(self, view: iree.HalBufferView) -> np.ndarray:
        if self.driver.startswith("local"):
            return iree.DeviceArray(self.device, view).to_host().copy()
        dtype = iree.HalElementType.map_to_dtype(view.element_type)
        # Vulkan copies into whole host pages only.
        room = np.zeros(view.byte_length + 2 * HOST_PAGE_BYTES, np.uint8)
        start = -room.ctypes.data % HOST_PAGE_BYTES
        size = -(-view.byte_length // HOST_PAGE_BYTES) * HOST_PAGE_BYTES
        host = self.device.allocator.import_host_allocation(
            room[start : start + size],
            memory_type=iree.MemoryType.HOST_LOCAL | iree.MemoryType.DEVICE_VISIBLE,
            allowed_usage=iree.BufferUsage.TRANSFER_TARGET | iree.BufferUsage.MAPPING_PERSISTENT,
        )
        done = self.device.create_semaphore(0)
        self.device.queue_copy(
            view.get_buffer(),
            host,
            wait_semaphores=iree.HalFence.create_at(done, 0),
            signal_semaphores=iree.HalFence.create_at(done, 1),
        )
        iree.HalFence.create_at(done, 1).wait()
        return room[start : start + view.byte_length].view(dtype).reshape(view.shape).copy()

    def run(self, arrays: list[np.ndarray], results: int) -> list[np.ndarray]:
        """Calls with arrays and returns copies; no buffer outlives the call."""
        views = self.call([self.buffer(a) for a in arrays], results)
        return [self.array(v) for v in views]

    def set_workers(self, count: int) -> None:
        """Sets how many threads share the work: the device's, or a team of the kernels' own."""
        if "set_team" not in self.module.function_names:
            self._set("set_workers", count)
            return
        team, self.team = self.team, Team(count)
        self._set("set_team", self.team.address, count)
        if team is not None:
            team.close()

    def _set(self, name: str, *values: int) -> None:
        arguments = iree.VmVariantList(len(values))
        for value in values:
            arguments.push_int(value)
        self.context.invoke(self.module.lookup_function(name), arguments, iree.VmVariantList(0))

    def close(self) -> None:
        if self.team is not None:
            self.team.close()
        for name in _OWNED:
            setattr(self, name, None)


class Forward(Session):
    """The `forward` entry of a Llama program, with its pool."""

    def __init__(
        self,
        vmfb: Path,
        parameters: Path,
        page_shape: tuple[int, ...],
        pages: int,
        fill: float = 0.0,
        driver: str = "local-task",
        dtype: str = "float32",
    ) -> None:
        super().__init__(vmfb, parameters, "forward", driver)
        self.pool_shape = (pages, *page_shape)
        self.pool_dtype = dtype
        self.fill_pool(fill)
        if {"set_workers", "set_team"} & set(self.module.function_names):
            self.set_workers(2)

    def fill_pool(self, value: float) -> None:
        """Sets every element; of int8 pages, whose scales are floats, NaN sets every byte to -1,
        which makes all scales NaN."""
        if self.pool_dtype == "int8" and np.isnan(value):
            value = -1
        self.pool = self.buffer(np.full(self.pool_shape, value, self.pool_dtype))

    def step(self, tokens, positions, sequences, table, rows) -> np.ndarray:
        inputs = [np.asarray(a, np.int32) for a in (tokens, positions, sequences, table, rows)]
        logits, self.pool = self.call([*map(self.buffer, inputs), self.pool], 2)
        return self.array(logits)

    def prefill(self, tokens, pages, start: int = 0, rows=None) -> np.ndarray:
        """One sequence's chunk from position `start`; returns the logits of `rows` (all)."""
        count = len(tokens)
        rows = range(count) if rows is None else rows
        return self.step(tokens, range(start, start + count), [0] * count, [pages], rows)

    def close(self) -> None:
        self.pool = None
        super().close()


def decoder_reference(
    c: DecoderConfig,
    array: Callable[[str], np.ndarray],
    tokens: list[int],
    rows: Sequence[int] | None = None,
) -> np.ndarray:
    """Logits of positions `rows` (all), f64, by full recomputation, layer by layer as the papers
    and model cards describe each family."""
    return Reference(c, array, len(tokens)).logits(tokens, rows)


class Reference:
    """A decoder in float64; subclasses change how products and pages round."""

    def __init__(self, c: DecoderConfig, array: Callable[[str], np.ndarray], count: int) -> None:
        self.c, self.count = c, count
        self.weight = lambda name: array(name).astype(np.float64)
        age = np.arange(count)[:, None] - np.arange(count)[None, :]
        self.seen = {w: (age >= 0) & (age < (w or count)) for w in set(c.windows)}

    def logits(self, tokens: list[int], rows: Sequence[int] | None) -> np.ndarray:
        x = self.weight("embed")[tokens] * self.c.embedding_scale
        for layer in range(self.c.layers):
            name = f"layers.{layer}."
            added = self.attention(layer, self.norm(x, name + "attn_norm"))
            x = x + (self.norm(added, name + "attn_post_norm") if self.c.post_norms else added)
            added = self.mlp(name, self.norm(x, name + "mlp_norm"))
            x = x + (self.norm(added, name + "mlp_post_norm") if self.c.post_norms else added)
        x = x if rows is None else x[list(rows)]
        return self.product(self.norm(x, "final_norm"), "embed" if self.c.tied else "head")

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        mean = np.mean(x * x, axis=-1, keepdims=True)
        return x / np.sqrt(mean + self.c.rms_eps) * self.weight(name)

    def attention(self, layer: int, x: np.ndarray) -> np.ndarray:
        c, name, count = self.c, f"layers.{layer}.", self.count
        qkv = self.product(x, name + "qkv")
        if c.qkv_bias:
            qkv = qkv + self.weight(name + "qkv_bias")
        heads = qkv.reshape(count, -1, c.head_dim)
        q, k, v = np.split(heads, [c.heads, c.heads + c.kv_heads], axis=1)
        if c.head_norm:
            q, k = self.norm(q, name + "q_norm"), self.norm(k, name + "k_norm")
        q, k = self.rotate(layer, q), self.kept(self.rotate(layer, k))
        v = self.kept(v)
        k, v = (np.repeat(a, c.heads // c.kv_heads, axis=1) for a in (k, v))
        scores = np.einsum("ihd,jhd->hij", q, k) * (c.attention_scale or c.head_dim**-0.5)
        scores = np.where(self.seen[c.windows[layer]], scores, -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        attended = np.einsum("hij,jhd->ihd", p, v).reshape(count, -1)
        return self.product(attended, name + "attn_out")

    def rotate(self, layer: int, x: np.ndarray) -> np.ndarray:
        half = self.c.head_dim // 2
        z = (x[..., :half] + 1j * x[..., half:]) * self.turns(layer)[:, None, :]
        return np.concatenate([z.real, z.imag], axis=-1)

    def turns(self, layer: int) -> np.ndarray:
        """e^(i angle) of every position and pair."""
        c, s = self.c, self.c.rope_scaling
        local = c.local_rope_base and c.windows[layer]
        base = c.local_rope_base if local else c.rope_base
        per_token = base ** (-np.arange(c.head_dim // 2) * 2 / c.head_dim)
        if s.kind == "linear" and not local:
            per_token = per_token / s.factor
        if s.kind == "factors" and not local:
            per_token = per_token / np.array(s.factors)
        if s.kind == "llama3" and not local:
            for i, speed in enumerate(per_token):
                wave = 2 * np.pi / speed
                smooth = (s.original_context / wave - s.low_frequency) / (
                    s.high_frequency - s.low_frequency
                )
                if wave > s.original_context / s.low_frequency:
                    per_token[i] = speed / s.factor
                elif wave >= s.original_context / s.high_frequency:
                    per_token[i] = (1 - smooth) * speed / s.factor + smooth * speed
        return np.exp(1j * np.outer(np.arange(self.count), per_token))

    def mlp(self, name: str, x: np.ndarray) -> np.ndarray:
        gate, up = np.split(self.product(x, name + "gate_up"), 2, axis=-1)
        if self.c.activation == "gelu_tanh":
            inner = np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)
            activated = 0.5 * gate * (1 + np.tanh(inner))
        else:
            activated = gate / (1 + np.exp(-gate))
        return self.product(activated * up, name + "down")

    def product(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weight(name).T

    def kept(self, heads: np.ndarray) -> np.ndarray:
        """Keys or values as they come back from their pages."""
        return heads


def bert_reference(
    c: BertConfig,
    array: Callable[[str], np.ndarray],
    tokens: list[int],
    types: list[int] | None = None,
) -> np.ndarray:
    """The unit embedding of one text, or the score of one pair, f64."""
    from math import erf

    count = len(tokens)

    def weight(name: str) -> np.ndarray:
        return array(name).astype(np.float64)

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + c.norm_eps)
        return x * weight(name + ".scale") + weight(name + ".shift")

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weight(name + ".weight").T + weight(name + ".bias")

    x = weight("words")[tokens] + weight("positions")[:count]
    if c.token_types:
        x = x + weight("types")[types]
    x = norm(x, "norm")
    for layer in range(c.layers):
        name = f"layers.{layer}."
        qkv = dense(x, name + "qkv").reshape(count, 3, c.heads, c.head_dim)
        q, k, v = qkv[:, 0], qkv[:, 1], qkv[:, 2]
        scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(c.head_dim)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        attended = np.einsum("hij,jhd->ihd", p, v).reshape(count, -1)
        x = norm(x + dense(attended, name + "attn_out"), name + "attn_norm")
        h = dense(x, name + "up")
        h = h * (1 + np.vectorize(erf)(h / np.sqrt(2))) / 2
        x = norm(x + dense(h, name + "down"), name + "mlp_norm")
    if c.scores:
        hidden = np.tanh(dense(x[0], "head.dense"))
        score: np.ndarray = hidden @ weight("head.out.weight") + weight("head.out.bias")[0]
        return score
    pooled = x.mean(0) if c.output == "mean" else x[0]
    return pooled / np.linalg.norm(pooled)
