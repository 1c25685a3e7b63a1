"""The KV cache of one engine: pages, snapshots that share them, and the prefix cache."""

from agentc.runtime.kv.cache import KvCache
from agentc.runtime.kv.eviction import EvictionPolicy, Lru
from agentc.runtime.kv.pages import PagePool
from agentc.runtime.kv.parking import ParkPolicy, ParkWhenStuck
from agentc.runtime.kv.radix import RadixTree
from agentc.runtime.kv.snapshot import Sequence, Snapshot, Usage

__all__ = [
    "EvictionPolicy",
    "KvCache",
    "Lru",
    "PagePool",
    "ParkPolicy",
    "ParkWhenStuck",
    "RadixTree",
    "Sequence",
    "Snapshot",
    "Usage",
]
