"""Seeded damage: to bytes, to lines of text, and to JSON documents."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

ODD_VALUES: list[Any] = [None, -1, 2**63, 1e308, "", "\x00", [], {}, True, "é" * 300, "%nowhere"]


def damage_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flips, cuts, repeats or zeroes some bytes; the head of a file is hit more often."""
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not damaged:
            break
        at = rng.randrange(min(len(damaged), 512) if rng.random() < 0.7 else len(damaged))
        kind = rng.choice(["flip", "cut", "repeat", "huge", "zero"])
        if kind == "flip":
            damaged[at] ^= 1 << rng.randrange(8)
        elif kind == "cut":
            del damaged[at : at + rng.choice([1, 8, 64, len(damaged)])]
        elif kind == "repeat":
            damaged[at:at] = damaged[at : at + rng.choice([1, 8, 64])]
        elif kind == "huge":
            damaged[at : at + 8] = b"\xff" * 8
        else:
            damaged[at : at + 16] = b"\x00" * 16
    return bytes(damaged)


def damage_lines(text: str, rng: random.Random) -> str:
    """Deletes, repeats, misspells, swaps or re-indents lines, or changes a value."""
    lines = text.splitlines()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        kind = rng.choice(["delete", "repeat", "misspell", "swap", "indent", "value", "unit"])
        if kind == "delete":
            del lines[at]
        elif kind == "repeat":
            lines.insert(at, lines[at])
        elif kind == "misspell" and lines[at].strip():
            column = rng.randrange(len(lines[at]))
            lines[at] = lines[at][:column] + rng.choice("xq:{[&*!") + lines[at][column + 1 :]
        elif kind == "swap":
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "indent":
            lines[at] = "   " + lines[at]
        elif kind == "value" and ":" in lines[at]:
            key = lines[at].split(":")[0]
            lines[at] = f"{key}: {rng.choice(['-5', '1e999', 'null', '[]', '{}', 'yes', '~'])}"
        elif kind == "unit":
            lines[at] = lines[at].replace("GiB", "").replace("GB/s", " GB").replace("$", "€")
    return "\n".join(lines)


def damage_json(document: Any, rng: random.Random) -> Any:
    """Removes, renames, retypes or moves something somewhere in a JSON document."""
    damaged = copy.deepcopy(document)
    for _ in range(rng.randint(1, 3)):
        holders = [node for node in _nodes(damaged) if node]
        holder = rng.choice(holders)
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        kind = rng.choice(["remove", "odd", "rename", "borrow"])
        if kind == "remove":
            del holder[key]
        elif kind == "odd":
            holder[key] = rng.choice(ODD_VALUES)
        elif kind == "rename" and isinstance(holder, dict):
            holder[str(key) + rng.choice("sx_")] = holder.pop(key)
        else:
            other = rng.choice(holders)
            holder[key] = copy.deepcopy(rng.choice(list(_values(other))))
    return damaged


def _values(node: Any) -> Any:
    return node.values() if isinstance(node, dict) else node


def _nodes(node: Any) -> list[Any]:
    """Returns every object and array in a document, outermost first."""
    if not isinstance(node, (dict, list)):
        return []
    found = [node]
    for value in _values(node):
        found += _nodes(value)
    return found


def dumped(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)
