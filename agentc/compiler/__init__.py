"""From a graph and a fleet to a plan and its binaries. Start at `pipeline.py`."""

from agentc.compiler.pipeline import Compiled, compile_graph

__all__ = ["Compiled", "compile_graph"]
