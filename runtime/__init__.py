"""See README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if __name__ != "agentc.runtime":
    raise ImportError(
        "import 'agentc.runtime'; 'runtime' is only the folder's name in the source tree"
    )

if TYPE_CHECKING:
    from agentc.runtime.app import App
    from agentc.runtime.loading import load
    from agentc.runtime.result import RunResult, Trace

__all__ = ["App", "RunResult", "Trace", "load"]

_HOME = {"App": "app", "load": "loading", "RunResult": "result", "Trace": "result"}


def __getattr__(name: str) -> Any:
    """Imports on first use: `import agentc.runtime` alone is light."""
    if name not in _HOME:
        raise AttributeError(f"module 'agentc.runtime' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"agentc.runtime.{_HOME[name]}"), name)
