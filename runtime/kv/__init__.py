"""The KV cache of one engine: pages, snapshots that share them, the prefix cache, and the
tiers below."""

from agentc.runtime.kv.cache import KvCache
from agentc.runtime.kv.carried import Carried, Identity
from agentc.runtime.kv.eviction import EvictionPolicy, Lru
from agentc.runtime.kv.file_tier import FileTier
from agentc.runtime.kv.host_tier import HostTier
from agentc.runtime.kv.pages import PagePool
from agentc.runtime.kv.parking import ParkPolicy, ParkWhenStuck, SwapIdle
from agentc.runtime.kv.radix import RadixTree
from agentc.runtime.kv.snapshot import Sequence, Snapshot, Usage
from agentc.runtime.kv.swap import PageStore, Swap
from agentc.runtime.kv.tier_policy import CheaperToCopy, TierPolicy

__all__ = [
    "Carried",
    "CheaperToCopy",
    "EvictionPolicy",
    "FileTier",
    "HostTier",
    "Identity",
    "KvCache",
    "Lru",
    "PagePool",
    "PageStore",
    "ParkPolicy",
    "ParkWhenStuck",
    "RadixTree",
    "Sequence",
    "Snapshot",
    "Swap",
    "SwapIdle",
    "TierPolicy",
    "Usage",
]
