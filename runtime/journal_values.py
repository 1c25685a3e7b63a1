"""Values of a plan as bytes, and back: JSON-like values, arrays, and KV as its tokens."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from agentc.runtime.core import Held
from agentc.runtime.services import Services

_ARRAY, _KV = 1, 2


class _Array(msgspec.Struct, array_like=True):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


class KvTokens(msgspec.Struct, array_like=True, frozen=True):
    """A KV snapshot on paper: its KV is computed again when it is used."""

    model: str
    device: str
    tokens: tuple[int, ...]


def encode_values(values: Any) -> bytes:
    """Returns plan values as bytes."""
    return msgspec.msgpack.encode(values, enc_hook=_encode)


def decode_values(raw: bytes) -> Any:
    """Reads what `encode_values` wrote; snapshots come back as `KvTokens`."""
    return msgspec.msgpack.decode(raw, ext_hook=_decode)


async def revive(values: list[Any], services: Services, tenant: str) -> list[Any]:
    """Returns the results of an operation with its snapshots opened on their engines again."""
    from agentc.runtime.ops.sequences import Kv

    revived = []
    for value in values:
        if isinstance(value, KvTokens):
            engine = await services.devices.engine(services.model(value.model), value.device)
            snapshot = engine.append(engine.open(tenant), value.tokens)
            value = Kv(value.model, value.device, engine, snapshot)
        revived.append(value)
    return revived


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        record = _Array(array.dtype.str, value.shape, array.tobytes())
        return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode(record))
    if isinstance(value, Held):
        kv: Any = value
        record_ = KvTokens(kv.model, kv.device, tuple(kv.snapshot.tokens))
        return msgspec.msgpack.Ext(_KV, msgspec.msgpack.encode(record_))
    raise NotImplementedError(f"a {type(value).__name__} has no form on paper")


def _decode(code: int, data: memoryview) -> Any:
    if code == _ARRAY:
        record = msgspec.msgpack.decode(data, type=_Array)
        flat = np.frombuffer(record.data, np.dtype(record.dtype))
        return flat.reshape(record.shape).copy()
    return msgspec.msgpack.decode(data, type=KvTokens)
