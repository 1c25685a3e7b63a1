"""Sequences in files: magic, length and checksum of the header, the header (JSON), pages.

The header says which model and program made the pages and holds their checksum; so a file is read
as it was written or refused. A file takes its name when it is complete and on the disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path

import msgspec

from agentc.errors import RuntimeFault
from agentc.runtime.kv.carried import Carried, Identity
from agentc.runtime.own_memory import own_memory

MAGIC = b"agentc-session-1"
LENGTH_BYTES, CHECKSUM_BYTES = 8, 32
MAX_HEADER_BYTES = 1 << 28


class _Header(msgspec.Struct, frozen=True):
    model: str
    program: str
    tenant: str
    tokens: tuple[int, ...]
    pages: int
    page_bytes: int
    pages_checksum: str


def write_session(path: Path, carried: Carried) -> None:
    """Writes a sequence. Raises RuntimeFault (kind "input") if the file cannot be written."""
    header = msgspec.json.encode(
        _Header(
            carried.identity.model,
            carried.identity.program,
            carried.tenant,
            carried.tokens,
            len(carried.pages),
            carried.pages[0].nbytes if carried.pages else 0,
            _checksum(page.data for page in carried.pages).hex(),
        )
    )
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(MAGIC + len(header).to_bytes(LENGTH_BYTES, "little"))
            file.write(_checksum([header]) + header)
            for page in carried.pages:
                file.write(page.data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RuntimeFault(
            f"cannot write the session to {path}: {error.strerror}", kind="input"
        ) from error


def read_session(path: Path, model: str, tenant: str) -> Carried:
    """Reads a sequence that `model` may continue for `tenant`. Raises RuntimeFault (kind "input")
    if the file is missing, damaged, or another model's or tenant's."""
    try:
        with path.open("rb") as file:
            header = _read_header(path, file)
            left = max(os.fstat(file.fileno()).st_size - file.tell(), 0)
            data = own_memory(left)
            data = data[: file.readinto(data.data)]
    except OSError as error:
        raise RuntimeFault(
            f"cannot read the session {path}: {error.strerror}", kind="input"
        ) from error
    if len(data) != header.pages * header.page_bytes:
        raise _damaged(path, f"{len(data)} bytes of pages", f"{header.pages * header.page_bytes}")
    if _checksum([data.data]).hex() != header.pages_checksum:
        raise _damaged(path, "pages with another checksum", "those that were written")
    if header.model != model:
        raise RuntimeFault(
            f"session {path} is another model's: found {header.model[:12]}, expected "
            f"{model[:12]}; load it with the model that saved it",
            kind="input",
        )
    if header.tenant != tenant:
        raise RuntimeFault(
            f"session {path} is another tenant's; load it as the tenant that saved it",
            kind="input",
        )
    pages = tuple(data.reshape(header.pages, -1)) if header.pages else ()
    identity = Identity(header.model, header.program)
    return Carried(identity, header.tenant, header.tokens, pages)


def _read_header(path: Path, file: BufferedReader) -> _Header:
    start = file.read(len(MAGIC) + LENGTH_BYTES + CHECKSUM_BYTES)
    if not start.startswith(MAGIC):
        raise RuntimeFault(
            f"{path} is not a session: found {start[: len(MAGIC)]!r}, expected {MAGIC!r}; give a "
            "file that `save` wrote",
            kind="input",
        )
    length = int.from_bytes(start[len(MAGIC) : len(MAGIC) + LENGTH_BYTES], "little")
    if length > MAX_HEADER_BYTES:
        raise _damaged(path, f"a header of {length} bytes", f"at most {MAX_HEADER_BYTES}")
    text = file.read(length)
    if _checksum([text]) != start[len(MAGIC) + LENGTH_BYTES :]:
        raise _damaged(path, "a header with another checksum", "the one that was written")
    try:
        return msgspec.json.decode(text, type=_Header)
    except msgspec.MsgspecError as error:
        raise _damaged(path, f"a header that does not parse ({error})", "a session's") from error


def _damaged(path: Path, found: str, expected: str) -> RuntimeFault:
    return RuntimeFault(
        f"session {path} is damaged: found {found}, expected {expected}; start the sequence anew",
        kind="input",
    )


def _checksum(parts: Iterable[bytes | memoryview]) -> bytes:
    digest = hashlib.blake2b(digest_size=CHECKSUM_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()
