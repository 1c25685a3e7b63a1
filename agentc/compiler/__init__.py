"""From a graph and a fleet to a plan and its binaries. Start at `pipeline.py`."""

from agentc.compiler.pipeline import Compiled, Placed, compile_graph, place_graph

__all__ = ["Compiled", "Placed", "compile_graph", "place_graph"]
