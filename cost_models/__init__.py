"""Cost models and the planner: see README.md for the path from stages to a placement."""

from __future__ import annotations

import importlib
from typing import Any

if __name__ != "agentc.cost_models":
    raise ImportError(
        "import 'agentc.cost_models'; 'cost_models' is only the folder's name in the source tree"
    )

_EXPORTS = {
    "Cluster": "cluster",
    "cluster_schema": "cluster",
    "load_cluster": "cluster",
    "EdgeSpec": "specs",
    "StageSpec": "specs",
    "WorkBand": "work",
    "work_band": "work",
    "Band": "distributions",
    "constant_band": "distributions",
    "count_band": "distributions",
    "loop_band": "distributions",
    "Branch": "tree",
    "Dag": "tree",
    "Leaf": "tree",
    "Loop": "tree",
    "Map": "tree",
    "Node": "tree",
    "Par": "tree",
    "Race": "tree",
    "Seq": "tree",
    "ORCHESTRATOR": "problem",
    "Problem": "problem",
    "build_problem": "builder",
    "solve": "planner",
    "Solution": "solution",
    "verify": "verification",
    "placements": "promise",
    "plan_devices": "promise",
    "stage_estimates": "promise",
    "to_promise": "promise",
    "explain": "explanation",
    "with_measurements": "explanation",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    """Loads a public name on first use, so that importing the package stays light."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'agentc.cost_models' has no attribute '{name}'")
    module = importlib.import_module(f"agentc.cost_models.{_EXPORTS[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value
