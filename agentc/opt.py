"""`agentc-opt`: the C++ optimizer driver, for work on dialects and passes."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from agentc.errors import CompileError


def find_opt() -> Path:
    """The driver that belongs to this installation.

    It stands beside the compiled bindings, which in an editable install are not in the
    folder of this file.

    Raises:
      CompileError: the compiled part of agentc is not installed.
    """
    spec = importlib.util.find_spec("agentc._mlir._mlir_libs")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        # Installed agentc/_mlir/_mlir_libs; in a build tree bin is beside python_packages.
        package = Path(folder).resolve().parent.parent
        for path in (package / "bin" / "agentc-opt", package.parent.parent / "bin" / "agentc-opt"):
            if path.exists():
                return path
    raise CompileError(
        "agentc-opt is not installed: no compiled bindings beside agentc; "
        "install the wheel, or build with cmake and put build/python_packages on PYTHONPATH"
    )


def main() -> None:
    """Runs the driver with the arguments of this process, in its place."""
    try:
        path = find_opt()
    except CompileError as error:
        sys.exit(f"agentc-opt: {error}")
    os.execv(path, [str(path), *sys.argv[1:]])
