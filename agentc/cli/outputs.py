"""Graph outputs on the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agentc.plan import Port


def print_outputs(outputs: Mapping[str, Any], ports: Sequence[Port], said: str) -> None:
    """Prints the outputs after the streamed text `said`, which is not printed a second time.

    Documents print as their sources; a single text prints bare; everything else as JSON.
    """
    if said:
        print()
    for port in ports:
        value = outputs[port.name]
        if port.type == "docs":
            for number, doc in enumerate(value, 1):
                print(f"[{number}] {doc['source']} ({doc['score']:.2f})")
        elif port.type == "text" and said and value in said:
            continue
        elif port.type == "text":
            print(value if len(ports) == 1 else f"{port.name}: {value}")
        else:
            print(f"{port.name}: {json.dumps(printable(value), ensure_ascii=False)}")


def printable(value: Any) -> Any:
    """Returns an output as something that JSON can hold: arrays become lists."""
    if isinstance(value, (list, tuple)):
        return [printable(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value
