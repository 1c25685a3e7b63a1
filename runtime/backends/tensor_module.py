"""Arbitrary compiled modules: arrays in, arrays out (`stage.module`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentc.runtime.backends.iree import IreeModule


class TensorModule:
    """One entry function of a compiled module. Owns no device."""

    def __init__(self, module: IreeModule, entry: str, results: int) -> None:
        self._module = module
        self._entry = entry
        self._results = results

    def __call__(self, *arrays: NDArray[np.generic]) -> Sequence[NDArray[np.generic]]:
        """Runs the entry on copies of `arrays` and returns copies of its results. Blocks; safe
        from any thread. Raises RuntimeFault (kind "device")."""
        arguments = [self._module.upload(np.asarray(array)) for array in arrays]
        handles = self._module.invoke(self._entry, arguments, results=self._results)
        return [self._module.read(handle) for handle in handles]
