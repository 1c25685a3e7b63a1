"""Plans by hand: a small builder that numbers values and operations, and ways to run the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agentc.plan import Op, Plan, Port, Region, Tool
from agentc.runtime.app import App
from agentc.runtime.clock import VirtualClock
from agentc.runtime.result import RunResult
from agentc.runtime.services import Services

Body = Callable[..., Sequence[int]]


class NoDevices:
    """For plans without models."""

    def close(self) -> None:
        pass


class Builder:
    """Builds the operations of one plan; `op` and its relatives return value numbers."""

    def __init__(self) -> None:
        self.values = 0
        self.ids = 0
        self.blocks: list[list[Op]] = [[]]
        self.inputs: list[tuple[int, Port]] = []
        self.tools: list[Tool] = []

    def value(self) -> int:
        self.values += 1
        return self.values - 1

    def input(self, name: str, type_: str) -> int:
        value = self.value()
        self.inputs.append((value, Port(name, type_, {})))
        return value

    def ops(
        self,
        name: str,
        /,
        *operands: int,
        results: int = 1,
        regions: Sequence[Region] = (),
        **attrs: Any,
    ) -> tuple[int, ...]:
        """Adds an operation and returns its results."""
        device = attrs.pop("device", None)
        source = attrs.pop("source", "")
        made = tuple(self.value() for _ in range(results))
        self.ids += 1
        self.blocks[-1].append(
            Op(self.ids, name, tuple(operands), made, attrs, tuple(regions), source, "", device)
        )
        return made

    def op(self, name: str, /, *operands: int, **attrs: Any) -> int:
        """Adds an operation with one result."""
        return self.ops(name, *operands, **attrs)[0]

    def const(self, value: Any) -> int:
        return self.op("agent.constant", value=value)

    def region(self, body: Body, args: int = 0, end: str = "yield", kind: str = "") -> Region:
        """Builds a region from a function of its arguments that returns what it ends with."""
        arguments = tuple(self.value() for _ in range(args))
        self.blocks.append([])
        yields = tuple(body(*arguments))
        ops = tuple(self.blocks.pop())
        return Region(arguments, ops, yields, end, {"kind": kind} if end == "throw" else {})

    def throwing(self, message: str, kind: str = "throw") -> Region:
        return self.region(lambda: [self.const(message)], end="throw", kind=kind)

    def tool(
        self, name: str, params: Sequence[str], result: str, tool_class: str = "pure", **rest: Any
    ) -> None:
        ports = tuple(Port(f"a{i}", type_, {}) for i, type_ in enumerate(params))
        self.tools.append(Tool(name, ports, Port("result", result, {}), tool_class, **rest))

    def call(self, name: str, *operands: int, **attrs: Any) -> int:
        """A tool call and the wait for it."""
        return self.op("stage.await", self.op("stage.call", *operands, tool=name, **attrs))

    def plan(self, *outputs: int, types: Sequence[str] = (), **rest: Any) -> Plan:
        """Ends the plan; the outputs are called out0, out1, ..."""
        types = types or ["text"] * len(outputs)
        ports = tuple(Port(f"out{i}", type_, {}) for i, type_ in enumerate(types))
        body = Region(
            tuple(v for v, _ in self.inputs), tuple(self.blocks[0]), tuple(outputs), "return"
        )
        return Plan(
            name="by-hand",
            graph_sha256="",
            inputs=tuple(port for _, port in self.inputs),
            outputs=ports,
            body=body,
            tools=tuple(self.tools),
            **rest,
        )


def make_app(plan: Plan, clock: Any, tools: dict[str, Any] | None = None, **rest: Any) -> App:
    modules = rest.pop("modules", {})
    devices = rest.pop("devices", NoDevices())
    services = Services(
        plan, clock, tools or {}, modules, devices, journal=rest.pop("journal", None)
    )
    return App(plan, services, **rest)


def run_plan(
    plan: Plan,
    inputs: dict[str, Any] | None = None,
    tools: dict[str, Any] | None = None,
    **rest: Any,
) -> RunResult:
    """Runs `plan` once in virtual time."""
    clock = rest.pop("clock", None) or VirtualClock()

    async def main() -> RunResult:
        async with make_app(plan, clock, tools) as app:
            return await app.run(inputs or {}, **rest)

    return clock.run(main())


def outputs(result: RunResult) -> list[Any]:
    return list(result.outputs.values())
