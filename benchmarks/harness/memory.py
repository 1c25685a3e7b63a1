"""Memory of a process, from the kernel's own books (Linux)."""

from __future__ import annotations

from pathlib import Path

FIELDS = {"Rss": "resident", "Pss": "proportional", "Anonymous": "anonymous"}


def memory_bytes(process_id: int) -> dict[str, int]:
    """Resident bytes; `proportional` shares pages of files among the processes that map them."""
    found = {}
    for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        if name in FIELDS:
            found[FIELDS[name]] = int(value.split()[0]) * 1024
    return found
