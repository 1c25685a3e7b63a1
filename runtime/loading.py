"""`load`: from a package on disk to an `App`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentc.errors import PackageError
from agentc.package import ParameterStore, open_package
from agentc.plan import Plan
from agentc.runtime.app import App
from agentc.runtime.clock import Clock, WallClock
from agentc.runtime.devices import EngineSettings, LocalDevices
from agentc.runtime.journal import Journal
from agentc.runtime.scheduler import Policies
from agentc.runtime.services import Devices, Services

Functions = Mapping[str, Callable[..., Any]]


def load(
    path: str | Path,
    tools: Functions | None = None,
    modules: Functions | None = None,
    devices: Devices | None = None,
    *,
    policies: Policies | None = None,
    store: ParameterStore | None = None,
    clock: Clock | None = None,
    limits: Mapping[str, int] | None = None,
    journal: str | Path | None = None,
    engines: EngineSettings | None = None,
) -> App:
    """Opens and verifies a package and binds its tools. Executes no code of the package.

    Args:
      tools: the function of each tool by name; sync ones run in threads, async ones in the loop.
      modules: Python functions that take the place of compiled torch modules, by name.
      devices: what opens engines and encoders; by default the devices of this process.
      journal: a file in which runs are written down, so that another process can resume them.
      engines: gives the `EngineOptions` of a model on a device class, both by name; for instance a
        tier of host memory and files for pages that leave the device.
      limits: calls at once by resource: "tools", or a device class.
    Raises PackageError if the package is damaged or a tool is missing.
    """
    package = open_package(Path(path), store=store)
    try:
        bound = bind_tools(package.plan, tools or {})
        clock = clock or WallClock()
        opened = devices or LocalDevices(package, clock, engines)
        policies = policies or Policies()
        services = Services(
            package.plan,
            clock,
            bound,
            modules or {},
            opened,
            policies.kv_while_waiting,
            None if journal is None else Journal(journal),
        )
        return App(package.plan, services, policies=policies, limits=limits)
    except BaseException:
        package.close()
        raise


def bind_tools(plan: Plan, tools: Functions) -> Functions:
    """Returns the functions of the plan's tools. Raises PackageError naming each that is missing,
    with the nearest given name."""
    missing = [tool.name for tool in plan.tools if not callable(tools.get(tool.name))]
    if missing:
        near = difflib.get_close_matches(missing[0], list(tools), n=1)
        raise PackageError(
            f"tools {', '.join(missing)} have no function, found {sorted(tools) or 'none'}; "
            + (f"did you mean '{near[0]}'" if near else "pass tools={name: function}, or --tools")
        )
    return {tool.name: tools[tool.name] for tool in plan.tools}
