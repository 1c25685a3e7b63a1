"""Quantities on the command line: the same words as in cluster.yaml."""

from __future__ import annotations

import re

from agentc.errors import RuntimeFault

_UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def seconds(text: str, option: str) -> float:
    """Reads "60s", "400ms", "5min" or "1h". Raises RuntimeFault (kind "input") otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h)", text.strip())
    if match is None:
        raise RuntimeFault(
            f"{option} is not a time: found '{text}', expected a number with a unit; write 60s",
            kind="input",
        )
    return float(match[1]) * _UNITS[match[2]]
