"""See README.md."""

if __name__ != "agentc.runtime":
    raise ImportError(
        "import 'agentc.runtime'; 'runtime' is only the folder's name in the source tree"
    )
