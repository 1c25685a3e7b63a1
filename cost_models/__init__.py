"""See README.md."""

if __name__ != "agentc.cost_models":
    raise ImportError(
        "import 'agentc.cost_models'; 'cost_models' is only the folder's name in the source tree"
    )
