"""Runs a plan of three tool calls in a process of its own; the test kills it in the middle.

Usage: python crashing_agent.py FOLDER SECOND_TOOL_CLASS. Each call adds a line to FOLDER/log.
"""

import asyncio
import sys
from pathlib import Path

from runtime_plans import Builder, make_app

from agentc.plan import Plan
from agentc.runtime.clock import WallClock
from agentc.runtime.journal import Journal

FOLDER, TOOL_CLASS = Path(sys.argv[1]), sys.argv[2]


def plan() -> Plan:
    b = Builder()
    x = b.input("x", "text")
    b.tool("first", ["text"], "text", "irreversible")
    b.tool("second", ["text"], "text", TOOL_CLASS)
    b.tool("third", ["text"], "text", "irreversible")
    return b.plan(b.call("third", b.call("second", b.call("first", x))))


def tool(name: str, hang: bool = False):  # type: ignore[no-untyped-def]
    async def run(x: str) -> str:
        with (FOLDER / "log").open("a") as log:
            log.write(name + "\n")
        if hang:
            await asyncio.sleep(60)
        return x + name[0]

    return run


def app(hang: bool):  # type: ignore[no-untyped-def]
    tools = {name: tool(name, hang and name == "second") for name in ("first", "second", "third")}
    return make_app(plan(), WallClock(), tools, journal=Journal(FOLDER / "journal.db"))


if __name__ == "__main__":
    asyncio.run(app(hang=True).run(x="x", run_id="r", seed=4, tenant="t"))
