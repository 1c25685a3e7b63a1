"""Names of pages by content: equal names mean equal bytes, in any process, at any time."""

from __future__ import annotations

import hashlib
from array import array

Block = tuple[int, ...]
"""The tokens of one full page."""

KEY_BYTES = 32


def root_key(identity: bytes, tenant: str) -> bytes:
    """Where the names of a tenant's pages start. `identity` names the program and its weights, so
    also the layout of a page: the pages of another program, or tenant, have other names."""
    salt = hashlib.blake2b(tenant.encode(), digest_size=KEY_BYTES).digest()
    return hashlib.blake2b(salt + identity, digest_size=KEY_BYTES).digest()


def block_key(parent: bytes, block: Block) -> bytes:
    """The name of the page of `block` behind the page, or root, named `parent`."""
    return hashlib.blake2b(parent + array("q", block).tobytes(), digest_size=KEY_BYTES).digest()
