"""Whether this machine's processor runs a binary: asked before it is loaded, for the answer of a
processor that does not know an instruction is the end of the process."""

from __future__ import annotations

from agentc import processor
from agentc.errors import PackageError
from agentc.plan import Binary


def check_processor(binary: Binary) -> None:
    """Raises PackageError, naming what is missing, unless this processor runs `binary`."""
    missing = processor.missing(binary.requires)
    if missing:
        raise PackageError(
            f"{binary.path} cannot run on this processor: it lacks {', '.join(missing)}; compile "
            "the package on this machine, or for an 'arch' that both have, such as x86-64-v3"
        )
